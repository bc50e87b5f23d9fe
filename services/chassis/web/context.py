"""What every route of an application shares."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from services.chassis.clock import Clock, Identifiers
from services.chassis.errors import Unavailable
from services.chassis.identity.certificates import ClientCertificate
from services.chassis.identity.principal import Principal
from services.chassis.web.rates import Rates
from services.chassis.web.settings import WebSettings
from services.chassis.web.stream import EventStream


class Verifier(Protocol):
    """Knows whether an access token is genuine."""

    async def authenticate(
        self, token: str, now: datetime, certificate: ClientCertificate | None = None, /
    ) -> Principal:
        """Who holds this token, and showed this certificate.

        Raises Unauthenticated, or Unavailable when that cannot be told now.
        """
        ...


class Streams:
    """The live streams that are open, in number bounded for all and for each subject."""

    def __init__(self, settings: WebSettings) -> None:
        self._settings = settings
        self._open: set[EventStream] = set()
        self._subjects: Counter[str] = Counter()
        self._stopping = False

    def check_room(self, subject: str) -> None:
        """Raises Unavailable when this subject, or the service, can have no further stream."""
        full = len(self._open) >= self._settings.stream_limit
        if self._stopping or full or self._subjects[subject] >= self._settings.streams_per_subject:
            detail = "Too many live streams are open: close one, or try again later."
            raise Unavailable(detail)

    def add(self, subject: str, stream: EventStream) -> None:
        """Count a stream as open."""
        self._open.add(stream)
        self._subjects[subject] += 1

    def remove(self, subject: str, stream: EventStream) -> None:
        """Count a stream as ended."""
        self._open.discard(stream)
        self._subjects[subject] -= 1
        if not self._subjects[subject]:
            del self._subjects[subject]

    def close(self) -> None:
        """End every stream, and open no more; readers connect again, elsewhere."""
        self._stopping = True
        for stream in self._open:
            stream.close()


@dataclass(frozen=True, slots=True)
class Context:
    """The injected parts."""

    verifier: Verifier
    clock: Clock
    identifiers: Identifiers
    settings: WebSettings
    streams: Streams = field(init=False)
    rates: Rates = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "streams", Streams(self.settings))
        object.__setattr__(self, "rates", Rates(self.settings, self.clock))
