"""How much work the peers get, and where they find RabbitMQ."""

import os
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class PeerLoad:
    """What a peer is told, in the environment: the URL holds a secret."""

    broker_url: str
    messages: int
    in_sequence: int
    prefix: str
    """Begins the name of everything that the peer declares, so that it can be deleted afterwards."""

    @classmethod
    def from_environment(cls) -> Self:
        """Read what `as_environment` made."""
        return cls(
            broker_url=os.environ["PEER_BROKER_URL"],
            messages=int(os.environ["PEER_MESSAGES"]),
            in_sequence=int(os.environ["PEER_IN_SEQUENCE"]),
            prefix=os.environ["PEER_PREFIX"],
        )

    def as_environment(self) -> dict[str, str]:
        """Return the variables that a peer reads."""
        return {
            "PEER_BROKER_URL": self.broker_url,
            "PEER_MESSAGES": str(self.messages),
            "PEER_IN_SEQUENCE": str(self.in_sequence),
            "PEER_PREFIX": self.prefix,
        }
