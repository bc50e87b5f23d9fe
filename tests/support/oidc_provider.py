"""An OpenID provider (npm's oidc-provider) in a process of its own, and a browser that signs in with it."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp
import pytest
from yarl import URL

FOLDER = Path(__file__).parent / "oidc"
CLIENT_ID = "console"
SCOPES = ("registry:read", "registry:write", "notifications:read")


@dataclass
class OidcProvider:
    """The provider at a port. `client` is what it knows of the console, beside its name and addresses."""

    port: int
    console: str
    client: Mapping[str, Any]
    token_seconds: int = 300
    format: str = "jwt"
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        node = shutil.which("node")
        if node is None or not (FOLDER / "node_modules").exists():
            pytest.fail("these tests need node and an OpenID provider: run deploy/install-test-tools", pytrace=False)
        self.process = subprocess.Popen(
            [node, str(FOLDER / "provider.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(self._settings()).encode() + b"\n")
        self.process.stdin.flush()
        assert json.loads(self.process.stdout.readline()) == {"listening": True}

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def _settings(self) -> dict[str, Any]:
        client = {
            "client_id": CLIENT_ID,
            "redirect_uris": [f"{self.console}/sign-in/return"],
            "post_logout_redirect_uris": [f"{self.console}/signed-out"],
            "grant_types": ["authorization_code", "refresh_token"],
            **self.client,
        }
        return {
            "port": self.port,
            "clients": [client],
            "scopes": SCOPES,
            "tokenSeconds": self.token_seconds,
            "format": self.format,
        }


@dataclass(frozen=True, slots=True)
class Page:
    """What a browser got."""

    status: int
    text: str
    url: URL
    headers: Mapping[str, str]

    @property
    def location(self) -> str:
        return self.headers["Location"]

    def field(self, name: str) -> str:
        """The value of a hidden field of a form."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        assert found is not None, name
        return found.group(1)


class Browser:
    """Keeps cookies, and follows redirects one by one."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.session.close()

    async def get(self, path: str, **headers: str) -> Page:
        return await self._ask("GET", path, headers=headers)

    async def post(self, path: str, form: Mapping[str, str], **headers: str) -> Page:
        return await self._ask("POST", path, data=form, headers=headers)

    async def send(self, page: Page, path: str, **form: str) -> Page:
        """Send a form of this page."""
        return await self.post(path, {"mark": page.field("mark"), **form})

    async def follow(self, page: Page) -> Page:
        """Follow redirects to their end, like a browser."""
        for _ in range(12):
            if page.status not in (302, 303, 307):
                return page
            page = await self.get(str(page.url.join(URL(page.location, encoded=True))))
        raise AssertionError("redirects without an end")

    async def to_return(self, account: str, path: str = "/sign-in/start", **changes: str) -> str:
        """Sign in at the provider; the address that it sends the browser back to. `changes`: of the request there."""
        start = await self.get(path)
        assert start.status == 303, start.text
        page = await self.follow(await self.get(str(URL(start.location).update_query(changes))))
        action = re.search(r'action="([^"]+)"', page.text)
        assert action is not None, page.text
        form = {"prompt": "login", "login": account, "password": "none"}
        page = await self.post(str(page.url.join(URL(action.group(1)))), form)
        while not page.location.startswith(self.root):
            page = await self.get(str(page.url.join(URL(page.location, encoded=True))))
        return page.location

    async def sign_in(self, account: str, path: str = "/sign-in/start", **changes: str) -> Page:
        """The whole way, until the console answers what comes back."""
        return await self.get(await self.to_return(account, path, **changes))

    def cookie(self, name: str) -> str | None:
        """One of the console's cookies."""
        found = self.session.cookie_jar.filter_cookies(URL(self.root)).get(f"doorstroom-{name}")
        return None if found is None else found.value

    def keep(self, name: str, value: str) -> None:
        """Have this cookie of the console."""
        self.session.cookie_jar.update_cookies({f"doorstroom-{name}": value}, URL(self.root))

    async def _ask(self, method: str, path: str, **what: Any) -> Page:  # noqa: ANN401 - as aiohttp takes it
        url = URL(path if "://" in path else f"{self.root}{path}", encoded=True)
        async with self.session.request(method, url, allow_redirects=False, **what) as response:
            return Page(response.status, await response.text(), response.url, response.headers.copy())
