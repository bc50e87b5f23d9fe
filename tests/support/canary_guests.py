"""Further flights: to subscriptions, to the token endpoint, into the console, and while something breaks."""

import asyncio
import base64
import itertools
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from schemas.api.cases import PersonalData
from services.chassis.clock import system_clock
from services.chassis.identity import Role
from services.cli.servers.support import free_port
from services.console.pages import ROUTES
from tests.support.canary import written
from tests.support.canary_flights import HOUSEHOLD, Flights
from tests.support.clients import ED25519, RSA, assertion, form, public_jwk
from tests.support.oidc_provider import Browser
from tests.support.receiver import Receiver, answers
from tests.support.waiting import eventually, until

OWNER = "coordination-7"
"""Who subscribes: nobody else may see where to."""
CLIENT, ISSUER = "canary-client", "urn:doorstroom:identity"
DEMO_USER = "coordinator-coordination-midden"
Command = Callable[[str], Awaitable[dict[str, bytes]]]


async def to_subscriptions(flights: Flights, receiver: Receiver, *, with_mail: bool) -> None:
    """Where deliveries go: to who takes them, refuses them, or is not there; and addresses that are none."""
    mark = flights.marks.new
    took, refused, changed = mark(), mark(), mark()
    receiver.behaviours[refused] = answers(500, f"X-{mark()}: {mark()}", body=mark().encode())
    nowhere = f"http://127.0.0.1:{free_port()}/{mark()}"
    made = [await _subscribed(flights, address) for address in (receiver.url(took), receiver.url(refused), nowhere)]
    for id_ in made[:2]:
        await eventually(lambda id_=id_: _is_enabled(flights, id_))  # type: ignore[misc] # mypy cannot infer a lambda with a default
        tried = await _ask(flights, "POST", f"/subscriptions/{id_}/_test")
        assert tried[0] == 200, tried
    await until(lambda: receiver.posts(took) and receiver.posts(refused))
    _, new = await _ask(flights, "POST", f"/subscriptions/{made[0]}/_rotate", {})
    _keep_secret(flights, new["secret"])
    put = f"/subscriptions/{made[0]}"
    tag = {"If-Match": await _tag(flights, put)}
    assert (await _ask(flights, "PUT", put, {"address": receiver.url(changed)}, tag))[0] == 200
    if with_mail:
        await _subscribed(flights, f"{mark()}@example.nl", "email")
    await _wrong_addresses(flights, [f"/subscriptions/{id_}" for id_ in made])
    told = [f"{one.headers}".encode() + one.body for one in receiver.posts()]
    flights.answers["what was delivered"] = b"\n".join(told)


async def _wrong_addresses(flights: Flights, paths: Sequence[str]) -> None:
    mark = flights.marks.new
    wrong = (
        mark(),
        f"https://{mark()}:{mark()}@example.nl/",
        f"http://10.0.0.1/{mark()}",
        f"ftp://{mark()}/",
        f"https://example.nl/{mark() * 200}",
    )
    for address in wrong:
        for channel in ("webhook", "email"):
            body = {"address": address, "channel": channel}
            assert (await _ask(flights, "POST", "/subscriptions", body, seen=True))[0] == 400, channel
    for path in paths:
        await flights.send("notifications", "GET", f"/notifications/v1{path}")
    _, listed = await _ask(flights, "GET", "/deliveries", seen=True)
    for delivery in listed["deliveries"]:
        await _ask(flights, "GET", f"/deliveries/{delivery['deliveryId']}", seen=True)


async def _subscribed(flights: Flights, address: str, channel: str = "webhook") -> str:
    body, key = {"address": address, "channel": channel}, {"Idempotency-Key": str(uuid4())}
    status, made = await _ask(flights, "POST", "/subscriptions", body, key)
    assert status == 201, made
    if made.get("secret"):
        _keep_secret(flights, made["secret"])
    _, again = await _ask(flights, "POST", "/subscriptions", body, key)
    assert not again.get("secret"), "it is shown once"
    return str(made["subscriptionId"])


def _keep_secret(flights: Flights, secret: str) -> None:
    encoded = secret.removeprefix("whsec_")
    flights.secrets += [*written(encoded), base64.b64decode(encoded)]


async def _is_enabled(flights: Flights, id_: str) -> bool:
    return (await _ask(flights, "GET", f"/subscriptions/{id_}"))[1]["state"] == "enabled"


async def _tag(flights: Flights, path: str) -> str:
    url = f"{flights.roots['notifications']}/notifications/v1{path}"
    async with flights.session.get(url, headers=_owners(flights)) as answer:
        return answer.headers["ETag"]


def _owners(flights: Flights) -> dict[str, str]:
    return {"Authorization": f"Bearer {flights.token(Role.COORDINATOR, OWNER)}"}


async def _ask(
    flights: Flights,
    method: str,
    path: str,
    body: object = None,
    headers: dict[str, str] | None = None,
    *,
    seen: bool = False,
) -> tuple[int, dict[str, Any]]:
    """Its owner sees the address; `seen`: in this answer it may not be."""
    given = {**_owners(flights), **(headers or {})}
    options: dict[str, Any] = {"headers": given} if body is None else {"headers": given, "json": body}
    status, answer = await flights.send("notifications", method, f"/notifications/v1{path}", expected=seen, **options)
    return status, json.loads(answer or b"{}")


