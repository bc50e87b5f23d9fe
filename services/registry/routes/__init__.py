"""The registry's HTTP API: cases, entries, offers and the decisions behind them."""

from schemas.access import ACCESS
from services.chassis.clock import Chance
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.chassis.web import Api, Contact
from services.registry.handlers.matching import Matchmaker
from services.registry.handlers.placements import EndsWaiting
from services.registry.routes import (
    cases,
    decisions,
    draws,
    entries,
    events,
    grounds,
    households,
    mergers,
    offers,
    personal,
    positions,
)
from services.registry.routes.common import BASE
from services.registry.store.vault import Vault
from services.registry.tables import idempotency_keys


def api(
    transactions: Transactions,
    matchmaker: Matchmaker,
    vault: Vault,
    ends_waiting: EndsWaiting,
    chance: Chance,
    contact: Contact,
) -> Api[UnitOfWork]:
    """The registry's API."""
    return Api(
        name="registry",
        title="doorstroom registry",
        description="Cases, waitlists, offers, and why each offer was made. An organisation sees only its own.",
        version="1.0.0",
        base_path=BASE,
        operations=(
            *cases.operations(),
            *households.operations(matchmaker, vault),
            *grounds.operations(matchmaker),
            *events.operations(matchmaker, ends_waiting),
            *mergers.operations(matchmaker),
            *personal.operations(vault),
            *entries.operations(matchmaker),
            *draws.operations(matchmaker, chance),
            *offers.operations(matchmaker),
            *decisions.operations(),
            *positions.operations(matchmaker),
        ),
        access=ACCESS["registry"],
        contact=contact,
        work=transactions,
        idempotency_keys=idempotency_keys,
    )
