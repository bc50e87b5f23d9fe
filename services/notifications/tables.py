"""The notifications' tables."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)

from services.chassis.database import UtcDateTime
from services.chassis.idempotency import idempotency_keys_table
from services.chassis.tables import message_tables

metadata = MetaData()
messages = message_tables(metadata)
idempotency_keys = idempotency_keys_table(metadata)

recipients = Table(
    "recipients",
    metadata,
    Column("id", Text, primary_key=True, comment="the organisation"),
    Column("last_sequence", BigInteger, nullable=False),
)

subjects = Table(
    "subjects",
    metadata,
    Column("id", Uuid, primary_key=True, comment="what notifications were about, such as an offer"),
    Column("version", Integer, nullable=False, comment="of the newest event seen: an older one is no news"),
    Column("waitlist", Text, comment="of an offer, where that is known; what its recipient knows of their own case"),
    Column("region", Text, comment="where the household looks first"),
    Column("case_id", Uuid, comment="the recipient's own reference"),
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("recipient", ForeignKey("recipients.id"), nullable=False),
    Column("sequence", BigInteger, nullable=False, comment="rises by one for each recipient, in the order of commits"),
    Column("kind", Text, nullable=False),
    Column("subject", Uuid, nullable=False),
    Column("dataref", Text, nullable=False),
    Column("list_kind", Text, comment="what the list is for, where the event knows one"),
    Column("notified_at", UtcDateTime, nullable=False),
    Index("notifications_of_recipient", "recipient", "sequence", unique=True),
)

_MAY_BE_DUE = text("due_at IS NOT NULL")

reminders = Table(
    "reminders",
    metadata,
    Column("id", Uuid, primary_key=True, comment="the offer that waits for an answer; gone once it is decided"),
    Column("recipient", Text, nullable=False),
    Column("list_kind", Text, nullable=False, comment="by which ladder"),
    Column("began_at", UtcDateTime, nullable=False),
    Column("deadline_at", UtcDateTime, nullable=False),
    Column("told_until", UtcDateTime, nullable=False, comment="every step up to then has been taken"),
    Column("due_at", UtcDateTime, comment="when to look at it next; null: there is no further step"),
    Index("reminders_due", "due_at", "id", postgresql_where=_MAY_BE_DUE, sqlite_where=_MAY_BE_DUE),
)

preferences = Table(
    "preferences",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("subject", Text, primary_key=True, comment="whose tokens have it as `sub`"),
    Column("language", Text, nullable=False),
    Column("quiet_begins", Text, comment="hours and minutes in the Netherlands; null: no quiet hours"),
    Column("quiet_ends", Text),
    Column("quiet_weekends", Boolean, nullable=False),
    Column("urgent_passes", Boolean, nullable=False),
    Column("absent_from", Date),
    Column("absent_until", Date, comment="the last day, included"),
    Column("substitute", Text, comment="a subject of the same organisation"),
)

_IS_DUE, _PENDING, _DEAD = text("due_at IS NOT NULL"), text("state = 'pending'"), text("state = 'dead'")
_SETTLED, _DISABLED = text("settled_at IS NOT NULL"), text("state = 'disabled'")

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("organisation", Text, nullable=False, comment="whose inbox it is about"),
    Column("channel", Text, nullable=False),
    Column("person", Text, comment="whose preferences count, a subject; null: no person's"),
    Column("sealed_address", LargeBinary, comment="encrypted: it may be somebody's"),
    Column("kinds", Text, nullable=False, comment="with spaces in between; empty: all"),
    Column("list_kinds", Text, nullable=False, comment="with spaces in between; empty: all"),
    Column("waitlists", Text, nullable=False, server_default="", comment="likewise"),
    Column("regions", Text, nullable=False, server_default="", comment="likewise"),
    Column("cases", Text, nullable=False, server_default="", comment="references of the organisation's, likewise"),
    Column("by_subject", Boolean, nullable=False, comment="whether what is about one thing comes in order"),
    Column("throttle_per_minute", Integer),
    Column("state", Text, nullable=False, comment="verifying, enabled, paused, disabled or removed"),
    Column("reason", Text, comment="why it is not enabled"),
    Column("version", Integer, nullable=False, comment="rises with each change by its owner, or of its state"),
    Column("planned_to", BigInteger, nullable=False, comment="up to this number of the inbox deliveries were made"),
    Column("due_at", UtcDateTime, comment="when there is something to do, as far as is known"),
    Column("blocked_until", UtcDateTime, comment="the receiver asked for it, or the throttle"),
    Column("leased_by", Text, comment="the process that works on it"),
    Column("leased_until", UtcDateTime, comment="until then, unless it says so again"),
    Column("failing_since", UtcDateTime, comment="everything has failed since then"),
    Column("warned_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Index("subscriptions_of_organisation", "organisation", "id"),
    Index("subscriptions_due", "due_at", postgresql_where=_IS_DUE, sqlite_where=_IS_DUE),
    Index("subscriptions_disabled", "id", postgresql_where=_DISABLED, sqlite_where=_DISABLED),
)

secrets = Table(
    "subscription_secrets",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("subscription_id", ForeignKey("subscriptions.id"), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, comment="it was replaced, and is valid until then"),
    Index("subscription_secrets_of_one", "subscription_id", "id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("subscription_id", ForeignKey("subscriptions.id"), nullable=False),
    Column("notification_id", ForeignKey("notifications.id"), nullable=False),
    Column("subject", Uuid, nullable=False, comment="as of the notification"),
    Column("sequence", BigInteger, nullable=False, comment="as of the notification"),
    Column("state", Text, nullable=False, comment="pending, delivered, dead or skipped"),
    Column("tries", Integer, nullable=False, comment="since it was made, or asked for again"),
    Column("attempts", Integer, nullable=False, comment="of all time"),
    Column("due_at", UtcDateTime, comment="when it is tried next"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime, comment="since when it is not pending"),
    Index("deliveries_once", "subscription_id", "notification_id", unique=True),
    Index("deliveries_due", "subscription_id", "due_at", "sequence", postgresql_where=_PENDING, sqlite_where=_PENDING),
    Index(
        "deliveries_in_order",
        "subscription_id",
        "subject",
        "sequence",
        postgresql_where=_PENDING,
        sqlite_where=_PENDING,
    ),
    Index("deliveries_dead", "id", postgresql_where=_DEAD, sqlite_where=_DEAD),
    Index("deliveries_settled", "settled_at", postgresql_where=_SETTLED, sqlite_where=_SETTLED),
)

attempts = Table(
    "delivery_attempts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("delivery_id", ForeignKey("deliveries.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("duration_milliseconds", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("status", Integer),
    Column("reason", Text, nullable=False),
    Index("delivery_attempts_of_one", "delivery_id", "number", unique=True),
)
