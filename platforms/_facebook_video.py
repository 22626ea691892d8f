"""How videos get to Facebook: in windows for a Page's videos, as one stream for reels and stories.

Both begin with an id and can go on where they broke off; nothing is public before the phase "finish".
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import IO, Any, cast

from platforms._meta import GraphPlatform
from platforms.content import Json, MediaFile
from platforms.errors import MediaRejected, NotFound, PlatformError, Unavailable
from platforms.failures import Said, understood
from platforms.transport import Answer

UPLOAD_SECONDS = 600.0
MOST_CORRECTIONS = 5  # times that Facebook may name another place to go on from
FAILED = frozenset({"error", "upload_failed", "expired"})
DONE = frozenset({"complete", "completed"})


class Window:
    """A stretch of a stream, read while it is sent; `len` is what is left of it."""

    def __init__(self, stream: IO[bytes], length: int) -> None:
        self._stream = stream
        self.len = length

    def read(self, size: int = -1) -> bytes:
        piece = self._stream.read(self.len if size < 0 else min(size, self.len))
        self.len = self.len - len(piece) if piece else 0
        return piece


# --- a Page's videos ---


def begin(page: GraphPlatform, address: str, file: MediaFile) -> dict[str, Json]:
    """An upload session for a file, with the id that the video will have."""
    session = page.graph("POST", address, form={"upload_phase": "start", "file_size": file.size}).json
    return {
        "id": str(session["video_id"]),
        "session": str(session["upload_session_id"]),
        "window": int(session["end_offset"]) - int(session["start_offset"]),
    }


def send(page: GraphPlatform, address: str, file: MediaFile, session: Mapping[str, Json]) -> bool:
    """Send what Facebook has not got yet, window by window, as it asks for them."""
    first = received(page, str(session["id"]))
    window = (first, min(first + cast(int, session["window"]), file.size))
    corrections = 0
    while window[0] < window[1]:
        wanted, is_correction = _transfer(page, address, file, str(session["session"]), window)
        corrections += is_correction
        if corrections > MOST_CORRECTIONS or (wanted[0] <= window[0] and not is_correction):
            raise Unavailable("Facebook did not take the video piece by piece.")
        window = wanted
    return True


def _transfer(
    page: GraphPlatform, address: str, file: MediaFile, session: str, window: tuple[int, int]
) -> tuple[tuple[int, int], bool]:
    """Send one window. The window that is wanted next, and whether Facebook wanted another than this."""
    form = {"upload_phase": "transfer", "upload_session_id": session, "start_offset": window[0]}
    with file.open() as stream:
        stream.seek(window[0])
        piece = cast(IO[bytes], Window(stream, window[1] - window[0]))
        files = {"video_file_chunk": (file.name, piece, "application/octet-stream")}
        try:
            answer = page.graph("POST", address, form=form, files=files, read_seconds=UPLOAD_SECONDS).json
        except Unavailable as error:
            if wanted := _correction(error):
                return wanted, True
            raise
    return _offsets(answer), False


def _correction(error: Unavailable) -> tuple[int, int] | None:
    """Where to go on, which Facebook says with its error 1363037."""
    try:
        return _offsets(json.loads(error.detail)["error"]["error_data"])
    except (ValueError, KeyError, TypeError):
        return None


def _offsets(body: Mapping[str, Any]) -> tuple[int, int]:
    return int(body["start_offset"]), int(body["end_offset"])


# --- reels and stories (rupload) ---


def begin_stream(page: GraphPlatform, path: str) -> dict[str, Json]:
    """The id that a reel or a story will have, and where its bytes go."""
    begun = page.graph("POST", path, form={"upload_phase": "start"}).json
    return {"id": str(begun["video_id"]), "address": str(begun["upload_url"])}


def stream(page: GraphPlatform, file: MediaFile, begun: Mapping[str, Json]) -> bool:
    """Send a file from where an earlier try broke off."""
    first = received(page, str(begun["id"]))
    if first >= file.size:
        return True
    headers = {
        "Authorization": f"OAuth {page.token.access if page.token else ''}",
        "offset": str(first),
        "file_size": str(file.size),
        "Content-Type": "application/octet-stream",
    }
    with file.open() as content:
        content.seek(first)
        address = str(begun["address"])
        page.call("POST", address, headers=headers, body=content, read_seconds=UPLOAD_SECONDS)
    return True


# --- how far a video is ---


def status(page: GraphPlatform, video_id: str) -> dict[str, Any]:
    """What Facebook says of a video: `status`, and once it stands `post_id` and `permalink_url`."""
    return page.graph("GET", video_id, params={"fields": "status,post_id,permalink_url"}).json


def received(page: GraphPlatform, video_id: str) -> int:
    """How many bytes have arrived."""
    try:
        phase = _phase(status(page, video_id), "uploading_phase")
    except NotFound:  # some videos show themselves only once they are whole
        return 0
    return int(phase.get("bytes_transferred") or phase.get("bytes_transfered") or 0)


def is_received(page: GraphPlatform, video_id: str) -> bool:
    """Whether all bytes are there and looked through."""
    return _phase(checked(page, video_id), "uploading_phase").get("status") in DONE


def is_taken(video: Mapping[str, Any]) -> bool:
    """Whether Facebook was told to publish a video, be it live already or not."""
    phase = _phase(video, "publishing_phase")
    return phase.get("status") in DONE | {"in_progress"} or phase.get("publish_status") in {
        "published",
        "scheduled",
    }


def is_live(page: GraphPlatform, video_id: str) -> bool:
    """Whether the public sees it."""
    video = checked(page, video_id)
    said = video.get("status") or {}
    return said.get("video_status") == "ready" or _phase(video, "publishing_phase").get("status") in DONE


def checked(page: GraphPlatform, video_id: str) -> dict[str, Any]:
    """A video's status; MediaRejected and its like where Facebook gave the video up."""
    answer = page.graph("GET", video_id, params={"fields": "status,post_id,permalink_url"})
    said = answer.json.get("status") or {}
    phases = [phase for phase in said.values() if isinstance(phase, dict)]
    broken = next((phase for phase in phases if phase.get("status") == "error"), None)
    if broken is not None or said.get("video_status") in FAILED:
        raise _given_up(page, broken or {}, answer)
    return answer.json


def _given_up(page: GraphPlatform, phase: Mapping[str, Any], answer: Answer) -> PlatformError:
    errors = phase.get("errors") or [phase.get("error") or {}]
    code, words = errors[0].get("code"), str(errors[0].get("message") or "")
    known = understood(page.failures, Said((f"/{code}", str(code)) if code else (), words), answer)
    said = f"{page.label} says: {words}" if words else f"{page.label} could not process the video."
    return known or MediaRejected(said, detail=answer.text, action="Cut or convert the video and try again.")


def _phase(video: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return (video.get("status") or {}).get(name) or {}


def find(page: GraphPlatform, ids: Sequence[str], since: datetime) -> dict[str, Json] | None:  # noqa: ARG001
    """Which of a post's videos was told to be published; they tell it themselves, whenever that was."""
    for video_id in ids:
        with suppress(NotFound):
            if is_taken(status(page, video_id)):
                return {"id": video_id}
    return None
