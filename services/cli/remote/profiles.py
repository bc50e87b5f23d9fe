"""Whose systems are spoken to, and with which token: from the environment, or from a profile in a file.

A token is never an argument, which every user of a machine can see, and never in the file itself: that names another
file, which only its owner can read.
"""

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import click

from doorstroom_client import CalledToken, Endpoints, StaticToken, TokenSource, TokenUnavailable
from services.cli.errors import CannotRun

CONFIG, PROFILE, URL = "DOORSTROOM_CONFIG", "DOORSTROOM_PROFILE", "DOORSTROOM_URL"
TOKEN, TOKEN_FILE = "DOORSTROOM_TOKEN", "DOORSTROOM_TOKEN_FILE"
DEFAULT = "default"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
SERVICES = tuple(field.name for field in fields(Endpoints))
SERVICE_KEYS = {f"{service}_url": service for service in SERVICES}
KEYS = frozenset({"url", "token_file", *SERVICE_KEYS})
LARGEST_BYTES = 64 * 1024
OTHERS_MAY_READ = 0o077


@dataclass(frozen=True, slots=True)
class Profile:
    """An installation, and the file with the token for it.

    `urls` is where single services are; the others are at `url`, which is None when each has its own.
    """

    url: str | None
    token_file: Path
    urls: Mapping[str, str] = field(default_factory=dict)

    def endpoints(self) -> Endpoints:
        """Where each service is. Raises CannotRun."""
        return Endpoints(**{service: checked_url(self.urls.get(service) or self.url or "") for service in SERVICES})


@dataclass(frozen=True, slots=True)
class Access:
    """What a client is made from."""

    endpoints: Endpoints
    tokens: TokenSource


def config_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the profiles are, in the folder that the system has for this."""
    return Path(environment.get(CONFIG) or Path(click.get_app_dir("doorstroom")) / "config.toml")


def find_access(name: str | None, environment: Mapping[str, str] = os.environ) -> Access:
    """By a profile that is named; else by the environment; else by the default, or only, profile. Raises CannotRun."""
    url, token = environment.get(URL), environment.get(TOKEN)
    token_file = environment.get(TOKEN_FILE)
    name = name or environment.get(PROFILE)
    if name is not None or not (url and (token or token_file)):
        profile = _chosen(read_profiles(config_path(environment)), name)
        return Access(profile.endpoints(), _from_file(profile.token_file))
    return Access(Endpoints.at(checked_url(url)), StaticToken(token) if token else _from_file(Path(str(token_file))))


def _from_file(token_file: Path) -> TokenSource:
    return CalledToken(_reader(token_file.expanduser()))


def _chosen(profiles: Mapping[str, Profile], name: str | None) -> Profile:
    if name is None and len(profiles) == 1:
        return next(iter(profiles.values()))
    found = profiles.get(name or DEFAULT)
    if found is not None:
        return found
    if name is not None:
        raise CannotRun("there is no profile of this name; `doorstroom profiles list` shows those that there are")
    if profiles:
        raise CannotRun(f"choose a profile with --profile or {PROFILE}; `doorstroom profiles list` shows them")
    message = f"there is no profile yet: `doorstroom profiles add NAME --url URL --token-file FILE`, or set {URL}"
    raise CannotRun(f"{message} and {TOKEN_FILE}")


def read_profiles(path: Path) -> dict[str, Profile]:
    """The profiles of the file, in its order; none when there is no file. Raises CannotRun."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CannotRun(f"the file of profiles cannot be read ({error.strerror})") from None
    try:
        document = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        where = f" ({error})" if isinstance(error, tomllib.TOMLDecodeError) else ""
        raise CannotRun(f"the file of profiles is not TOML in UTF-8{where}; put it right, or remove it") from None
    return {name: _profile(name, table) for name, table in document.items()}


def _profile(name: str, table: object) -> Profile:
    if isinstance(table, dict) and "token" in table:
        message = (
            "a token does not belong in the file of profiles: put it into a file of its own, which only you can read"
        )
        raise CannotRun(f"{message}, and name that with token_file")
    if not NAME.fullmatch(name) or not isinstance(table, dict) or "token_file" not in table or set(table) - KEYS:
        raise CannotRun(f"each profile in the file of profiles is a [name] with some of {', '.join(sorted(KEYS))}")
    if not all(isinstance(value, str) for value in table.values()):
        raise CannotRun("every url and the token_file of a profile are texts in quotation marks")
    urls = {service: table[key] for key, service in SERVICE_KEYS.items() if key in table}
    return complete(Profile(table.get("url"), Path(table["token_file"]).expanduser(), urls))


def complete(profile: Profile) -> Profile:
    """The profile. Raises CannotRun when it does not say where a service is."""
    if profile.url is None and (missing := sorted(set(SERVICES) - set(profile.urls))):
        raise CannotRun(f"a profile has one url, or one for each service; none says where {', '.join(missing)} is")
    return profile


def checked_url(url: str) -> str:
    """The root of an installation. Raises CannotRun when it is none, or would send the token for anyone to read."""
    try:
        parts = urlsplit(url)
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:
        raise CannotRun("the url is not an address such as https://doorstroom.example") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise CannotRun("the url is an address such as https://doorstroom.example, and nothing after it")
    if parts.scheme == "http" and not _is_this_machine(parts.hostname):
        raise CannotRun("over http a token can be read on the way; give an https url")
    if not port_is_right:
        raise CannotRun("the port of the url is not one")
    return url.rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _reader:  # noqa: N801 - used like a function
    """Reads the token anew for each request, so that another program can renew it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def __call__(self) -> str:
        """The token. Raises TokenUnavailable."""
        return read_token(self._path)


def read_token(path: Path) -> str:
    """The token in a file that only its owner can read. Raises TokenUnavailable."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(LARGEST_BYTES)
    except OSError as error:
        raise TokenUnavailable(f"the file with the token cannot be read ({error.strerror})") from None
    if stat.S_IMODE(mode) & OTHERS_MAY_READ:
        raise TokenUnavailable("others may read the file with the token; `chmod 600` it, and ask for a new token")
    token = content.decode("ascii", errors="replace").strip()
    if not token or not token.isprintable() or " " in token or "\ufffd" in token:
        raise TokenUnavailable("the file with the token has to hold the token, and nothing else")
    return token
