"""The token endpoint's tables."""

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, Table, Text

from services.chassis.database import UtcDateTime
from services.chassis.idempotency import idempotency_keys_table
from services.chassis.tables import message_tables

metadata = MetaData()
messages = message_tables(metadata)
idempotency_keys = idempotency_keys_table(metadata)

clients = Table(
    "clients",
    metadata,
    Column("id", Text, primary_key=True, comment="chosen by the operator: `azp` and `sub` of its tokens"),
    Column("organisation", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("scopes", Text, nullable=False, comment="with spaces in between"),
    Column("registered_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime, comment="from then on it gets no token"),
)

client_keys = Table(
    "client_keys",
    metadata,
    Column("client_id", ForeignKey("clients.id"), primary_key=True),
    Column("id", Text, primary_key=True, comment="`kid`: the client's own, or the thumbprint (RFC 7638)"),
    Column("jwk", Text, nullable=False, comment="the public key, as a JWK (RFC 7517)"),
    Column("added_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, comment="it was replaced, and counts until then"),
)

used_assertions = Table(
    "used_assertions",
    metadata,
    Column("client_id", ForeignKey("clients.id"), primary_key=True),
    Column("jti", Text, primary_key=True),
    Column("used_at", UtcDateTime, nullable=False),
    Column("forget_at", UtcDateTime, nullable=False, comment="when it has expired, and no longer counts for the rate"),
    Index("used_assertions_of_client", "client_id", "used_at"),
    Index("used_assertions_forget", "forget_at"),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("number", Integer, primary_key=True, comment="of two replicas that make the next one, one is too late"),
    Column("id", Text, nullable=False, comment="`kid`: the thumbprint (RFC 7638)"),
    Column("private_key", Text, nullable=False, comment="PKCS #8 in PEM, encrypted with what is in the key file"),
    Column("jwk", Text, nullable=False, comment="the public key, as a JWK (RFC 7517)"),
    Column("signs_from", UtcDateTime, nullable=False),
)
