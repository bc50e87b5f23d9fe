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
    broker_url: SecretStr | None = Field(None, description="amqp://… or amqps://…; none in the embedded mode")
    broker_prefix: str = Field(DEFAULT_PREFIX, description="begins the name of each exchange and queue", max_length=60)
    database_pool_size: int = Field(8, ge=1, le=100)
    host: str = Field("127.0.0.1", description="the address to listen on")
    port: int = Field(8080, ge=0, le=65535)
    behind_tls: bool = Field(default=False, description="a proxy in front speaks TLS: send HSTS")
    token_issuer: str = Field("urn:doorstroom:development", description="the `iss` that tokens must have")
    token_audience: str = Field("doorstroom", description="the `aud` that tokens must have")
    token_keys_file: Path | None = Field(None, description="a JWKS file with the issuer's public keys")
    drain_seconds: float = Field(
        0.0, ge=0, le=60, description="how long to serve on after readiness turned false, so that balancers notice"
    )
    retention_days: int = Field(
        14, ge=1, le=3650, description="how long sent and received messages stay on record; longer than any replay"
    )
    log_format: LogFormat = LogFormat.JSON
    log_level: str = "INFO"
    access_log: bool = True
