"""The `doorstroom` command. What a command needs is loaded when it is called: to ask for help takes no time."""

import sys
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import NoReturn

import click

from services.chassis.errors import DoorstroomError
from services.cli.errors import EXIT_FAILED, CannotRun, Failed

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it."""

COMMANDS: Mapping[str, tuple[str, str, str]] = {
    "access": ("access", "access", "Access: which role may do what, on whose objects, and which fields it sees."),
    "audit": ("audit", "audit", "Audit log: who did or asked what; verify it, list it."),
    "beds": ("remote.beds", "beds", "Beds: post, affirm, withdraw, list and import yours, as a shelter provider."),
    "slots": ("remote.slots", "slots", "Slots: open, claim, house and list yours, as a municipality."),
    "offers": (
        "remote.offers",
        "offers",
        "Offers: list, accept, decline and watch what is offered to your households, as a coordinator.",
    ),
    "preferences": (
        "remote.preferences",
        "preferences",
        "Preferences: in which language you are written to, when you are left alone, and who stands in for you.",
    ),
    "subscriptions": (
        "remote.subscriptions",
        "subscriptions",
        "Subscriptions: have your notifications delivered, see how that goes, and have it done again.",
    ),
    "profiles": (
        "remote.profile_commands",
        "profiles",
        "Profiles: the installations that you speak to, and where the token for each is.",
    ),
    "completion": (
        "remote.completion",
        "completion_command",
        "Print the completion of commands and options for SHELL.",
    ),
    "backup": ("backup", "backup", "Copy everything of the embedded mode, as it was at one moment."),
    "broker": ("broker", "broker", "Broker: the users of RabbitMQ, and what each of them may do."),
    "cases": (
        "cases",
        "cases",
        "Cases: erase who somebody is, show what was done with their data, find one by a reference.",
    ),
    "check": ("check", "check", "Check what must never be false, in live databases."),
    "clients": ("clients", "clients", "Clients: systems that get access tokens from our own token endpoint."),
    "keys": (
        "keys",
        "keys",
        "Keys: turn over what encrypts the keys, secrets and sessions in the databases, while everything runs.",
    ),
    "municipalities": ("municipalities", "municipalities", "Municipalities: import their populations, merge them."),
    "openapi": ("serving", "openapi_command", "Print a service's OpenAPI 3.1 document."),
    "quarantine": ("quarantine", "quarantine", "Messages that could not be handled: look, replay, drop."),
    "quotas": ("quotas", "quotas", "Quotas: share out the national number, see how far each municipality is."),
    "reconcile": ("reconcile", "reconcile", "Say again what was said, after the broker has lost messages."),
    "replay": ("replay", "replay", "Make every decision again, by the policy that it names, and compare."),
    "restore": ("backup", "restore", "Put such a copy back."),
    "retention": (
        "retention",
        "retention_command",
        "Forget what is older than it may get, now, or say what would go.",
    ),
    "run": ("serving", "run_command", "Run everything in this process, on SQLite."),
    "run-distributed": (
        "serving",
        "run_distributed_command",
        "Run each service as its own process, on a private PostgreSQL and RabbitMQ.",
    ),
    "simulate": ("simulate", "simulate", "Play what may go wrong, from seeds, and look whether anything is."),
    "schemas": ("schemas", "schemas", "The published schemas of the messages."),
}
"""Each command: its module, its name there, and what it does."""


class Commands(click.Group):
    """Commands that are loaded by their names."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Their names."""
        return list(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; when there is none, name one that is written alike."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            alike = get_close_matches(args[0], COMMANDS, n=1)
            if not alike:
                raise
            raise click.UsageError(f"{error.message} Did you mean {alike[0]}?", ctx) from None

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """Load one; None when there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        module, name, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"services.cli.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        """List them without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, explanation) for name, (_, _, explanation) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="doorstroom")
def cli() -> None:
    """A bed comes free, and the next person's coordinator knows."""


def _run_command_line() -> None:
    """Like click does by itself, but for Ctrl-C."""
    try:
        sys.exit(cli(standalone_mode=False))
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _end(_in_one_line(error), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("doorstroom: stopped before everything had started; what was stored is stored\n")
        sys.exit(EXIT_INTERRUPTED)


def _in_one_line(error: click.ClickException) -> str:
    """What is wrong, and where to read how it is done."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = "" if context is None else f" (`{context.command_path} --help` explains)"
    return " ".join(error.format_message().split()) + hint


def main() -> None:
    """Run the command: 0 when all went well, 1 when it failed, 2 when it cannot run so.

    What asks a server has further codes, which docs/integrators-guide.md lists.
    """
    try:
        _run_command_line()
    except CannotRun as error:
        _end(str(error), EXIT_USAGE)
    except Failed as error:
        _end(str(error), error.code)
    except (DoorstroomError, TimeoutError) as error:
        _end(str(error) or "something did not happen in time; see the log with --verbose", EXIT_FAILED)


def _end(message: str, code: int) -> NoReturn:
    """Say in one line what happened."""
    sys.stderr.write(f"doorstroom: {message}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
