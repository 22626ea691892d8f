"""The protocol of durable steps: a recipe that was cut off anywhere goes on where it stopped.

A client writes its `publish` as named steps. Results are JSON and are read back on the next run, so a step
that is done is never done again.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from platforms.content import Json, Published
from platforms.errors import Duplicate, NotReady, OutcomeUnknown, PlatformError, Unavailable

J = TypeVar("J", bound=Json)
T = TypeVar("T")


class Find(Protocol):
    """Look for what a step may have made since a moment: its result, or None where it surely is not.

    Raises OutcomeUnknown where nobody can tell (yet).
    """

    def __call__(self, since: datetime) -> Json: ...


class Ledger(Protocol):
    """What a client may ask of the one who keeps the books."""

    def repeat(self, name: str, do: Callable[[], J]) -> J:
        """Run a step that does no harm when run again; a stored result is returned without running."""
        ...

    def once(self, name: str, do: Callable[[], J], *, find: Find) -> J:
        """Run a step that the public sees, at most once: intent stored before, result after, else `find`."""
        ...

    def wait(self, name: str, ready: Callable[[], bool], *, every: float, at_most: float) -> None:
        """Go on when `ready()`; else NotReady for `every` seconds, and Unavailable after `at_most`."""
        ...

    def stands(self, published: Published) -> None:
        """The post is whole and public. Whatever fails from here on (a first comment, a playlist) is told
        beside it, and never makes it a failure."""
        ...


class MemoryLedger:
    """The same promises without a database, for tests and one-off calls."""

    def __init__(self) -> None:
        self.results: dict[str, Json] = {}
        self.intents: dict[str, datetime] = {}
        self.waits: dict[str, datetime] = {}
        self.standing: Published | None = None

    def stands(self, published: Published) -> None:
        self.standing = published

    def repeat(self, name: str, do: Callable[[], J]) -> J:
        if name not in self.results:
            self.results[name] = repeatable(do)
        return self.results[name]  # type: ignore[return-value]

    def once(self, name: str, do: Callable[[], J], *, find: Find) -> J:
        if name not in self.results:
            earlier = self.intents.get(name)
            found = find(earlier) if earlier else None
            self.results[name] = self._send(name, do, find) if found is None else found
        return self.results[name]  # type: ignore[return-value]

    def _send(self, name: str, do: Callable[[], J], find: Find) -> Json:
        earlier = self.intents.get(name)
        self.intents[name] = datetime.now(UTC)
        try:
            return do()
        except OutcomeUnknown:
            raise
        except PlatformError as error:
            if earlier is None or not isinstance(error, Duplicate):
                del self.intents[name]
                raise
            return must_find(find, earlier, error)

    def wait(self, name: str, ready: Callable[[], bool], *, every: float, at_most: float) -> None:
        if self.results.get(name):
            return
        now = datetime.now(UTC)
        since = self.waits.setdefault(name, now)
        if ready():
            self.results[name] = True
        elif now - since > timedelta(seconds=at_most):
            raise Unavailable("The network did not finish processing in time.")
        else:
            raise NotReady("The network is still processing.", retry_at=now + timedelta(seconds=every))


def must_find(find: Find, since: datetime, error: Duplicate) -> Json:
    """What stands there: the network says that it has this already, and it was sent before."""
    found = find(since)
    if found is None:
        raise OutcomeUnknown(error.message, status=error.status, detail=error.detail) from error
    return found


def repeatable(do: Callable[[], T]) -> T:
    """Run what may be run twice: there an unknown outcome is as good as none."""
    try:
        return do()
    except OutcomeUnknown as error:
        raise Unavailable(error.message, status=error.status, detail=error.detail) from error
