"""The registry's HTTP API: cases, entries, offers and the decisions behind them."""

from schemas.access import ACCESS
from services.chassis import oversight
from services.chassis.clock import Chance
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.chassis.web import Api, Contact, Operation
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
    overviews,
    personal,
    positions,
)
from services.registry.routes.common import BASE
from services.registry.routes.references import by_reference
from services.registry.store.vault import Vault
from services.registry.tables import idempotency_keys, messages


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
        description="Cases, waitlists, offers, and why each offer was made. An organisation sees only its own, by ids "
        "that are its own: nobody else has them, and nobody else's are accepted.",
        version="1.0.0",
        base_path=BASE,
        operations=(
            *(
                by_reference(matchmaker.references, operation)
                for operation in _about_people(matchmaker, vault, ends_waiting)
            ),
            *draws.operations(matchmaker, chance),
            *overviews.operations(),
            *oversight.operations("registry", BASE, messages),
        ),
        access=ACCESS["registry"],
        contact=contact,
        work=transactions,
        idempotency_keys=idempotency_keys,
    )


def _about_people(matchmaker: Matchmaker, vault: Vault, ends_waiting: EndsWaiting) -> tuple[Operation[UnitOfWork], ...]:
    return (
        *cases.operations(matchmaker),
        *households.operations(matchmaker, vault),
        *grounds.operations(matchmaker),
        *events.operations(matchmaker, ends_waiting),
        *mergers.operations(matchmaker),
        *personal.operations(vault),
        *entries.operations(matchmaker),
        *offers.operations(matchmaker),
        *decisions.operations(matchmaker.programmes),
        *positions.operations(matchmaker),
    )
