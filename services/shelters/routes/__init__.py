"""The shelters' HTTP API: what providers report about their units."""

from schemas.access import ACCESS
from services.chassis import oversight
from services.chassis.changes import Changes
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.chassis.web import Api, Contact
from services.shelters.handlers.vacancies import Leases
from services.shelters.routes import contracts, enquiries, facilities, households, overviews, units, vacancies
from services.shelters.routes.common import BASE
from services.shelters.store.units import mark
from services.shelters.tables import idempotency_keys, messages


def api(transactions: Transactions, leases: Leases, contact: Contact) -> Api[UnitOfWork]:
    """The shelters' API."""
    return Api(
        name="shelters",
        title="doorstroom shelters",
        description="Units, vacancies and their leases, arrivals and departures. A provider sees only its own.",
        version="1.0.0",
        base_path=BASE,
        operations=(
            *facilities.operations(),
            *contracts.operations(),
            *units.operations(),
            *vacancies.operations(),
            *households.operations(leases),
            *enquiries.operations(),
            *overviews.operations(),
            Changes(transactions, mark).operation("streamUnitChanges", f"{BASE}/events"),
            *oversight.operations("shelters", BASE, messages),
        ),
        access=ACCESS["shelters"],
        contact=contact,
        work=transactions,
        idempotency_keys=idempotency_keys,
    )
