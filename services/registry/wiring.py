"""Puts the registry together: the only module that knows every concrete part of it."""

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import structlog

from schemas.vocabulary import PlacementKind
from services.calendar.holidays import is_dutch_holiday
from services.chassis.service import Parts, Service
from services.chassis.settings import Mode
from services.chassis.timers import Timer, do_when_due
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.chassis.wiring import CONTACT, Definition, Surroundings, Unusable, key_file_beside
from services.registry import closed, consumers, measures, routes
from services.registry.domain.errors import Refused
from services.registry.domain.programmes import Programmes
from services.registry.handlers.deadlines import answers_due
from services.registry.handlers.matching import Matchmaker
from services.registry.handlers.standing import entries_due, next_entry_due
from services.registry.handlers.versions import look_again, next_version_begins, versions_begin
from services.registry.handlers.warnings import periods_ending
from services.registry.programmes_file import read_programmes
from services.registry.settings import Settings
from services.registry.store.allocations import next_answer_due
from services.registry.store.processing import Processing
from services.registry.store.vault import KEY_FILE, Vault
from services.registry.store.waitlists import WaitlistStore
from services.registry.store.warnings import next_warning_at
from services.registry.tables import idempotency_keys, messages

log = structlog.get_logger(__name__)

LOOK_AGAIN_SECONDS = 300.0
"""How often what is free is looked at, whether or not anything happened."""


def build(settings: Settings, surroundings: Surroundings) -> Service:
    """The registry, ready to start."""
    clock = surroundings.clock
    database = surroundings.database(settings)
    transactions = Transactions(database, messages.outbox, clock, surroundings.identifiers, settings.source, Refused)
    matchmaker = Matchmaker(WaitlistStore(), _programmes(settings), is_dutch_holiday, settings.helpdesk_organisation)
    vault = _vault(settings)
    ends_waiting = {
        PlacementKind.EMERGENCY: settings.emergency_placement_ends_waiting,
        PlacementKind.OUTSIDE: settings.outside_placement_ends_waiting,
    }
    answers = partial(transactions.run, partial(answers_due, matchmaker))
    deadlines = Timer("deadlines", clock, lambda: do_when_due(transactions, next_answer_due, answers))
    again = Timer("again", clock, lambda: transactions.run(partial(look_again, matchmaker)), LOOK_AGAIN_SECONDS)
    looking, doing = partial(_next_standing, matchmaker), partial(_standing, transactions, matchmaker)
    standing = Timer("standing", clock, lambda: do_when_due(transactions, looking, doing))
    return Service(
        Parts(
            name="registry",
            migrations=Path(__file__).parent / "migrations",
            tables=messages,
            idempotency_keys=idempotency_keys,
            transactions=transactions,
            broker=surroundings.broker,
            queue=consumers.queue(settings.broker_prefix),
            handlers=consumers.handlers(matchmaker),
            api=routes.api(transactions, matchmaker, vault, ends_waiting, surroundings.chance, CONTACT),
            retention=timedelta(days=settings.retention_days),
            keys_retention=timedelta(hours=settings.retention_keys_hours),
            timers=(deadlines, standing, again),
            follow_audit=Processing(vault, settings.processing_activities).follow,
            readings=measures.read,
            kept=closed.kept(settings, vault),
            at_start=partial(_erase_again, vault),
        )
    )


async def _erase_again(vault: Vault, unit: UnitOfWork) -> None:
    # Now, and not at the first erasure, it is to be found out that nothing can be noted.
    vault.erasures.prepare()
    if count := await vault.erase_again(unit):
        log.warning("erased-again", cases=count)


async def _standing(transactions: Transactions, matchmaker: Matchmaker) -> datetime | None:
    """What is due to places in line, rights and lists; each in a transaction, so that none holds the others' rows."""
    due = [await transactions.run(partial(work, matchmaker)) for work in (entries_due, periods_ending, versions_begin)]
    return min(filter(None, due), default=None)


async def _next_standing(matchmaker: Matchmaker, unit: UnitOfWork) -> datetime | None:
    """When any of that is due."""
    due = (await next_entry_due(unit), await next_warning_at(unit), await next_version_begins(matchmaker, unit))
    return min(filter(None, due), default=None)


def _programmes(settings: Settings) -> Programmes:
    try:
        return read_programmes(settings.programmes_file)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise Unusable(f"DOORSTROOM_PROGRAMMES_FILE: {reason}") from None


def _vault(settings: Settings) -> Vault:
    """The vault with the installation's key; on one machine, a key beside the database that is made when needed.

    Raises Unusable or UnusableKey.
    """
    file, embedded = settings.registry_key_file or key_file_beside(settings, KEY_FILE), settings.mode is Mode.EMBEDDED
    if file is None:
        raise Unusable("set DOORSTROOM_REGISTRY_KEY_FILE to a file with 32 random bytes in base64, kept out of backups")
    vault = Vault(file, make=embedded, erasures_file=settings.registry_erasures_file)
    if not embedded:
        vault.check()
    return vault


REGISTRY = Definition("registry", Settings, consumers.queue, build)
