"""Log lines: structured, one per event, with everything that looks like a secret blacked out."""

import logging
import re
import sys
from typing import Any

import structlog
from django.utils.module_loading import import_string

SECRET = re.compile(
    r"(?i)((?:access|refresh|id)_?(?:token|jwt)|client_secret|password|authorization|code_verifier|\bcode)"
    r"(\"?\s*[=:]\s*\"?)(?:(?:bearer|dpop|basic|token)\s+)?[^\s\"&,}]+"
)


def redact(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Black out values whose name says that they are secret, also inside addresses and bodies."""
    return {
        key: SECRET.sub(r"\1\2***", value) if isinstance(value, str) else value
        for key, value in event.items()
    }


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
