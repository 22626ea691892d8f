"""What LinkedIn takes in before a post: pictures and documents in one piece, videos in parts."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from platforms._linkedin_text import kind_of, quoted
from platforms._linkedin_wire import LinkedInWire
from platforms.chunks import chunks
from platforms.content import Json, MediaFile
from platforms.errors import MediaRejected, PermissionMissing, PlatformError, Refused, Unavailable
from platforms.ledger import Ledger

GRACE = timedelta(seconds=5)  # how long a medium is left alone whose state the token may not see
VIDEO_GRACE = timedelta(seconds=20)
PROCESSING_SECONDS = 600.0
VIDEO_SECONDS = 1800.0
MOST_UPLOADS = 5  # of one video, each with new addresses
SPARE = timedelta(minutes=1)  # an address that ends sooner is not begun with


class LinkedInMedia(LinkedInWire):
    def upload(self, kind: str, file: MediaFile) -> dict[str, Json]:
        """A picture ('image') or document, sent in one piece."""
        owner: Json = {"initializeUploadRequest": {"owner": self.connection.remote_id}}
        value = self._opened(kind, owner)
        with file.open() as stream:
            self.call(
                "PUT", value["uploadUrl"], body=stream, headers={"Content-Type": "application/octet-stream"}
            )
        return {"urn": value[kind], "at": datetime.now(UTC).isoformat()}

    def uploaded(self, ledger: Ledger, kind: str, step: str, file: MediaFile) -> str:
        """The URN of a picture or document that LinkedIn holds and has processed."""
        upload = ledger.repeat(step, partial(self.upload, kind, file))
        return self.processed(ledger, step, upload)

    def processed(self, ledger: Ledger, step: str, upload: Mapping[str, Json]) -> str:
        ready = partial(self._is_ready, upload, GRACE)
        ledger.wait(f"{step} ready", ready, every=3, at_most=PROCESSING_SECONDS)
        return str(upload["urn"])

    def video(self, ledger: Ledger, file: MediaFile, captions: str) -> str:
        """The URN of a video, sent part by part; an upload that was cut off goes on where it stopped."""
        for attempt in range(1, MOST_UPLOADS + 1):
            name = "video" if attempt == 1 else f"video ({attempt})"
            opened = ledger.repeat(f"{name} opened", partial(self._open_video, file, bool(captions)))
            finished = self._send_video(ledger, name, file, opened, captions)
            if finished is None:
                continue
            ready = partial(self._is_ready, finished, VIDEO_GRACE)
            ledger.wait(f"{name} ready", ready, every=5, at_most=VIDEO_SECONDS)
            return str(finished["urn"])
        raise MediaRejected("LinkedIn did not take the video in time.", action="Use a smaller video.")

    def _open_video(self, file: MediaFile, has_captions: bool) -> dict[str, Any]:
        request: dict[str, Json] = {
            "owner": self.connection.remote_id,
            "fileSizeBytes": file.size,
            "uploadCaptions": has_captions,
            "uploadThumbnail": False,
        }
        return self._opened("video", {"initializeUploadRequest": request})

    def _opened(self, kind: str, body: Json) -> dict[str, Any]:
        value: dict[str, Any] = self.rest("POST", f"/{kind}s?action=initializeUpload", json=body).json[
            "value"
        ]
        return value

    def _send_video(
        self, ledger: Ledger, name: str, file: MediaFile, opened: Mapping[str, Any], captions: str
    ) -> dict[str, Json] | None:
        """Send all that is missing; None where the upload's addresses are no longer valid."""
        parts, until = opened["uploadInstructions"], opened.get("uploadUrlsExpireAt")
        etags: list[Json] = []
        for number, part in enumerate(parts, 1):
            send = partial(self._send_part, file, part, until)
            etag = ledger.repeat(f"{name} part {number} of {len(parts)}", send)
            if etag is None:
                return None
            etags.append(etag)
        if captions:
            srt = io.BytesIO(captions.encode())
            put = partial(self._put, opened["captionsUploadUrl"], srt, until)
            if ledger.repeat(f"{name} captions", put) is None:
                return None
        return ledger.repeat(f"{name} whole", partial(self._finalize, opened, etags))

    def _send_part(self, file: MediaFile, part: Mapping[str, Any], until: float | None) -> str | None:
        first, last = int(part["firstByte"]), int(part["lastByte"])
        chunk = next(chunks(file, last - first + 1, first))
        etag = self._put(part["uploadUrl"], io.BytesIO(chunk.content), until)
        if etag == "":
            raise Unavailable("LinkedIn did not say how it calls this part of the video.")
        return etag

    def _put(self, url: str, body: io.BytesIO, until: float | None) -> str | None:
        """Send to an address that is its own permission: the part's id, None where its time is over."""
        if until and datetime.now(UTC) + SPARE > datetime.fromtimestamp(until / 1000, UTC):
            return None
        kind = {"Content-Type": "application/octet-stream"}
        answer = self.connection.transport.request("PUT", url, headers=kind, body=body)
        if answer.status in {403, 410} or "EXPIRED_UPLOAD_URL" in self.said(answer).codes:
            return None
        return self.accept(answer).headers.get("ETag", "").strip('"')

    def _finalize(self, opened: Mapping[str, Any], etags: list[Json]) -> dict[str, Json]:
        upload: dict[str, Json] = {"urn": opened["video"], "at": datetime.now(UTC).isoformat()}
        request: dict[str, Json] = {
            "video": opened["video"],
            "uploadToken": opened.get("uploadToken", ""),
            "uploadedPartIds": etags,
        }
        try:
            self.rest("POST", "/videos?action=finalizeUpload", json={"finalizeUploadRequest": request})
        except Refused as error:
            # One that was put together before, its answer lost, is refused the second time.
            if not self._is_whole(str(opened["video"]), error):
                raise
        return upload

    def _is_whole(self, urn: str, error: PlatformError) -> bool:
        try:
            return self._status(urn) in {"PROCESSING", "AVAILABLE"}
        except PermissionMissing:  # nobody tells; the post will
            return not isinstance(error, PermissionMissing)

    def _is_ready(self, upload: Mapping[str, Json], grace: timedelta) -> bool:
        try:
            status = self._status(str(upload["urn"]))
        except PermissionMissing:  # the tokens of profiles may not look
            return datetime.now(UTC) - datetime.fromisoformat(str(upload["at"])) > grace
        if status == "PROCESSING_FAILED":
            raise MediaRejected("LinkedIn could not process the file.", action="Use another file.")
        return status == "AVAILABLE"

    def _status(self, urn: str) -> str:
        return str(self.rest("GET", f"/{kind_of(urn)}s/{quoted(urn)}").json.get("status"))
