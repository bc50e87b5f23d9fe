"""The first schema."""

import sqlalchemy as sa
from alembic import op

from services.chassis.database import UtcDateTime
from services.chassis.first_schema import create_chassis_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_chassis_tables(op)
    op.create_table(
        "clients",
        sa.Column("id", sa.Text(), nullable=False, comment="chosen by the operator: `azp` and `sub` of its tokens"),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False, comment="with spaces in between"),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), comment="from then on it gets no token"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "client_keys",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False, comment="`kid`: the client's own, or the thumbprint (RFC 7638)"),
        sa.Column("jwk", sa.Text(), nullable=False, comment="the public key, as a JWK (RFC 7517)"),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), comment="it was replaced, and counts until then"),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"]),
        sa.PrimaryKeyConstraint("client_id", "id"),
    )
    op.create_table(
        "used_assertions",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("jti", sa.Text(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=False),
        sa.Column(
            "forget_at", UtcDateTime(), nullable=False, comment="when it has expired, and no longer counts for the rate"
        ),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"]),
        sa.PrimaryKeyConstraint("client_id", "jti"),
    )
    op.create_index("used_assertions_of_client", "used_assertions", ["client_id", "used_at"])
    op.create_index("used_assertions_forget", "used_assertions", ["forget_at"])
    op.create_table(
        "signing_keys",
        sa.Column(
            "number", sa.Integer(), nullable=False, comment="of two replicas that make the next one, one is too late"
        ),
        sa.Column("id", sa.Text(), nullable=False, comment="`kid`: the thumbprint (RFC 7638)"),
        sa.Column(
            "private_key", sa.Text(), nullable=False, comment="PKCS #8 in PEM, encrypted with what is in the key file"
        ),
        sa.Column("jwk", sa.Text(), nullable=False, comment="the public key, as a JWK (RFC 7517)"),
        sa.Column("signs_from", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
