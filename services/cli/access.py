"""`doorstroom access`: who may do what, on whose objects, as the table in `schemas.access` has it."""

import json
from collections.abc import Iterator

import click

from schemas.access import ACCESS, Access, Role
from services.cli.remote.output import show_table

_NOBODY = "-"

Lines = list[tuple[str, str, Access]]


@click.command("access")
@click.option("--service", type=click.Choice(list(ACCESS)), help="Only what this service does.")
@click.option("--role", type=click.Choice(list(Role)), help="Only what this role may do.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
def access(service: str | None, role: Role | None, *, as_json: bool) -> None:
    """Access: which role may do what, on whose objects, and which fields it sees."""
    lines = list(_lines(service, role))
    if as_json:
        click.echo(json.dumps([_document(*line) for line in lines], indent=2))
        return
    roles = list(Role) if role is None else [Role(role)]
    rows = [[name, line.scope, *(line.whose.get(each, _NOBODY) for each in roles)] for _, name, line in lines]
    show_table(["operation", "scope", *roles], rows)
    _show_fields(lines)


def _lines(service: str | None, role: Role | None) -> Iterator[tuple[str, str, Access]]:
    for name, table in ACCESS.items():
        if service in {None, name}:
            yield from (
                (name, operation, line) for operation, line in table.items() if role is None or role in line.roles
            )


def _show_fields(lines: Lines) -> None:
    rows = [
        [operation, field_name, ", ".join(sorted(roles))]
        for _, operation, line in lines
        for field_name, roles in line.only_seen_by.items()
    ]
    if rows:
        click.echo()
        show_table(["operation", "field", "is seen by"], rows)


def _document(service: str, operation: str, line: Access) -> dict[str, object]:
    return {
        "service": service,
        "operation": operation,
        "scope": line.scope,
        "whose": dict(line.whose),
        "onlySeenBy": {field_name: sorted(roles) for field_name, roles in line.only_seen_by.items()},
    }
