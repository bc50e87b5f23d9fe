"""What an operator may set for the registry, beside what every service has."""

from pathlib import Path

from pydantic import Field

from schemas.base import OrganisationId
from services.chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The registry's settings. How each list works comes with the program, and an operator may set it in a file."""

    source: str = Field("urn:nld:kvknr:00000000.registry", description="the `source` of this service's events")
    programmes_file: Path | None = Field(None, description="JSON: versions of how lists work, from a day on")
    registry_key_file: Path | None = Field(
        None, description="a file with 32 random bytes in base64, which encrypts the keys of personal data"
    )
    registry_erasures_file: Path | None = Field(
        None,
        description="where it is noted which cases were erased, outside of all backups; by default beside the key",
    )
    helpdesk_organisation: OrganisationId = Field(
        "comensha", description="which organisation's helpdesk is told when a household should be contacted"
    )
    retention_personal_data_days: int = Field(
        1825, ge=1, le=18_250, description="how long after a case was closed it stays readable who it is about"
    )
    retention_processing_log_days: int = Field(
        1825, ge=1, le=18_250, description="how long it stays on record what was done with the data of each case"
    )
    processing_activities: str = Field(
        "urn:doorstroom:processing-activities:",
        description="stands before an operation's name in the controller's register of processing activities",
        max_length=200,
    )
    emergency_placement_ends_waiting: bool = Field(
        default=False, description="whether a household in an emergency bed leaves the shelter lists"
    )
    outside_placement_ends_waiting: bool = Field(
        default=True, description="whether a household that has a place outside this system leaves the shelter lists"
    )
