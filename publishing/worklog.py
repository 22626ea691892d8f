"""What is logged while a delivery is worked on carries its number and its network, whoever logs it."""

from types import TracebackType
from typing import Self

import structlog
from structlog.contextvars import bound_contextvars

log = structlog.get_logger(__name__)

TOLD = "(logged with its delivery)"  # a note on a fault, so that it is told in full only once


class Worklog:
    """Around the work on a delivery. A fault of ours is logged here, with the delivery, and goes on."""

    def __init__(self, delivery: int, network: str) -> None:
        self._names = bound_contextvars(delivery=delivery, network=network)

    def __enter__(self) -> Self:
        self._names.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            log.error("a fault of ours cut the work off; the lease runs out", exc_info=error)
            error.add_note(TOLD)
        self._names.__exit__(kind, error, trace)
