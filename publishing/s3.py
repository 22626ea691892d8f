"""Media on an S3-compatible store: private objects, read piece by piece, every failure told as StorageAway.

Needs requirements-extras.txt. Nothing imports this file but the setting STORAGES.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Lock
from typing import Any, cast

import structlog
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.response import StreamingBody
from django.core.files.base import File
from storages.backends.s3 import S3Storage
from storages.utils import clean_name
from urllib3.exceptions import HTTPError

from publishing.storage import StorageAway

log = structlog.get_logger(__name__)

PIECE_BYTES = 1_000_000
PART_BYTES = 8_000_000
CONNECT_SECONDS = 5
READ_SECONDS = 30
POOL = 64  # connections that are kept; more threads than that open their own
TROUBLE = (BotoCoreError, Boto3Error, ClientError, HTTPError)


@contextmanager
def speaking(verb: str) -> Iterator[None]:
    """Tells whatever goes wrong with the store as StorageAway; the log gets the store's own words."""
    try:
        yield
    except TROUBLE as error:
        log.error("the store of media does not do as asked", asked=verb, error=str(error))
        raise StorageAway(str(error)) from error


class Reading(io.RawIOBase):
    """An object as a file: one request while it is read on, another after a jump, none of it kept.

    A request that breaks off is taken up once where it broke.
    """

    def __init__(self, fetch: Callable[[int], StreamingBody], body: StreamingBody, size: int) -> None:
        self._fetch = fetch
        self._body: StreamingBody | None = body
        self._size = size
        self._at = self._body_at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._size:
            return 0
        try:
            piece = self._read(len(buffer))
        except TROUBLE:
            self._let_go()
            with speaking("read"):
                piece = self._read(len(buffer))
        buffer[: len(piece)] = piece
        self._at += len(piece)
        self._body_at = self._at
        return len(piece)

    def _read(self, most: int) -> bytes:
        if self._body is None or self._body_at != self._at:
            self._let_go()
            self._body = self._fetch(self._at)
        piece: bytes = self._body.read(most)
        if not piece:
            raise StorageAway("the object is shorter than it was said to be")
        return piece

    def _let_go(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None

    def close(self) -> None:
        self._let_go()
        super().close()


class S3Media(S3Storage):  # type: ignore[misc]
    """A bucket that nobody but the desk reads; every file goes through our own views.

    Names are unguessable and never used twice, so nothing is asked before a file is written.
    """

    def __init__(self, **options: Any) -> None:
        self._making = Lock()
        self._made: Any = None
        # whoever runs a store of their own has no host name for every bucket
        self._style = "path" if options.get("endpoint_url") else "auto"
        super().__init__(**options)

    def get_default_settings(self) -> dict[str, Any]:
        return {
            **super().get_default_settings(),
            "default_acl": None,
            "file_overwrite": True,
            # one part of a large file in memory at a time
            "transfer_config": TransferConfig(
                use_threads=False, multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES
            ),
            "client_config": Config(
                s3={"addressing_style": self._style},
                signature_version="s3v4",
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": 2},
                max_pool_connections=POOL,
                proxies={},  # those of the environment are not used, here as everywhere
                request_checksum_calculation="when_required",  # other stores than Amazon's refuse more
                response_checksum_validation="when_required",
            ),
        }

    @property
    def connection(self) -> Any:
        """One for all threads: a client may be shared, and each costs megabytes."""
        with self._making:
            if self._made is None:
                self._made = self._create_session().resource(
                    "s3",
                    region_name=self.region_name,
                    endpoint_url=self.endpoint_url,
                    config=self.client_config,
                )
        return self._made

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        key = self._normalize_name(clean_name(name))
        fetch = partial(self._fetch, key)
        try:
            with speaking("open"):
                answer = fetch(0)
        except StorageAway as away:
            if is_missing(away.__cause__):
                raise FileNotFoundError(name) from away
            raise
        raw = Reading(lambda start: fetch(start)["Body"], answer["Body"], answer["ContentLength"])
        return File(io.BufferedReader(raw, PIECE_BYTES), name)

    def _fetch(self, key: str, start: int) -> dict[str, Any]:
        part = {"Range": f"bytes={start}-"} if start else {}
        client = self.connection.meta.client
        return cast("dict[str, Any]", client.get_object(Bucket=self.bucket_name, Key=key, **part))

    def _save(self, name: str, content: "File[bytes]") -> str:
        with speaking("save"):
            return str(super()._save(name, content))

    def delete(self, name: str) -> None:
        with speaking("delete"):
            super().delete(name)

    def exists(self, name: str) -> bool:
        with speaking("look"):
            return bool(super().exists(name))

    def size(self, name: str) -> int:
        with speaking("measure"):
            return int(super().size(name))

    def url(self, name: str, *_arguments: Any, **_options: Any) -> str:
        """None: whoever may see a file gets it from the desk, and no link that opens it is ever made."""
        return ""

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        with speaking("list"):
            folders, files = super().listdir(name)
            return folders, files


def is_missing(error: BaseException | None) -> bool:
    """Whether the store says that there is no such object (but the bucket is there)."""
    return isinstance(error, ClientError) and error.response["Error"]["Code"] in {"NoSuchKey", "404"}
