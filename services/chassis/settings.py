"""What an operator may set, from the environment. Every setting has a name `DOORSTROOM_…`; secrets are never shown."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_PREFIX = "doorstroom"


class Mode(StrEnum):
    """Where the services run."""

    EMBEDDED = "embedded"
    DISTRIBUTED = "distributed"


class LogFormat(StrEnum):
    """How log lines look."""

    JSON = "json"
    CONSOLE = "console"


class ServiceSettings(BaseSettings):
    """Settings that every service has. A service's own settings module adds its own."""

    model_config = SettingsConfigDict(env_prefix="DOORSTROOM_", frozen=True, extra="ignore", hide_input_in_errors=True)

    mode: Mode = Mode.DISTRIBUTED
    database_url: SecretStr = Field(description="postgresql+asyncpg://… or sqlite:///…")
    database_owner_url: SecretStr | None = Field(
        None, description="the same database for the role that owns its tables, for migrations; none: the same role"
    )
    broker_url: SecretStr | None = Field(None, description="amqp://… or amqps://…; none in the embedded mode")
    broker_prefix: str = Field(DEFAULT_PREFIX, description="begins the name of each exchange and queue", max_length=60)
    database_pool_size: int = Field(8, ge=1, le=100)
    host: str = Field("127.0.0.1", description="the address to listen on")
    port: int = Field(8080, ge=0, le=65535)
    metrics_host: str = Field("127.0.0.1", description="the address to serve /metrics on")
    metrics_port: int | None = Field(
        None, ge=0, le=65535, description="serve /metrics for Prometheus on this port, 0 for any; none: not at all"
    )
    traces: bool = Field(
        default=False, description="record traces and send them by OTLP, set up by the variables OTEL_…"
    )
    behind_tls: bool = Field(default=False, description="a proxy in front speaks TLS: send HSTS")
    client_certificate_header: str | None = Field(
        None, description="the header in which the proxy hands the client's certificate on (RFC 9440: Client-Cert)"
    )
    trusted_proxies: str = Field(
        "", description="who may send that header: addresses or networks, with spaces in between"
    )
    token_issuer: str = Field("urn:doorstroom:development", description="the `iss` that tokens must have")
    token_audience: str = Field("doorstroom", description="the `aud` that tokens must have")
    token_keys_file: Path | None = Field(None, description="a JWKS file with the issuer's public keys")
    token_keys_url: str | None = Field(
        None, description="where the issuer publishes them (its `jwks_uri`): https://…", max_length=2000
    )
    token_keys_refresh_seconds: float = Field(
        300.0, ge=10, le=86_400, description="how long keys are used before they are fetched again"
    )
    token_keys_keep_seconds: float = Field(
        21_600.0, ge=60, le=604_800, description="how long keys are used when their issuer cannot be reached"
    )
    token_keys_pause_seconds: float = Field(
        30.0, ge=1, le=3600, description="the shortest time between two fetches, also when tokens name unknown keys"
    )
    token_keys_timeout_seconds: float = Field(3.0, gt=0, le=8, description="the longest that a fetch may take")
    token_algorithms: str = Field(
        "EdDSA ES256 RS256 PS256", description="which signatures are accepted, with spaces in between"
    )
    token_clients: str = Field("", description="the only `azp` that are accepted, with spaces in between; empty: any")
    token_organisation_claim: str = Field(
        "org", description="the claim with the organisation; a path with full stops leads into others", max_length=255
    )
    token_role_claim: str = Field("role", description="the claim with the role, or with a list of them", max_length=255)
    token_scope_claim: str = Field("scope", description="the claim with the scopes", max_length=255)
    token_roles: str = Field(
        "", description="what the issuer's words for roles mean: `word=role`, with spaces in between", max_length=4000
    )
    token_leeway_seconds: float = Field(
        30.0, ge=0, le=120, description="how far the issuer's clock and ours may be apart"
    )
    identity_issuer: str = Field(
        "urn:doorstroom:identity",
        description="the `iss` of our own token endpoint: its address without /token, https://…/identity/v1",
        pattern=r"^[a-z]+:[\x21-\x7e]+[^/]$",
        max_length=255,
    )
    identity_keys_url: str | None = Field(
        None, description="where our own token endpoint publishes its keys: …/identity/v1/jwks", max_length=2000
    )
    client_requests_per_second: int = Field(
        50, ge=1, le=100_000, description="how fast a client may ask, over ten seconds; each process counts its own"
    )
    organisation_requests_per_second: int = Field(
        200, ge=1, le=100_000, description="the same for all clients of an organisation together"
    )
    drain_seconds: float = Field(
        0.0, ge=0, le=60, description="how long to serve on after readiness turned false, so that balancers notice"
    )
    retention_days: int = Field(
        14, ge=1, le=3650, description="how long sent and received messages stay on record; longer than any replay"
    )
    retention_keys_hours: int = Field(
        24, ge=1, le=720, description="how long a request may be sent again with its Idempotency-Key"
    )
    log_format: LogFormat = LogFormat.JSON
    log_level: str = "INFO"
    access_log: bool = True
