"""Videos: by the company's video service, which makes them fit to play, or straight to one's own server."""

import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast
from urllib.parse import quote, urlsplit

from platforms._atproto_session import known
from platforms._bluesky_failures import E_MAIL, ENOUGH_TODAY, HOURLY
from platforms._bluesky_repo import BlueskyRepo
from platforms.content import Json, MediaFile
from platforms.errors import MediaRejected, PermissionMissing, PlatformError, RateLimited, Unavailable
from platforms.ledger import Ledger
from platforms.transport import Answer

SERVICE = "did:web:video.bsky.app"
UPLOAD_TOKEN = timedelta(minutes=30)  # the service puts what it made on the account's server with it
UPLOAD_SECONDS = 300.0
PROCESSING_SECONDS = 1800.0
BLOB_LIVES = timedelta(hours=1)  # counted on; a server clears away what no record names
MOST_TAKES = 10
# Why the service made no video of it: its `failureCode`, the words for it, and what to do.
FAILED: Mapping[str, tuple[str, str]] = {
    "validation_failure": ("Bluesky does not take this video.", "Use an MP4 of ten minutes at most."),
    "encoding_failure": ("Bluesky could not make sense of the video.", "Try again, or use another video."),
    "pds_upload_failure": (
        "Bluesky's video service could not store the video on this account's server.",
        "Try again later.",
    ),
    "pds_upload_unsupported_blob_size": (
        "The video is too large for this account's server.",
        "Use a shorter or smaller video.",
    ),
}


class BlueskyVideo(BlueskyRepo):
    @property
    def has_video_service(self) -> bool:
        """Whether there is one for the account's server; one that stands in for the network has its own."""
        return self.is_at_company or self.session["pds"] == self.app.upload_url

    def video(self, file: MediaFile, of_post: str, key: str, ledger: Ledger) -> Json:
        """The uploaded video. That one failed is told once; the next try, or a late one, sends it anew."""
        if not self.has_video_service:
            return ledger.repeat(f"video{of_post}", partial(self._to_server, file))
        this_try = moment_of_now()
        for take in range(1, MOST_TAKES + 1):
            step = f"video{of_post}" if take == 1 else f"video ({take}){of_post}"
            job = ledger.repeat(step, partial(self._send, file))
            is_over = partial(self._is_over, str(job["id"]))
            ledger.wait(f"{step} processed", is_over, every=3, at_most=PROCESSING_SECONDS)
            made = ledger.repeat(f"{step} made", partial(self._outcome, str(job["id"])))
            if made["blob"] and (is_young(str(made["at"])) or self.look(key)):
                return cast(Json, made["blob"])
            if not made["blob"] and ledger.repeat(f"{step} failed", lambda: this_try) == this_try:
                raise failure_of(cast(dict[str, str], made))
        raise MediaRejected("Bluesky did not take the video, however often it was sent.")

    def _to_server(self, file: MediaFile) -> Json:
        with file.open() as stream:
            return self.upload(stream, file.content_type)

    # --- the service ---

    def _send(self, file: MediaFile) -> dict[str, Any]:
        """Hand the bytes over. A video that the service has seen before is refused with its old job: fine."""
        self._refuse_over_limit(file)
        server = urlsplit(str(self.session["pds"])).netloc
        token = self._service_token(f"did:web:{quote(server, safe='')}", "com.atproto.repo.uploadBlob")
        with file.open() as stream:
            answer = self.connection.transport.request(
                "POST",
                f"{self.app.upload_url}/xrpc/app.bsky.video.uploadVideo",
                params={"did": self.did, "name": f"{secrets.token_hex(8)}.mp4"},
                headers={**token, "Content-Type": file.content_type},
                body=stream,
                read_seconds=UPLOAD_SECONDS,
            )
        status = job_status(answer)
        if not answer.ok and answer.status != 409:
            raise self.classify(answer)
        if not isinstance(status.get("jobId"), str):
            raise answer.doubtful("Bluesky's answer is incomplete.", detail=answer.text)
        return {"id": status["jobId"]}

    def _refuse_over_limit(self, file: MediaFile) -> None:
        """The account's own limits, asked before anything is sent."""
        token = self._service_token(SERVICE, "app.bsky.video.getUploadLimits")
        url = f"{self.app.upload_url}/xrpc/app.bsky.video.getUploadLimits"
        limits = self.accept(self.connection.transport.request("GET", url, headers=token)).json
        left, bytes_left = limits.get("remainingDailyVideos"), limits.get("remainingDailyBytes")
        if left == 0 or (isinstance(bytes_left, int) and bytes_left < file.size):
            raise RateLimited(ENOUGH_TODAY, retry_at=datetime.now(UTC) + HOURLY)
        if limits.get("canUpload") is False:
            said = limits.get("message") or limits.get("error") or "it does not say why"
            raise PermissionMissing(
                f"Bluesky takes no video from this account: {said}",
                action=E_MAIL,
            )

    def _service_token(self, audience: str, method: str) -> dict[str, str]:
        """What lets another service do one thing in the account's name."""
        ends = int(time.time() + UPLOAD_TOKEN.total_seconds())
        params = {"aud": audience, "lxm": method, "exp": str(ends)}
        answer = self._xrpc("GET", "com.atproto.server.getServiceAuth", params=params)
        return {"Authorization": f"Bearer {known(answer, 'token', str)}"}

    def _status(self, job: str) -> dict[str, Any]:
        url = f"{self.app.upload_url}/xrpc/app.bsky.video.getJobStatus"
        return job_status(self.accept(self.connection.transport.request("GET", url, params={"jobId": job})))

    def _is_over(self, job: str) -> bool:
        status = self._status(job)
        return bool(status.get("blob")) or status.get("state") == "JOB_STATE_FAILED"

    def _outcome(self, job: str) -> dict[str, Any]:
        """What became of it, with the time: the blob, or why there is none."""
        status = self._status(job)
        if not status.get("blob") and status.get("state") != "JOB_STATE_FAILED":
            raise Unavailable("Bluesky is still processing the video.")
        why = {name: str(status.get(name) or "") for name in ("failureCode", "error", "message")}
        return {"blob": status.get("blob"), "at": moment_of_now(), **why}


def job_status(answer: Answer) -> dict[str, Any]:
    """The job in an answer; the documents put it one level down, the official app reads it at the top."""
    body = answer.maybe_json if not answer.ok else answer.json
    told = body if isinstance(body, dict) else {}
    inner = told.get("jobStatus")
    return inner if isinstance(inner, dict) else told


def failure_of(made: Mapping[str, str]) -> PlatformError:
    said = made["message"] or made["error"]
    usual = (f"Bluesky could not process the video: {said or 'it does not say why'}.", "Try again.")
    sentence, action = FAILED.get(made["failureCode"], usual)
    return MediaRejected(sentence, detail=said, action=action)


def moment_of_now() -> str:
    return datetime.now(UTC).isoformat()


def is_young(at: str) -> bool:
    return datetime.now(UTC) - datetime.fromisoformat(at) < BLOB_LIVES
