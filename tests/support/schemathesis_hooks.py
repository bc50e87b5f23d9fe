"""Loaded by Schemathesis: what its own checks cannot ask.

`positive_data_acceptance` takes any 400 for a request that JSON Schema allows as a fault, and JSON Schema cannot
say everything. So that check lets a 400 pass, and this one looks whether it was for a rule that is beyond a schema.
"""

import json
import re

import schemathesis
from schemathesis import Case, CheckContext, Response

BEYOND_A_SCHEMA = (
    # What only we can have given.
    "not a cursor of this list",
    # A moment or a day, compared with today.
    "must not be in the past",
    "must not be in the future",
    "must be in the future",
    "must not be more than a year ahead",
    "must be today or later",
    "there is no such week",
    # What is an address depends on the channel, and on whether it is one of the public internet.
    "the address must",
    "the address is not an address",
    # One field, compared with another.
    "must not be before startson",
    "must not be more than places",
    "a household has at least one member",
    "give either caseid or household",
    "give exactly one of region",
    "give unitid of a unit of yours",
    "give slotid, or else places",
    "with a slotid the home is known",
    "populations are of a 1 january",
    "begins and ends differ",
    "lastday is not before firstday",
    # What is of one channel, or of one installation.
    "must be one e-mail address",
    "is not set up in this installation",
    # Somebody whom only we can know.
    "must be a colleague who has stored preferences",
)

ONE_OF_MANY = re.compile(r"/vacancies/\d+")
"""Of many that are sent at once, this one does not go together with what is stored."""


@schemathesis.check
def refused_for_what_no_schema_can_say(_context: CheckContext, response: Response, case: Case) -> None:
    """A request that the schema allows is refused for nothing else."""
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or response.status_code != 400:
        return
    if case.operation.label == "POST /token":
        return  # What proves who a client is, cannot be made from a schema; OAuth has no list of errors.
    if not re.fullmatch(str(_if_match(case)["pattern"]), case.headers.get("If-Match", "*")):
        return  # The tool gives 0 for this header, which its schema does not allow.
    errors = json.loads(response.content)["errors"]
    messages = [error["message"] for error in errors if not ONE_OF_MANY.fullmatch(error["pointer"])]
    unknown = [text for text in messages if not any(reason in text.lower() for reason in BEYOND_A_SCHEMA)]
    assert not unknown, f"the schema allows it, and the service does not: {unknown}"


def _if_match(case: Case) -> dict[str, object]:
    """What the document says of the header; of an operation without it, that anything goes."""
    headers = [header for header in case.operation.headers if header.name == "If-Match"]
    return headers[0].definition["schema"] if headers else {"pattern": ".*"}
