"""The registry's tables. The partial unique indexes hold the first invariant, whatever the code does."""

from collections.abc import Iterable

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    TextClause,
    Uuid,
    false,
    text,
)

from services.chassis.database import UtcDateTime
from services.chassis.idempotency import idempotency_keys_table
from services.chassis.tables import message_tables
from services.registry.domain.draw import NO_LOT
from services.registry.domain.model import ACTIVE_OFFER_STATES, LIVE_ENTRY_STATES, OPEN_OFFER_STATES

metadata = MetaData()
messages = message_tables(metadata)
idempotency_keys = idempotency_keys_table(metadata)


def _state_in(states: Iterable[str]) -> TextClause:
    return text("state IN ({})".format(", ".join(f"'{state}'" for state in states)))


_ACTIVE = _state_in(ACTIVE_OFFER_STATES)
_LIVE = _state_in(LIVE_ENTRY_STATES)
_WAITING = text("state = 'waiting'")
_PAUSED = text("state = 'paused'")
_IN_LINE = text("state = 'waiting' OR state = 'paused'")
_OPEN = text("state = 'open'")
_RUNNING = text("published_at IS NULL")
_DRAWN = "in a draw between those who have waited equally long"
_DUE = _state_in(OPEN_OFFER_STATES)
_ACCEPTED = text("state = 'accepted'")
_TO_REMIND = text("state = 'made' AND remind_at IS NOT NULL")
_TO_RESUME = text("state = 'paused' AND paused_until IS NOT NULL")
_RELEASED = text("state = 'paused' AND released")
_TO_LAPSE = text(f"{_LIVE} AND eligible_until IS NOT NULL")
_RUNNING = text("withdrawn_at IS NULL")
_TO_WARN = text("warn_at IS NOT NULL")
_MERGED = text("merged_into IS NOT NULL")
_STILL = text("ended_at IS NULL")
_FULFILLED = text("state = 'fulfilled'")
_PLACED = text("state = 'fulfilled' AND ended_at IS NULL")

waitlists = Table(
    "waitlists",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("profile_count", Integer, nullable=False, comment="rises with each new profile, so caches know"),
    Column(
        "policy", Text, nullable=False, server_default="", comment="by which version what is free was looked at last"
    ),
)

cases = Table(
    "cases",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("coordinator", Text, nullable=False, comment="the organisation that speaks for the person"),
    Column("profile", Text, nullable=False, comment="canonical JSON of what eligibility looks at"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("region", Text, comment="where shelter is preferred"),
    Column("secrecy_wanted", Text, nullable=False, server_default="known"),
    Column("merged_into", Uuid, comment="the case that this one is the same person as"),
    Index("cases_by_coordinator", "coordinator", "id"),
    Index("cases_merged", "merged_into", postgresql_where=_MERGED, sqlite_where=_MERGED),
)

members = Table(
    "members",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False),
    Column("registered_for", Boolean, nullable=False, comment="the person whom the case is about"),
    Column("sex", Text, nullable=False),
    Column("age_band", Text, nullable=False),
    Column("child", Boolean, nullable=False, comment="comes along as a child"),
    Column("wheelchair", Boolean, nullable=False),
    Column("needs", Text, nullable=False, comment="JSON list"),
    Index("members_of_case", "case_id", "id"),
)

referrals = Table(
    "referrals",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False),
    Column("organisation", Text, nullable=False, comment="which took the report"),
    Column("referrer", Text, nullable=False),
    Column("police_unit", Text),
    Column("kmar_district", SmallInteger),
    Column("reference", Uuid, comment="the report's own id at the referrer"),
    Column("reported_at", UtcDateTime, nullable=False),
    Index("referrals_of_case", "case_id", "id"),
    Index("referrals_once", "organisation", "referrer", "reference", unique=True),
)

consents = Table(
    "consents",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("legal_basis", Text, nullable=False),
    Column("given_at", UtcDateTime, nullable=False),
    Column("withdrawn_at", UtcDateTime),
    Index("consents_of_case", "case_id", "id"),
    Index("consents_running", "case_id", "purpose", unique=True, postgresql_where=_RUNNING, sqlite_where=_RUNNING),
)

exclusions = Table(
    "exclusions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False),
    Column("region", Text),
    Column("municipality_code", Text),
    Column("facility_id", Uuid),
    Column("set_at", UtcDateTime, nullable=False),
    Column("lifted_at", UtcDateTime),
    Index("exclusions_of_case", "case_id", "id"),
)

exclusion_reasons = Table(
    "exclusion_reasons",
    metadata,
    Column("exclusion_id", ForeignKey("exclusions.id"), primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False),
    Column("ciphertext", LargeBinary, nullable=False, comment="who set the rule and why"),
    Index("exclusion_reasons_of_case", "case_id"),
)

