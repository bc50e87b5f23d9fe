"""Structured logs: one event name and its facts per line, never a secret, a token, or the variables of a frame."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from services.chassis.settings import LogFormat

REDACTED = "[redacted]"
_SECRET_WORDS = ("password", "secret", "token", "authorization", "cookie", "url", "body", "payload")


def configure_logging(log_format: LogFormat, level: str) -> None:
    """Send structlog's and the standard library's records to standard error in the same shape."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(log_format)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("aio_pika", "aiormq", "alembic", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.ERROR)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the value of every key whose name says that it is secret or personal."""
    for key in event:
        if any(word in key.lower() for word in _SECRET_WORDS):
            event[key] = REDACTED
    return event


def _rendering(log_format: LogFormat) -> list[structlog.typing.Processor]:
    if log_format is LogFormat.CONSOLE:
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    # show_locals would print the variables of each frame, and with them people's data.
    frames = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [structlog.processors.ExceptionRenderer(frames), structlog.processors.JSONRenderer()]
