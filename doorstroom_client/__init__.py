"""The typed client of doorstroom's public APIs: for shelters' and municipalities' systems, and for our own tools."""

from doorstroom_client.client import Client, Endpoints, Streaming
from doorstroom_client.credentials import ClientCredentials
from doorstroom_client.errors import (
    ClientError,
    ProblemError,
    ServerUnreachable,
    TokenUnavailable,
    UnreadableAnswer,
    WebhookRefused,
)
from doorstroom_client.listing import Listing
from doorstroom_client.retries import RetryPolicy
from doorstroom_client.tokens import CachedToken, CalledToken, FetchedToken, StaticToken, TokenSource
from doorstroom_client.webhooks import Webhook, WebhookVerifier

__all__ = [
    "CachedToken",
    "CalledToken",
    "Client",
    "ClientCredentials",
    "ClientError",
    "Endpoints",
    "FetchedToken",
    "Listing",
    "ProblemError",
    "RetryPolicy",
    "ServerUnreachable",
    "StaticToken",
    "Streaming",
    "TokenSource",
    "TokenUnavailable",
    "UnreadableAnswer",
    "Webhook",
    "WebhookRefused",
    "WebhookVerifier",
]
