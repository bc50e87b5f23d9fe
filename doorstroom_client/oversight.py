"""Each service itself: what it could not handle, and whether its audit log is as it was written."""

from uuid import UUID

from doorstroom_client.listing import Listing
from doorstroom_client.transport import Query, Transport
from schemas.api.oversight import AuditCheck, Quarantine, QuarantinedMessage, Repair


class OversightCalls:
    """For those who watch over the chain. The same four questions to each service."""

    _transport: Transport
    _registry: str
    _shelters: str
    _municipalities: str
    _notifications: str

    # Registry

    def list_registry_quarantine(self) -> Listing[Quarantine, QuarantinedMessage]:
        """What it could not handle."""
        return self._quarantine(self._registry)

    async def replay_registry_message(
        self, quarantine_id: UUID, repair: Repair, key: str | None = None
    ) -> QuarantinedMessage:
        """Let it hear a message again, as it was or repaired."""
        return await self._decide(self._registry, quarantine_id, "replay", repair, key)

    async def drop_registry_message(self, quarantine_id: UUID, key: str | None = None) -> QuarantinedMessage:
        """Say that a message is not wanted."""
        return await self._decide(self._registry, quarantine_id, "drop", None, key)

    async def verify_registry_audit_log(self, after: int = 0, digest: str | None = None) -> AuditCheck:
        """Look whether its audit log is as it was written, from after this line on."""
        return await self._verify(self._registry, after, digest)

    # Shelters

    def list_shelters_quarantine(self) -> Listing[Quarantine, QuarantinedMessage]:
        """What it could not handle."""
        return self._quarantine(self._shelters)

    async def replay_shelters_message(
        self, quarantine_id: UUID, repair: Repair, key: str | None = None
    ) -> QuarantinedMessage:
        """Let it hear a message again, as it was or repaired."""
        return await self._decide(self._shelters, quarantine_id, "replay", repair, key)

    async def drop_shelters_message(self, quarantine_id: UUID, key: str | None = None) -> QuarantinedMessage:
        """Say that a message is not wanted."""
        return await self._decide(self._shelters, quarantine_id, "drop", None, key)

    async def verify_shelters_audit_log(self, after: int = 0, digest: str | None = None) -> AuditCheck:
        """Look whether its audit log is as it was written, from after this line on."""
        return await self._verify(self._shelters, after, digest)

    # Municipalities

    def list_municipalities_quarantine(self) -> Listing[Quarantine, QuarantinedMessage]:
        """What it could not handle."""
        return self._quarantine(self._municipalities)

    async def replay_municipalities_message(
        self, quarantine_id: UUID, repair: Repair, key: str | None = None
    ) -> QuarantinedMessage:
        """Let it hear a message again, as it was or repaired."""
        return await self._decide(self._municipalities, quarantine_id, "replay", repair, key)

    async def drop_municipalities_message(self, quarantine_id: UUID, key: str | None = None) -> QuarantinedMessage:
        """Say that a message is not wanted."""
        return await self._decide(self._municipalities, quarantine_id, "drop", None, key)

    async def verify_municipalities_audit_log(self, after: int = 0, digest: str | None = None) -> AuditCheck:
        """Look whether its audit log is as it was written, from after this line on."""
        return await self._verify(self._municipalities, after, digest)

    # Notifications

    def list_notifications_quarantine(self) -> Listing[Quarantine, QuarantinedMessage]:
        """What it could not handle."""
        return self._quarantine(self._notifications)

    async def replay_notifications_message(
        self, quarantine_id: UUID, repair: Repair, key: str | None = None
    ) -> QuarantinedMessage:
        """Let it hear a message again, as it was or repaired."""
        return await self._decide(self._notifications, quarantine_id, "replay", repair, key)

    async def drop_notifications_message(self, quarantine_id: UUID, key: str | None = None) -> QuarantinedMessage:
        """Say that a message is not wanted."""
        return await self._decide(self._notifications, quarantine_id, "drop", None, key)

    async def verify_notifications_audit_log(self, after: int = 0, digest: str | None = None) -> AuditCheck:
        """Look whether its audit log is as it was written, from after this line on."""
        return await self._verify(self._notifications, after, digest)

    def _quarantine(self, service: str) -> Listing[Quarantine, QuarantinedMessage]:
        return self._transport.whole(f"{service}/quarantine", Quarantine, lambda page: page.messages)

    async def _decide(
        self, service: str, quarantine_id: UUID, verb: str, repair: Repair | None, key: str | None
    ) -> QuarantinedMessage:
        url = f"{service}/quarantine/{quarantine_id}/_{verb}"
        return await self._transport.post(url, QuarantinedMessage, repair, key)

    async def _verify(self, service: str, after: int, digest: str | None) -> AuditCheck:
        query: Query = {"after": after} if digest is None else {"after": after, "digest": digest}
        return await self._transport.get(f"{service}/audit-log/verification", AuditCheck, query)
