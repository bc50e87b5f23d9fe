"""Which trace what happens now belongs to, from the first request to the last notification (W3C Trace Context).

Without an operator's wish nothing is recorded and no library is loaded: the trace that a request brought is handed on
in the events that it causes, as it came. With it, each step is a span whose context is handed on instead.
"""

from services.chassis.tracing.steps import (
    Begin,
    Kind,
    Step,
    begin,
    cause_of,
    forward,
    handling,
    is_recording,
    publishing,
    record_with,
    serving,
)

__all__ = [
    "Begin",
    "Kind",
    "Step",
    "begin",
    "cause_of",
    "forward",
    "handling",
    "is_recording",
    "publishing",
    "record_with",
    "serving",
]
