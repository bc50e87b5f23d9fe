"""`doorstroom profiles`: add and list the installations that you speak to."""

import os
from collections.abc import Sequence
from pathlib import Path

import click

from services.cli.errors import CannotRun, Failed
from services.cli.remote.output import show_table
from services.cli.remote.profiles import (
    NAME,
    SERVICE_KEYS,
    SERVICES,
    Profile,
    checked_url,
    complete,
    config_path,
    read_profiles,
)


@click.group()
def profiles() -> None:
    """Profiles: the installations that you speak to, and where the token for each is.

    The profile named `default`, or the only one, is used when --profile and DOORSTROOM_PROFILE say nothing.
    DOORSTROOM_URL with DOORSTROOM_TOKEN_FILE or DOORSTROOM_TOKEN are used without a profile.
    """


@profiles.command("add")
@click.argument("name")
@click.option("--url", help="The root of the installation, such as https://doorstroom.example.")
@click.option(
    "--service-url",
    "service_urls",
    type=(click.Choice(SERVICES), str),
    metavar="SERVICE URL",
    multiple=True,
    help=f"The root of one service ({', '.join(SERVICES)}) that is elsewhere; give one for each.",
)
@click.option(
    "--token-file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file with your access token; only you may be able to read it.",
)
def add_command(name: str, url: str | None, service_urls: Sequence[tuple[str, str]], token_file: Path) -> None:
    """Add a profile. The token stays in its own file.

    Give --url, or --service-url for each service.
    """
    if not NAME.fullmatch(name):
        raise click.UsageError("a name is letters, digits, - and _")
    path = config_path()
    if name in read_profiles(path):
        raise CannotRun("there is a profile of this name already; change it in the file that `profiles list` names")
    profile = complete(Profile(url, token_file.absolute(), dict(service_urls)))
    profile.endpoints()
    added = f"[{name}]\n" + "".join(f"{key} = {_quoted(value)}\n" for key, value in _table(profile).items()) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Only what is added is written: remarks of the owner's stay.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
            file.write(added)
    except OSError as error:
        raise Failed(f"the file of profiles cannot be written ({error.strerror})") from None
    click.echo(f"added to {path}")
    if not token_file.exists():
        click.echo("the token's file is not there yet: put the token into it, for your eyes only (chmod 600)", err=True)


@profiles.command("list")
def list_command() -> None:
    """List the profiles, and name their file."""
    found = read_profiles(config_path())
    if found:
        show_table(
            ["PROFILE", "URL", "TOKEN FILE"],
            [[name, _places(profile), str(profile.token_file)] for name, profile in found.items()],
        )
    click.echo(f"{len(found)} in {config_path()}", err=True)


def _table(profile: Profile) -> dict[str, str]:
    """A profile as the file has it."""
    general = {} if profile.url is None else {"url": checked_url(profile.url)}
    single = {key: checked_url(profile.urls[name]) for key, name in SERVICE_KEYS.items() if name in profile.urls}
    return {**general, **single, "token_file": str(profile.token_file)}


def _places(profile: Profile) -> str:
    single = [f"{service}: {profile.urls[service]}" for service in SERVICES if service in profile.urls]
    return ", ".join([profile.url, *single] if profile.url else single)


def _quoted(text: str) -> str:
    r"""A basic string of TOML: quotation marks and backslashes are escaped, and nothing else is in a path or a url."""
    if not text.isprintable():
        raise CannotRun("a url or a path with control characters cannot be kept")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
