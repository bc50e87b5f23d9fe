"""What an operator may set for the registry, beside what every service has."""

from pathlib import Path

from pydantic import Field

from services.chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The registry's settings. Deadlines are policy: no rule in print says how long a coordinator has."""

    source: str = Field("urn:nld:kvknr:00000000.registry", description="the `source` of this service's events")
    shelter_offer_seconds: float = Field(24 * 3600, gt=0, description="how long an offer of a shelter place is open")
    housing_offer_seconds: float = Field(7 * 86_400, gt=0, description="how long an offer of a home is open")
    registry_key_file: Path | None = Field(
        None, description="a file with 32 random bytes in base64, which encrypts the keys of personal data"
    )
    emergency_placement_ends_waiting: bool = Field(
        default=False, description="whether a household in an emergency bed leaves the shelter lists"
    )
    outside_placement_ends_waiting: bool = Field(
        default=True, description="whether a household that has a place outside this system leaves the shelter lists"
    )
