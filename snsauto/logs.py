"""Log lines: structured, one per event, with everything that looks like a secret blacked out."""

import logging
import logging.config
import re
import sys
import threading
from typing import Any

import structlog
from django.utils.module_loading import import_string

from publishing.worklog import TOLD

NAMES = (
    r"(?:access|refresh|id|bot|api)_?(?:token|jwt|key)|client_?secret|(?:app_?)?password|private_?key|"
    r"authorization|code_verifier|cookie|sessionid"
)
NAMED = re.compile(
    rf"(?i)({NAMES}|\bcode)([\"']?\s*[=:]\s*[\"']?)(?:(?:bearer|dpop|basic|token)\s+)?[^\s\"'&,}}]+"
)
# what is secret whatever it is called: signed tokens, bots' tokens, private keys
SHAPED = re.compile(
    r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*|\b\d{6,}:[\w-]{30,}|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END|$)",
    re.DOTALL,
)
SECRET_NAME = re.compile(rf"(?i)(?:{NAMES})")
PLAIN = (bool, int, float, type(None))

log = structlog.get_logger(__name__)


def redact(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Black out what is named like a secret or looks like one, in words, addresses, bodies and objects."""
    return {key: value if key.startswith("_") else _safe(value, key) for key, value in event.items()}


def _safe(value: Any, name: str = "") -> Any:
    """A value as it may be written: objects as what they say of themselves."""
    if isinstance(value, PLAIN):
        return value
    if SECRET_NAME.fullmatch(name):
        return "***"
    if isinstance(value, dict):
        return {key: _safe(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_safe(inner) for inner in value]
    words = value if isinstance(value, str) else repr(value)
    return SHAPED.sub("***", NAMED.sub(r"\1\2***", words))


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    redact,
]
# Our own lines go the standard library's way too: one level, one handler, one format for all.
structlog.configure(
    processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
)


def formatter(renderer: str) -> logging.Formatter:
    """The standard library's formatter that writes structlog's lines."""
    drawn = import_string(renderer)
    look = {"colors": sys.stderr.isatty()} if drawn is structlog.dev.ConsoleRenderer else {}
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, drawn(**look)],
    )


class WithoutProbes(logging.Filter):
    """Drops what Django says of a desk that is not ready: health.py says it in words."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        return record.exc_info is not None or getattr(request, "path", "") != "/health/ready"


def configure(config: dict[str, Any]) -> None:
    """LOGGING_CONFIG: Django's settings, and everything that would go past them to stderr."""
    logging.config.dictConfig(config)
    logging.captureWarnings(True)
    threading.excepthook = thread_ended


def thread_ended(fault: threading.ExceptHookArgs) -> None:
    """A thread that a fault of ours has ended says so in a line; where the delivery has told it, in short."""
    error = fault.exc_value
    if error is None or isinstance(error, SystemExit):
        return
    name = fault.thread.name if fault.thread else ""
    told = TOLD in getattr(error, "__notes__", ())
    log.error("a thread ended by a fault", thread=name, error=repr(error), exc_info=None if told else error)
