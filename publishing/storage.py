"""Where media lie: a folder of this machine, or an S3-compatible store that may be away."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import IO, BinaryIO, cast

import structlog
from django.core.files.storage import FileSystemStorage, Storage
from django.utils.timezone import now
from django.utils.translation import gettext as _

from platforms.errors import MediaRejected, NotReady

log = structlog.get_logger(__name__)

LOOK_AGAIN = timedelta(seconds=15)
COPY_BYTES = 1_000_000


class StorageAway(NotReady):
    """The store does not do as asked. To a delivery that is a wait: nothing was sent, nothing failed."""

    code = "storage_away"

    def __init__(self, detail: str = "") -> None:
        message = _("The place where files are kept does not answer. Try again in a minute.")
        super().__init__(message, retry_at=now() + LOOK_AGAIN)
        self.detail = detail[:2000]


def opened(storage: Storage, name: str) -> BinaryIO:
    """A stored file, for whoever sends it. Raises StorageAway, or MediaRejected where the file is gone."""
    try:
        return cast(BinaryIO, storage.open(name, "rb"))
    except FileNotFoundError as error:
        log.error("a file is not where files are kept", file=name)
        raise MediaRejected(
            _("The file is no longer where files are kept."),
            action=_("Take it out of the post and add it again."),
        ) from error


@contextmanager
def on_disk(storage: Storage, name: str) -> Iterator[IO[bytes]]:
    """The file on this machine's disk: itself, or a copy without a name that is gone with the process."""
    with opened(storage, name) as stored:
        if isinstance(storage, FileSystemStorage):
            yield stored
            return
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(stored, copy, COPY_BYTES)
            copy.seek(0)
            yield copy


def forget(storage: Storage, name: str) -> None:
    """Delete a file that no row names any more; where the store is away it stays, and the log says so."""
    try:
        storage.delete(name)
    except StorageAway as error:
        log.warning("a file that nobody needs stays behind", file=name, detail=error.detail)
