"""Who is signed in: short sessions on the server, of which a browser knows the name only."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from pydantic import ValidationError

from services.chassis.audit import Journal
from services.chassis.clock import Clock
from services.chassis.errors import Unavailable
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.console import noting, store
from services.console.failures import SignInFailed
from services.console.grants import Grant, Renewer
from services.console.seal import SECRET_CHARACTERS, Seal, digest
from services.console.store import StoredSession

log = structlog.get_logger(__name__)

PURPOSE = "session"
TOUCH = timedelta(minutes=1)
"""A session that is used is noted so often, and not at each request."""
RENEW_BEFORE = timedelta(seconds=60)
"""Tokens are renewed when they have less than this to go: a page asks several times."""
RENEWAL_SECONDS = 9.0
POLL_SECONDS = 0.1
FORGET_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lives."""

    idle: timedelta
    """When nobody uses it."""
    absolute: timedelta
    """Whatever happens."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in."""

    secret: str
    """What is in the cookie."""
    grant: Grant
    ends_at: datetime
    is_locked: bool = False
    """It hears that there is something, and sees nothing: until it ends, however long nobody is there."""


class Sessions:
    """Begins, finds and ends them."""

    def __init__(
        self, transactions: Transactions, journal: Journal, seal: Seal, limits: Limits, renewer: Renewer, clock: Clock
    ) -> None:
        self._transactions = transactions
        self._journal = journal
        self._seal = seal
        self._limits = limits
        self._renewer = renewer
        self._clock = clock

    async def begin(self, grant: Grant, before: str | None) -> Session:
        """A new session, under a name that nobody knew before, in the place of the one that the browser had."""
        now = self._clock()
        session = Session(self._seal.new_secret(), grant, now + self._limits.absolute)
        stored = StoredSession(digest(session.secret), now, now, session.ends_at, self._sealed(session.secret, grant))

        async def change(unit: UnitOfWork) -> None:
            if before is not None:
                await store.delete_session(unit, digest(before))
            await store.add_session(unit, stored)
            await self._journal.note(unit, noting.done(noting.SIGN_IN, grant))

        await self._transactions.run(change)
        log.info("signed-in", organisation=grant.organisation, role=grant.role.value)
        return session

    async def find(self, secret: str | None, *, is_used: bool = True) -> Session | None:
        """The session of this name, if it is not over, with an access token that holds for a while.

        A page that asks by itself does not use it: nobody may be there. Raises Unavailable when it needs a new token,
        and that cannot be had now.
        """
        stored = None if secret is None or len(secret) != SECRET_CHARACTERS else await self._read(secret)
        if secret is None or stored is None:
            return None
        now = self._clock()
        grant = self._opened(secret, stored, now)
        is_locked = stored.locked_at is not None
        is_idle = not is_locked and now >= stored.seen_at + self._limits.idle
        if grant is None or now >= stored.ends_at or is_idle:
            await self.end(secret)
            return None
        if is_used and not is_locked and now >= stored.seen_at + TOUCH:
            await self._transactions.run(lambda unit: store.touch_session(unit, stored.id))
        session = Session(secret, grant, stored.ends_at, is_locked)
        return session if grant.expires_at - RENEW_BEFORE > now else await self._renewed(session)

    async def lock(self, session: Session) -> None:
        """Nobody is there: it sees nothing any more. Signing in begins another."""

        async def change(unit: UnitOfWork) -> None:
            await self._journal.note(unit, noting.done(noting.LOCK, session.grant))
            await store.lock_session(unit, digest(session.secret))

        await self._transactions.run(change)
        log.info("session-locked")

    async def sign_out(self, session: Session) -> None:
        """End it, because whoever it is of says so."""

        async def change(unit: UnitOfWork) -> bool:
            await self._journal.note(unit, noting.done(noting.SIGN_OUT, session.grant))
            return await store.delete_session(unit, digest(session.secret))

        if await self._transactions.run(change):
            log.info("signed-out")

    async def end(self, secret: str) -> None:
        """Forget one that is over."""
        if await self._transactions.run(lambda unit: store.delete_session(unit, digest(secret))):
            log.info("signed-out")

    async def forget(self) -> datetime | None:
        """Forget a portion of those that are over; gives the present moment while there is more."""
        return await self._transactions.run(self._forget)

    async def _forget(self, unit: UnitOfWork) -> datetime | None:
        forgotten = await store.forget_sessions(unit, unit.now - self._limits.idle, FORGET_BATCH)
        return unit.now if forgotten == FORGET_BATCH else None

    async def _read(self, secret: str) -> StoredSession | None:
        return await self._transactions.read(lambda unit: store.find_session(unit, digest(secret)))

    async def _renewed(self, session: Session) -> Session | None:
        """With a new token. One request gets it, the others wait: a refresh token that comes twice looks stolen."""
        id_ = digest(session.secret)
        until = self._clock() + timedelta(seconds=RENEWAL_SECONDS)
        if not await self._transactions.run(lambda unit: store.claim_renewal(unit, id_, until)):
            return await self._awaited(session)
        try:
            grant = await self._renewer.renew(session.grant)
        except SignInFailed as failure:
            log.info("session-not-renewed", reason=failure.reason.value, detail=failure.detail)
            await self.end(session.secret)
            refusal = noting.refused(noting.RENEW, 403, failure.reason.value, session.grant)
            await noting.record(self._journal, refusal)
            return None
        except Unavailable:
            await self._transactions.run(lambda unit: store.renew_session(unit, id_, None))
            return self._while_it_holds(session)
        sealed = self._sealed(session.secret, grant)
        await self._transactions.run(lambda unit: store.renew_session(unit, id_, sealed))
        return replace(session, grant=grant)

    async def _awaited(self, session: Session) -> Session | None:
        for _ in range(int(RENEWAL_SECONDS / 2 / POLL_SECONDS)):
            await asyncio.sleep(POLL_SECONDS)
            stored = await self._read(session.secret)
            grant = None if stored is None else self._opened(session.secret, stored, self._clock())
            if grant is None:
                return None
            if grant.access_token != session.grant.access_token:
                return replace(session, grant=grant)
        return self._while_it_holds(session)

    def _while_it_holds(self, session: Session) -> Session:
        if session.grant.expires_at <= self._clock():
            raise Unavailable("A new access token cannot be had at the moment; try again later.")
        return session

    def _sealed(self, secret: str, grant: Grant) -> bytes:
        return self._seal.close(PURPOSE, secret, grant.model_dump_json().encode(), self._clock())

    def _opened(self, secret: str, stored: StoredSession, now: datetime) -> Grant | None:
        content = self._seal.open(PURPOSE, secret, stored.sealed, now, self._limits.absolute)
        try:
            return None if content is None else Grant.model_validate_json(content)
        except ValidationError:
            # It was begun with another version of the console.
            return None
