"""Row-level security on PostgreSQL: what a request runs confined to its organisation, whatever our own filters do.

Two roles without a login stand for what a service does. As `doorstroom_service` it acts for itself: consumers, timers,
the relay, and what follows from a request for everyone. As `doorstroom_confined` it acts for one organisation, named in
a setting, and the policies show it nothing else. Every service's login is a member of both; it is confined by the very
statement that begins the transaction, so that costs no round trip, and all of it ends with the transaction.

To act for everyone, a policy is simply true, and PostgreSQL leaves it out of the plan.
"""

import re

CONFINED = "doorstroom_confined"
SERVICE = "doorstroom_service"
ORGANISATION = "doorstroom.organisation"
"""The setting that names whose rows may be seen."""

_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
"""What an organisation's name looks like at most: nothing that would have to be escaped."""

MAY_CONFINE = """
SELECT coalesce(
  pg_has_role(to_regrole('doorstroom_confined')::oid, 'MEMBER')
    AND pg_has_role(to_regrole('doorstroom_service')::oid, 'USAGE'),
  (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user)
) AS answer
"""
"""Whether who asks may act as either role; where these are not there yet, whether they can be made."""


def begin(confined_to: str | None) -> str:
    """What begins a transaction. Raises ValueError for what cannot be an organisation's name."""
    if confined_to is None:
        return _BEGIN
    if not _NAME.fullmatch(confined_to):
        message = "an organisation's name has only letters, digits and . _ : -"
        raise ValueError(message)
    return f"{_BEGIN}; SET LOCAL ROLE {CONFINED}; SET LOCAL {ORGANISATION} = '{confined_to}'"


def widen() -> str:
    """What makes a confined transaction act for everyone from now on."""
    return "SET LOCAL ROLE NONE"
