"""Books of a worker that dies."""

from collections.abc import Callable
from typing import Any

from platforms.ledger import Find, MemoryLedger


class Killed(BaseException):
    """The worker died here."""


class MortalLedger(MemoryLedger):
    """Dies once, at the n-th moment: before a step, after it was done, or after it was written down."""

    def __init__(self, dies_at: int) -> None:
        super().__init__()
        self.left = dies_at

    def moment(self) -> None:
        self.left -= 1
        if self.left == -1:
            raise Killed

    def step(self, do: Callable[[], Any]) -> Callable[[], Any]:
        def deadly() -> Any:
            self.moment()
            result = do()
            self.moment()
            return result

        return deadly

    def repeat(self, name: str, do: Callable[[], Any]) -> Any:
        is_new = name not in self.results
        result = super().repeat(name, self.step(do))
        if is_new:
            self.moment()
        return result

    def once(self, name: str, do: Callable[[], Any], *, find: Find) -> Any:
        is_new = name not in self.results
        result = super().once(name, self.step(do), find=find)
        if is_new:
            self.moment()
        return result
