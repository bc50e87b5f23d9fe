"""Of which service's live stream each role's pages hear."""

from collections.abc import Mapping

from doorstroom_client import Streaming
from services.chassis.identity import Role

LIVE = "/live"
"""Where a page hears it."""
STREAMS: Mapping[Role, Streaming] = {
    Role.COORDINATOR: "notifications",
    Role.HELPDESK: "notifications",
    Role.PROVIDER: "shelters",
    Role.MUNICIPALITY: "municipalities",
    Role.AUDITOR: "municipalities",
    Role.OPERATOR: "municipalities",
}
