"""What one line of the audit log says."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.chassis.canonical import canonical_json


class Result(StrEnum):
    """How it ended."""

    DONE = "done"
    REPEATED = "repeated"
    """The answer of an earlier request with the same key was given again."""
    REFUSED = "refused"
    """A rule, a right or the form of the request stood against it: nothing was changed or shown."""
    FAILED = "failed"
    """It may or may not have been done; whoever asked does not know."""


@dataclass(frozen=True, slots=True)
class Action:
    """Somebody did or asked something."""

    name: str
    """The operation's id, such as `acceptOffer`, or a command's name."""
    result: Result
    status: int
    """The HTTP status, or the exit code of a command."""
    objects: Mapping[str, str] = field(default_factory=dict)
    """The ids in its path, by their names."""
    subject: str | None = None
    """The actor: the token's `sub`. None when nobody showed a token that holds."""
    organisation: str | None = None
    role: str | None = None
    origin: str = "api"
    """By which way: `api` or `command`; or `service`, for what it does by itself."""
    request_id: str | None = None
    trace_id: str | None = None
    """The caller's, or a new one: by it the audit log and the processing log are laid beside each other."""
    started_at: datetime | None = None
    """When it was asked; None for what takes no time of its own."""

    def row(self, id_: UUID, at: datetime, cases: Collection[UUID]) -> dict[str, object]:
        """As it is stored, with the cases that it was about."""
        return {
            "id": id_,
            "started_at": self.started_at or at,
            "at": at,
            "action": self.name,
            "result": self.result.value,
            "status": self.status,
            "objects": canonical_json(dict(self.objects)),
            "cases": canonical_json(sorted(map(str, cases))),
            "subject": self.subject,
            "organisation": self.organisation,
            "role": self.role,
            "origin": self.origin,
            "request_id": self.request_id,
            "trace_id": self.trace_id or id_.hex,
        }
