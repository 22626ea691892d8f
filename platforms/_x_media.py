"""X's uploads: pictures in one piece, videos in segments that are sent again harmlessly."""

import io
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from platforms._x import entity, is_processed
from platforms._x_api import XApi
from platforms._x_rules import SEGMENT
from platforms.chunks import chunks
from platforms.content import Json, MediaFile, Part
from platforms.errors import MediaRejected
from platforms.ledger import Ledger

MEDIA_LIVES = timedelta(hours=23, minutes=50)  # counted on, whatever longer life an upload is promised
MOST_UPLOADS = 20  # of one file, each a day after the one before
SEGMENTS_A_STEP = 10  # an upload that broke off goes on with the step that was not done
PICTURE_SECONDS, VIDEO_SECONDS = 600.0, 7200.0


class XMedia(XApi):
    def media_of_part(self, ledger: Ledger, number: int, part: Part, total: int) -> tuple[str, ...]:
        """The ids of a part's media, uploaded and ready."""
        of_post = "" if total == 1 else f" of post {number}"
        words = ("picture" if file.kind == "image" else "video" for file in part.media)
        steps = (f"{word} {n}{of_post}" for n, word in enumerate(words, 1))
        return tuple(self._medium(ledger, step, file) for step, file in zip(steps, part.media, strict=True))

    def _medium(self, ledger: Ledger, step: str, file: MediaFile) -> str:
        """The id of an uploaded file; ids live for a day, so a later try uploads it once more."""
        for n in range(1, MOST_UPLOADS + 1):
            name = step if n == 1 else f"{step} ({n})"
            if file.kind == "image":
                upload = ledger.repeat(name, partial(self._upload, file))
            else:
                upload = self._video(ledger, name, file)
            if is_alive(upload):
                return self._prepare(ledger, name, file, upload)
        raise MediaRejected("X did not keep the upload long enough.", action="Press Retry.")

    def _prepare(self, ledger: Ledger, name: str, file: MediaFile, upload: dict[str, Any]) -> str:
        media_id: str = upload["id"]
        if upload["check_after"]:
            ready = partial(self._is_ready, media_id)
            patience = PICTURE_SECONDS if file.kind == "image" else VIDEO_SECONDS
            ledger.wait(f"{name} ready", ready, every=upload["check_after"], at_most=patience)
        if file.alt and file.kind == "image":
            ledger.repeat(f"{name} described", partial(self._describe, media_id, file.alt))
        return media_id

    # --- in one piece ---

    def _upload(self, file: MediaFile) -> dict[str, Any]:
        with file.open() as stream:
            answer = self.call(
                "POST",
                self._url(),
                form={"media_category": "tweet_image", "media_type": file.content_type},
                files={"media": ("picture", stream, file.content_type)},
            )
        return stored(entity(answer))

    # --- in segments ---

    def _video(self, ledger: Ledger, name: str, file: MediaFile) -> dict[str, Any]:
        opened = ledger.repeat(f"{name} opened", partial(self._open, file))
        if not is_alive(opened):
            return opened
        starts = range(0, file.size, SEGMENT * SEGMENTS_A_STEP)
        for n, start in enumerate(starts, 1):
            ledger.repeat(f"{name} sent {n} of {len(starts)}", partial(self._send, opened["id"], file, start))
        return ledger.repeat(name, partial(self._finalize, opened["id"]))

    def _open(self, file: MediaFile) -> dict[str, Any]:
        wanted: Json = {
            "media_type": file.content_type,
            "media_category": "tweet_video",
            "total_bytes": file.size,
        }
        return stored(entity(self.call("POST", self._url("/initialize"), json=wanted)))

    def _send(self, media_id: str, file: MediaFile, start: int) -> bool:
        """The segments from a byte on, as many as belong to one step; each may be sent again."""
        for piece in islice(chunks(file, SEGMENT, start), SEGMENTS_A_STEP):
            self.call(
                "POST",
                self._url(f"/{media_id}/append"),
                form={"segment_index": str(piece.number)},
                files={"media": ("segment", io.BytesIO(piece.content), "application/octet-stream")},
            )
        return True

    def _finalize(self, media_id: str) -> dict[str, Any]:
        try:
            return stored(entity(self.call("POST", self._url(f"/{media_id}/finalize"))))
        except MediaRejected:
            with suppress(MediaRejected):  # it may be finalized already, and the answer was lost
                return stored(self._status(media_id))
            raise

    def _is_ready(self, media_id: str) -> bool:
        return is_processed(self._status(media_id))

    def _status(self, media_id: str) -> dict[str, Any]:
        look = {"command": "STATUS", "media_id": media_id}
        return entity(self.call("GET", self._url(), params=look))

    def _describe(self, media_id: str, alt: str) -> bool:
        metadata: Json = {"id": media_id, "metadata": {"alt_text": {"text": alt}}}
        self.call("POST", f"{self.app.upload_url}/2/media/metadata", json=metadata)
        return True

    def _url(self, path: str = "") -> str:
        return f"{self.app.upload_url}/2/media/upload{path}"


def stored(upload: dict[str, Any]) -> dict[str, Any]:
    """What is kept of an upload."""
    lives = min(timedelta(seconds=float(upload.get("expires_after_secs", 86_400))), MEDIA_LIVES)
    processing = upload.get("processing_info") or {}
    is_waited_for = bool(processing) and not is_processed(upload)
    return {
        "id": upload["id"],
        "until": (datetime.now(UTC) + lives).isoformat(),
        "check_after": processing.get("check_after_secs", 1) if is_waited_for else 0,
    }


def is_alive(upload: dict[str, Any]) -> bool:
    return datetime.fromisoformat(upload["until"]) > datetime.now(UTC)
