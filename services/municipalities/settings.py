"""What an operator may set for the municipalities' service, beside what every service has."""

from datetime import date

from pydantic import Field

from services.chassis.settings import ServiceSettings
from services.municipalities.domain.quotas import COUNTS_SINCE, QuotaKind, QuotaRules


class Settings(ServiceSettings):
    """The municipalities' settings."""

    source: str = Field(
        "urn:nld:oin:00000099000000000000:systeem:municipalities", description="the `source` of this service's events"
    )
    quota_kind: QuotaKind = Field(
        QuotaKind.BY_POPULATION, description="by-population, or none when the law has abolished the quota"
    )
    counts_for_quota: dict[date, bool] = Field(
        {COUNTS_SINCE: True},
        description="from which day on a housed household counts, or no longer counts, as a JSON object",
    )

    @property
    def quota_rules(self) -> QuotaRules:
        """The rules that these settings choose."""
        return QuotaRules(self.quota_kind, tuple(sorted(self.counts_for_quota.items())))