reflection_periods = Table(
    "reflection_periods",
    metadata,
    Column("case_id", ForeignKey("cases.id"), primary_key=True, comment="once, so one for each case"),
    Column("started_on", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("ended_on", Date, comment="before its time"),
    Column("end_reason", Text),
    Column("warn_at", UtcDateTime, comment="when it is next to be said that it ends soon"),
    Column("warnings", SmallInteger, nullable=False, server_default="0", comment="how often that was said"),
    Index("reflection_periods_to_warn", "warn_at", "case_id", postgresql_where=_TO_WARN, sqlite_where=_TO_WARN),
)

permits = Table(
    "permits",
    metadata,
    Column("case_id", ForeignKey("cases.id"), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("granted_on", Date, nullable=False),
)

contact_attempts = Table(
    "contact_attempts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False),
    Column("offer_id", Uuid),
    Column("channel", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("attempted_at", UtcDateTime, nullable=False),
    Index("contact_attempts_of_case", "case_id", "id"),
)

placements = Table(
    "placements",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False),
    Column("coordinator", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("programme", Text),
    Column("unit_id", Uuid),
    Column("since", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("review", Text),
    Column("reviewed_at", UtcDateTime),
    Column("conflict", Text, comment="why they cannot be in that unit, as its provider's service says"),
    Index("placements_by_coordinator", "coordinator", "id"),
    Index("placements_one_per_case", "case_id", unique=True, postgresql_where=_STILL, sqlite_where=_STILL),
)

case_mergers = Table(
    "case_mergers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("survivor_id", ForeignKey("cases.id"), nullable=False),
    Column("merged_id", ForeignKey("cases.id"), nullable=False),
    Column("coordinator", Text, nullable=False),
    Column("merged_at", UtcDateTime, nullable=False),
    Column("changed", Text, nullable=False, comment="JSON: what became of the entries, to take it back"),
    Column("undone_at", UtcDateTime),
    Column("undo_reason", Text),
    Index("case_mergers_by_coordinator", "coordinator", "id"),
)

personal_data = Table(
    "personal_data",
    metadata,
    Column("case_id", ForeignKey("cases.id"), primary_key=True),
    Column("field", Text, primary_key=True),
    Column("ciphertext", LargeBinary, nullable=False, comment="AES-256-GCM with the case's own key"),
    Column("stored_at", UtcDateTime, nullable=False),
)

case_keys = Table(
    "case_keys",
    metadata,
    # No reference to cases, so that this table can be kept elsewhere, and out of backups.
    Column("case_id", Uuid, primary_key=True),
    Column("wrapped_key", LargeBinary, nullable=False, comment="encrypted with the key of the installation"),
    Column("made_at", UtcDateTime, nullable=False),
)

installation = Table(
    "installation",
    metadata,
    Column("id", SmallInteger, primary_key=True, comment="always 1: there is one row"),
    Column("key_name", Text, comment="of the key in use; empty before it was turned over"),
    Column("subjects_key", LargeBinary, comment="of the processing log, encrypted with it"),
    Column("reference_key", LargeBinary, comment="of the references of all organisations; as old as the column"),
)

profiles = Table(
    "profiles",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("waitlist", ForeignKey("waitlists.id"), nullable=False),
    Column("profile", Text, nullable=False, comment="canonical JSON of what eligibility looks at"),
    Index("profiles_unique", "waitlist", "profile", unique=True),
)

entries = Table(
    "entries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("waitlist", ForeignKey("waitlists.id"), nullable=False),
    Column("case_id", ForeignKey("cases.id"), nullable=False),
    Column("profile_id", ForeignKey("profiles.id"), nullable=False),
    Column("coordinator", Text, nullable=False),
    Column("precedence", SmallInteger, nullable=False, comment="9 - urgency, so that the whole order ascends"),
    Column("waiting_since", UtcDateTime, nullable=False),
    Column("state", Text, nullable=False),
    Column("eligible_until", UtcDateTime, comment="when the right to this kind of shelter ends"),
    Column("lacks", Text, nullable=False, server_default="", comment="consent, permit or both"),
    Column("paused_until", UtcDateTime),
    Column("pause_reason", Text),
    Column("released", Boolean, nullable=False, server_default=false(), comment="by an acceptance elsewhere"),
    Column("silences", SmallInteger, nullable=False, server_default="0", comment="unanswered offers in a row"),
    Column("calls", SmallInteger, nullable=False, server_default="0", comment="for somebody to contact them"),
    Column("lot", Uuid, nullable=False, server_default=NO_LOT.hex, comment=_DRAWN),
    Index(
        "entries_next_of_profile",
        "profile_id",
        "precedence",
        "waiting_since",
        "lot",
        "id",
        postgresql_where=_WAITING,
        sqlite_where=_WAITING,
    ),
    Index(
        "entries_in_line",
        "waitlist",
        "precedence",
        "waiting_since",
        "lot",
        "id",
        postgresql_where=_IN_LINE,
        sqlite_where=_IN_LINE,
    ),
    Index("entries_paused", "waitlist", postgresql_where=_PAUSED, sqlite_where=_PAUSED),
    Index("entries_live", "case_id", "waitlist", unique=True, postgresql_where=_LIVE, sqlite_where=_LIVE),
    Index("entries_by_case", "case_id", "waitlist", "id"),
    Index("entries_by_coordinator", "coordinator", "id"),
    Index("entries_to_resume", "paused_until", "id", postgresql_where=_TO_RESUME, sqlite_where=_TO_RESUME),
    Index("entries_released", "case_id", postgresql_where=_RELEASED, sqlite_where=_RELEASED),
    Index("entries_to_lapse", "eligible_until", "id", postgresql_where=_TO_LAPSE, sqlite_where=_TO_LAPSE),
)

draws = Table(
    "draws",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("waitlist", ForeignKey("waitlists.id"), nullable=False),
    Column("seed", LargeBinary, nullable=False, comment="secret until it is published"),
    Column("committed_at", UtcDateTime, nullable=False),
    Column("published_at", UtcDateTime),
    Index("draws_running", "waitlist", unique=True, postgresql_where=_RUNNING, sqlite_where=_RUNNING),
)

vacancies = Table(
    "vacancies",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("waitlist", ForeignKey("waitlists.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("resource_id", Uuid, nullable=False, comment="the unit or slot"),
    Column("terms", Text, nullable=False, comment="canonical JSON of whom it can take"),
    Column("state", Text, nullable=False),
    Column("source_version", Integer, nullable=False, comment="of the owner's last event seen"),
    Column("allocation_version", Integer, nullable=False, comment="of our own last event about it"),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("available_from", UtcDateTime, nullable=False),
    Column("offerable_until", UtcDateTime, comment="the end of its lease"),
    Column("affirmed_at", UtcDateTime, comment="when its owner last said something of it again"),
    Index("vacancies_open", "waitlist", "opened_at", "id", postgresql_where=_OPEN, sqlite_where=_OPEN),
    Index("vacancies_by_resource", "resource_id"),
)

offers = Table(
    "offers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("vacancy_id", ForeignKey("vacancies.id"), nullable=False),
    Column("entry_id", ForeignKey("entries.id"), nullable=False),
    Column("case_id", ForeignKey("cases.id"), nullable=False),
    Column("waitlist", ForeignKey("waitlists.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("coordinator", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("made_at", UtcDateTime, nullable=False),
    Column("deadline_at", UtcDateTime, nullable=False),
    Column("full_deadline_at", UtcDateTime, comment="if neither lease nor right ended before; empty when neither does"),
    Column("accepted_at", UtcDateTime, comment="when they said yes; none where that was before it was kept"),
    Column("decided_at", UtcDateTime),
    Column("claimed_at", UtcDateTime),
    Column("ended_at", UtcDateTime, comment="a placement that is over: departed, or housed"),
    Column("remind_at", UtcDateTime, comment="when its deadline is near; empty once that was said"),
    Column("decided_by", Text, comment="the organisation that answered"),
    Column("undone", Text, comment="why its answer was taken back"),
    Column("policy", Text, nullable=False, server_default="", comment="the version of the programme that made it"),
    Index("offers_one_per_vacancy", "vacancy_id", unique=True, postgresql_where=_ACTIVE, sqlite_where=_ACTIVE),
    Index("offers_one_per_entry", "entry_id", unique=True, postgresql_where=_ACTIVE, sqlite_where=_ACTIVE),
    Index("offers_of_vacancy", "vacancy_id"),
    Index("offers_due", "deadline_at", "id", postgresql_where=_DUE, sqlite_where=_DUE),
    Index("offers_to_remind", "remind_at", "id", postgresql_where=_TO_REMIND, sqlite_where=_TO_REMIND),
    Index("offers_accepted", "case_id", postgresql_where=_ACCEPTED, sqlite_where=_ACCEPTED),
    Index("offers_placed", "case_id", postgresql_where=_PLACED, sqlite_where=_PLACED),
    Index("offers_fulfilled", "waitlist", "decided_at", "id", postgresql_where=_FULFILLED, sqlite_where=_FULFILLED),
    Index("offers_by_coordinator", "coordinator", "id"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("vacancy_id", ForeignKey("vacancies.id"), nullable=False),
    Column("offer_id", ForeignKey("offers.id"), nullable=False),
    Column("entry_id", ForeignKey("entries.id"), nullable=False),
    Column("policy", Text, nullable=False),
    Column("decided_at", UtcDateTime, nullable=False),
    Column("snapshot", Text, comment="canonical JSON of all that was looked at; none before decisions kept it"),
    Column("explanation", Text, nullable=False, comment="canonical JSON of what follows from the snapshot"),
    Column("digest", Text, nullable=False, comment="SHA-256 of both"),
    Index("decisions_by_offer", "offer_id", unique=True),
)

processing_log = Table(
    "processing_log",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("trace_id", Text, nullable=False, comment="the same as in the audit log"),
    Column("span_id", Text, nullable=False),
    Column("status", Text, nullable=False, comment="ok"),
    Column("name", Text, nullable=False, comment="the operation"),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime, nullable=False),
    Column("processing_activity", Text, nullable=False, comment="as in the controller's register (GDPR, article 30)"),
    Column("subject", Text, nullable=False, comment="the case, encrypted: the same for the same"),
    Index("processing_log_of_subject", "subject", "id"),
)
