"""The audit log: who did or asked what, about which cases, and whether they might (BIO2 8.15).

What happened is first written to `audit_pending`: a change in its own transaction, a read or a refusal before the
answer leaves. A timer moves it from there into `audit_log`, which only grows and in which each line seals all before
it. So nobody who acts waits for whoever acts at the same time, and what is more than a few seconds old cannot be
changed unseen. Neither holds a name, a token or a text that somebody typed.
"""

from services.chassis.audit.action import Action, Result
from services.chassis.audit.chain import Follow, Head, nothing_more, seal, verify
from services.chassis.audit.journal import Journal, write
from services.chassis.audit.tables import AuditTables, audit_tables, create_audit_tables

__all__ = [
    "Action",
    "AuditTables",
    "Follow",
    "Head",
    "Journal",
    "Result",
    "audit_tables",
    "create_audit_tables",
    "nothing_more",
    "seal",
    "verify",
    "write",
]
