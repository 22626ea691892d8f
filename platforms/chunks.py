"""Large files in pieces: each is read when it is sent, so that a file never lies in memory as a whole."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from platforms.content import MediaFile


@dataclass(frozen=True)
class Chunk:
    """Bytes `first` to `last` (both included) of `total`; `number` counts from 0."""

    number: int
    first: int
    last: int
    total: int
    content: bytes = field(repr=False)

    @property
    def content_range(self) -> str:
        """As the header Content-Range tells it (RFC 9110, 14.4)."""
        return f"bytes {self.first}-{self.last}/{self.total}"


def chunks(file: MediaFile, size: int, start: int = 0) -> Iterator[Chunk]:
    """The pieces of a file from byte `start` on, each of `size` bytes but the last."""
    with file.open() as stream:
        stream.seek(start)
        first = start
        while first < file.size:
            content = stream.read(min(size, file.size - first))
            if not content:
                return
            yield Chunk(first // size, first, first + len(content) - 1, file.size, content)
            first += len(content)


def count(file: MediaFile, size: int) -> int:
    """How many pieces a file has."""
    return max(1, -(-file.size // size))