async def to_the_token_endpoint(flights: Flights, root: str, folder: Path, command: Command) -> None:
    """A client that there is: with what is right, with the same again, with another's key, and for too much."""
    key = folder / "client.json"
    key.write_text(json.dumps(public_jwk(RSA)))
    words = f"clients add {CLIENT} --key {key} --organisation shelter --role provider --scope shelters:read"
    flights.answers |= await command(words)
    now, mark = system_clock(), flights.marks.new
    right = assertion(CLIENT, ISSUER, now)
    asked = (
        (form(right), 200),
        (form(right), 401),
        (form(assertion(CLIENT, ISSUER, now, key=ED25519, algorithm="EdDSA")), 401),
        (form(assertion(CLIENT, ISSUER, now), scope=mark()), 400),
        (form(assertion(mark(), ISSUER, now)), 401),
        (form(assertion(CLIENT, mark(), now, jti=mark(), extra=mark())), 401),
    )
    for number, (body, expected) in enumerate(asked):
        async with flights.session.post(f"{root}/identity/v1/token", data=body) as answer:
            assert answer.status == expected, (number, await answer.text())
            if expected == 200:
                flights.secrets += written((await answer.json())["access_token"].rpartition(".")[2])
            else:
                flights.answers[f"answer {number} to a client"] = await answer.read()
    flights.secrets += written(right.rpartition(".")[2])
    flights.answers |= await command("clients list --all --json")


async def to_the_console(flights: Flights, root: str) -> None:
    """Somebody who signs in, and everything that a browser may send, at every address that there is."""
    mark = flights.marks.new
    async with Browser(root) as stranger, Browser(root) as browser:
        page = await stranger.get("/sign-in", **{"User-Agent": mark(), "Referer": f"{root}/{mark()}"})
        flights.answers["who is nobody"] = (await stranger.send(page, "/sign-in", user=mark(), to="/")).text.encode()
        stranger.keep("session", f"{mark():=<43}")
        await stranger.get("/inbox", **{"Accept-Language": mark()})
        await stranger.get(f"/sign-in/return?code={mark()}&state={mark()}&error={mark()}&iss={mark()}")
        await browser.send(await browser.get("/sign-in"), "/sign-in", user=DEMO_USER, to="/")
        cookie = browser.cookie("session")
        assert cookie is not None
        flights.secrets += written(cookie)
        await _every_page(flights, browser)
        await browser.send(await browser.get("/nowhere"), "/sign-out")


async def _every_page(flights: Flights, browser: Browser) -> None:
    mark = flights.marks.new
    form_mark = (await browser.get("/nowhere")).field("mark")
    fields = ("reason", "note", "name", "user", "language", "unit", "deadline", "email", "address", mark())
    for number, route in enumerate(ROUTES):
        if route.path in ("/sign-out", "/lock", "/live"):
            continue
        for value in (mark(), str(uuid4())):
            path = "/".join(value if part.startswith("{") else part for part in route.path.split("/"))
            if route.method == "GET":
                await browser.get(f"{path}?{mark()}={mark()}&to={mark()}&cursor={mark()}")
            else:
                body = {"mark": form_mark, **{name: mark() for name in fields}}
                answer = await browser.post(path, body)
                if value not in path:
                    flights.answers[f"page {number}"] = answer.text.encode()
                await browser.post(path, body | {"mark": mark()}, Origin=f"https://{mark()}")


class Broken:
    """Requests with marks in them while something that they need is broken."""

    def __init__(self, flights: Flights, identity: str, console: str) -> None:
        self._flights = flights
        self._identity = identity
        self._console = console
        self._numbers = itertools.count()

    async def begin(self) -> None:
        """What is needed before anything breaks."""
        case = (await self._flights.made("/cases", HOUSEHOLD))["caseId"]
        self._path = f"/registry/v1/cases/{case}/personal-data"

    async def ask(self) -> set[int]:
        """One of each kind, at once; the statuses of what was answered at all."""
        flights, mark = self._flights, self._flights.marks.new
        told = flights.marks.filled(PersonalData)
        hook = {"address": f"https://example.nl/{mark()}", "channel": "webhook"}
        own = {"headers": _owners(flights)}
        asked = [
            flights.send("registry", "PUT", self._path, json=told),
            flights.send("registry", "PUT", self._path, json=[mark()]),
            flights.send("notifications", "POST", "/notifications/v1/subscriptions", json=hook, **own),
            self._token(form(assertion(CLIENT, ISSUER, system_clock(), extra=mark()))),
            self._visit(mark()),
        ]
        answered = await asyncio.gather(*asked, return_exceptions=True)
        return {one[0] for one in answered if not isinstance(one, BaseException)}

    async def _token(self, body: dict[str, str]) -> tuple[int, bytes]:
        async with self._flights.session.post(f"{self._identity}/identity/v1/token", data=body) as answer:
            content = await answer.read()
            if answer.status != 200:
                self._flights.answers[f"answer {next(self._numbers)} to a client while it breaks"] = content
            return answer.status, content

    async def _visit(self, cookie: str) -> tuple[int, bytes]:
        async with Browser(self._console) as browser:
            browser.keep("session", f"{cookie:=<43}")
            page = await browser.get("/inbox")
            self._flights.answers[f"page {next(self._numbers)} while it breaks"] = page.text.encode()
            return page.status, b""
