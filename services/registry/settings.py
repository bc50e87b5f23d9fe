"""What an operator may set for the registry, beside what every service has."""

from pathlib import Path

from pydantic import Field

from services.chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The registry's settings. How each list works comes with the program, and an operator may set it in a file."""

    source: str = Field("urn:nld:kvknr:00000000.registry", description="the `source` of this service's events")
    programmes_file: Path | None = Field(None, description="JSON: versions of how lists work, from a day on")
