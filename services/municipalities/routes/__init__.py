"""The municipalities' HTTP API: municipalities, quotas and how far they are, slots and claims."""

from schemas.access import ACCESS
from services.chassis import oversight
from services.chassis.changes import Changes
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.chassis.web import Api, Contact
from services.municipalities.domain.quotas import QuotaRules
from services.municipalities.routes import claims, municipalities, quotas, slots
from services.municipalities.routes.common import BASE
from services.municipalities.store.changes import mark
from services.municipalities.tables import idempotency_keys, messages


def api(transactions: Transactions, quota_rules: QuotaRules, contact: Contact) -> Api[UnitOfWork]:
    """The municipalities' API."""
    return Api(
        name="municipalities",
        title="doorstroom municipalities",
        description="Slots under the housing quota, claims, and the quota ledger. A municipality changes only its own.",
        version="1.0.0",
        base_path=BASE,
        operations=(
            *municipalities.operations(),
            *quotas.operations(quota_rules),
            *slots.operations(),
            *claims.operations(quota_rules),
            Changes(transactions, mark).operation("streamQuotaChanges", f"{BASE}/events"),
            *oversight.operations("municipalities", BASE, messages),
        ),
        access=ACCESS["municipalities"],
        contact=contact,
        work=transactions,
        idempotency_keys=idempotency_keys,
    )
