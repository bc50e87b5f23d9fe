"""The registry's HTTP API: cases, entries, offers and the decisions behind them."""

from services.chassis.clock import Chance
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.chassis.web import Api, Contact
from services.registry.handlers.matching import Matchmaker
from services.registry.routes import draws, entries, offers
from services.registry.routes.common import BASE
from services.registry.tables import idempotency_keys


def api(transactions: Transactions, matchmaker: Matchmaker, chance: Chance, contact: Contact) -> Api[UnitOfWork]:
    """The registry's API."""
    return Api(
        name="registry",
        title="doorstroom registry",
        description="Cases, waitlists, offers, and why each offer was made. An organisation sees only its own.",
        version="1.0.0",
        base_path=BASE,
        operations=(
            *entries.operations(matchmaker),
            *draws.operations(matchmaker, chance),
            *offers.operations(matchmaker),
        ),
        contact=contact,
        work=transactions,
        idempotency_keys=idempotency_keys,
    )
