"""What a network's refusals mean, as data: a code or words, the failure they stand for, and what to press."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from platforms.errors import PlatformError, RateLimited
from platforms.transport import Answer


@dataclass(frozen=True)
class Failure:
    """One refusal: by the network's `code`, by `words` of its sentence (lower case), or by both.

    `again`: how long a limit holds where the network does not say, `each`: for whom (RateLimited only).
    """

    kind: type[PlatformError]
    message: str
    action: str = ""
    code: str = ""
    words: str = ""
    again: timedelta | None = None
    each: Literal["account", "app"] = "account"

    def means(self, said: "Said") -> bool:
        return (not self.code or self.code in said.codes) and (
            not self.words or self.words in said.sentence.lower()
        )

    def error(self, answer: Answer, retry_at: datetime | None = None) -> PlatformError:
        """The failure as it is raised."""
        if issubclass(self.kind, RateLimited):
            until = retry_at or (datetime.now(UTC) + self.again if self.again else None)
            return self.kind(
                self.message, retry_at=until, status=answer.status, detail=answer.text, each=self.each
            )
        return self.kind(self.message, status=answer.status, detail=answer.text, action=self.action)


@dataclass(frozen=True)
class Said:
    """What an answer says: codes for programs, the most telling first, and the network's own sentence."""

    codes: tuple[str, ...] = ()
    sentence: str = ""
    retry_at: datetime | None = None


def understood(failures: Sequence[Failure], said: Said, answer: Answer) -> PlatformError | None:
    """The failure that is known by the most telling code, else by words; None where nothing is known."""
    for code in said.codes:
        for failure in failures:
            if failure.code == code and failure.means(said):
                return failure.error(answer, said.retry_at)
    for failure in failures:
        if not failure.code and failure.means(said):
            return failure.error(answer, said.retry_at)
    return None
