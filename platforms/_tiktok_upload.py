"""TikTok's upload: pieces in order, the rest merged into the last, taken up again where TikTok says it is."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from platforms.chunks import Chunk, chunks
from platforms.content import MediaFile
from platforms.errors import MediaRejected, Unavailable
from platforms.failures import by_status
from platforms.transport import Answer

# Right whether TikTok's MB is 10^6 or 2^20 bytes: pieces of 5 to 64 MB, the last one up to twice as long.
PIECE = 10_000_000
WHOLE = 20_000_000  # below this a file goes in one piece
REFUSED = frozenset({400, 413, 415, 422})

Put = Callable[[Chunk], Answer]


@dataclass(frozen=True)
class Plan:
    """How a file of `total` bytes is cut."""

    total: int

    @property
    def piece(self) -> int:
        return self.total if self.total < WHOLE else PIECE

    @property
    def count(self) -> int:
        return max(1, self.total // max(self.piece, 1))

    @property
    def last(self) -> int:
        """Where the last piece begins."""
        return (self.count - 1) * self.piece

    def cut(self, file: MediaFile, start: int) -> Chunk:
        """The piece of a file that begins there."""
        length = self.piece if start < self.last else self.total - start
        return next(chunks(file, length, start))

    def stored(self, answer: Answer) -> int | None:
        """How many bytes TikTok holds, by its Content-Range; its last number may be an index or a count."""
        said = re.match(r"bytes \d+-(\d+)/", answer.headers.get("Content-Range", ""))
        if not said:
            return None
        borders = {*range(0, self.last + 1, self.piece), self.total}
        return next((count for count in (int(said[1]) + 1, int(said[1])) if count in borders), None)


def send(file: MediaFile, put: Put, start: int, stop: int) -> bool:
    """Send the pieces from byte `start` to `stop`. False where TikTok no longer has the upload (403, 404)."""
    plan = Plan(file.size)
    for _ in range(2 * plan.count + 1):
        if start >= stop:
            return True
        chunk = plan.cut(file, start)
        answer = put(chunk)
        if answer.status in {403, 404}:
            return False
        if answer.status == 416:
            stored = plan.stored(answer)
            if stored is None or stored == start:
                break
            start = stored
        elif answer.ok:
            start = chunk.last + 1
        elif answer.status in REFUSED:
            raise MediaRejected(
                "TikTok did not take the bytes of the video.", status=answer.status, detail=answer.text
            )
        else:
            raise by_status("TikTok", answer)
    raise Unavailable("TikTok did not say where the upload should go on.")
