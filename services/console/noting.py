"""What the console tells its audit log: who signed in and out, and who was refused."""

from typing import Any

import structlog

from services.chassis.audit import Action, Journal, Result
from services.chassis.errors import DoorstroomError
from services.chassis.web.auditing import asked_in
from services.console.grants import Grant

log = structlog.get_logger(__name__)

SIGN_IN, SIGN_OUT, LOCK, RENEW, OPEN = "signIn", "signOut", "lockSession", "renewSession", "openPage"


def done(name: str, grant: Grant) -> Action:
    """It was done: a page follows."""
    return Action(name, Result.DONE, 303, **_by(grant))


def refused(name: str, status: int, reason: str, grant: Grant | None = None) -> Action:
    """It was refused, for one of the reasons that we have words for."""
    return Action(name, Result.REFUSED, status, {"reason": reason}, **_by(grant))


async def record(journal: Journal, action: Action) -> None:
    """Note a refusal. Without a database it goes out without a line: it has shown nothing."""
    try:
        await journal.record(action)
    except DoorstroomError as error:
        log.exception("audit-not-written", operation=action.name, reason=error.detail)


def _by(grant: Grant | None) -> dict[str, Any]:
    who = {"subject": grant.subject, "organisation": grant.organisation, "role": grant.role.value} if grant else {}
    return {**who, "origin": "console", **asked_in()}
