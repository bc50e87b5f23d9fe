"""The typed client of doorstroom's public APIs: for shelters' and municipalities' systems, and for our own tools."""

from doorstroom_client.client import Client, Endpoints
from doorstroom_client.errors import ClientError, ProblemError, ServerUnreachable

__all__ = ["Client", "ClientError", "Endpoints", "ProblemError", "ServerUnreachable"]
