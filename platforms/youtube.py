"""YouTube, Data API v3. An upload session keeps a video from going out twice: it is always asked first."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from platforms._google import SessionGone
from platforms._youtube_failures import BY_WORDS, FAILURES, THROWN_OUT
from platforms._youtube_inbox import YouTubeInbox
from platforms._youtube_numbers import YouTubeNumbers
from platforms._youtube_post import (
    OPTIONS,
    RULES,
    UNVERIFIED_SECONDS,
    USUAL_CATEGORY,
    VIDEO,
    check_video,
    is_on,
    is_short,
    merged,
    resource_of,
    thumbnail_of,
    title_of,
    video_of,
)
from platforms._youtube_push import YouTubePush
from platforms.content import Draft, Json, MediaFile, Profile, Published
from platforms.errors import (
    Duplicate,
    InvalidContent,
    MediaRejected,
    NotFound,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from platforms.failures import Failure, Said
from platforms.ledger import Ledger, repeatable
from platforms.options import Option
from platforms.quotas import DAY, Cost, Quota
from platforms.rules import Finding, Rules
from platforms.transport import Answer

GOOGLE = "https://www.googleapis.com/auth/"
# The list of uploads shows a new video some time late: until then absence proves nothing.
INDEX_LAG = timedelta(minutes=5)
LOOKS_BACK = timedelta(minutes=10)
PACIFIC = "America/Los_Angeles"
# Ten looks at the processing; a thumbnail, a playlist and a comment, the latter two looked for.
UNITS = (Cost(-40, per_medium=50), Cost(51, option="playlist"), Cost(51, option="first_comment"))
MOST_PAGES = 4  # of 50 videos each, in one look-up
MOST_SESSIONS = 10  # each lives for a week
LOOKS_EVERY = 20.0
PATIENCE = timedelta(hours=4)  # after that the video stands as it is: YouTube goes on with it by itself
VIDEO_ID = re.compile(r"(?:[?&]v=|/shorts/|/live/|youtu\.be/)([\w-]{11})(?![\w-])")


class YouTube(YouTubeInbox, YouTubeNumbers, YouTubePush):
    name = "youtube"
    label = "YouTube"
    icon = "brand-youtube"
    colour = "#ff0000"
    api_url = "https://youtube.googleapis.com"
    upload_url = "https://www.googleapis.com"
    scopes = (
        f"{GOOGLE}youtube.upload",
        f"{GOOGLE}youtube.readonly",
        f"{GOOGLE}youtube.force-ssl",
        f"{GOOGLE}yt-analytics.readonly",
    )
    posting_scopes = ((f"{GOOGLE}youtube.upload", f"{GOOGLE}youtube.force-ssl", f"{GOOGLE}youtube"),)
    rules = RULES
    kinds = (VIDEO,)
    options: ClassVar[tuple[Option, ...]] = OPTIONS
    failures: ClassVar[tuple[Failure, ...]] = FAILURES
    quotas = (
        Quota("videos", 100, DAY, "app", (Cost(1),), PACIFIC),
        Quota("units", 10_000, DAY, "app", UNITS, PACIFIC),
    )
    reading: ClassVar[Mapping[str, float]] = {"units": 1}  # Analytics counts apart

    @classmethod
    def said(cls, answer: Answer) -> Said:
        said = super().said(answer)
        sentence = said.sentence.lower()
        told = (code for reason, words, code in BY_WORDS if reason in said.codes and words in sentence)
        return replace(said, codes=(*told, *said.codes))

    # --- connecting ---

    def profiles(self) -> list[Profile]:
        channel = self.channel("id,snippet,status")
        told = channel["snippet"]
        return [
            Profile(
                remote_id=channel["id"],
                handle=str(told.get("customUrl") or "").removeprefix("@") or told["title"],
                name=told["title"],
                avatar_url=told.get("thumbnails", {}).get("default", {}).get("url", ""),
                url=f"{self.host('https://www.youtube.com')}/channel/{channel['id']}",
                limits=self._limits(channel),
            )
        ]

    def account_limits(self) -> Mapping[str, Json]:
        return self._limits(self.channel("id,snippet,status"))

    def _limits(self, channel: Mapping[str, Any]) -> dict[str, Json]:
        choices: dict[str, Json] = {
            "playlists": self._playlists(),
            "categories": self._categories(channel["snippet"].get("country") or "US"),
        }
        long_uploads = (channel.get("status") or {}).get("longUploadsStatus", "allowed")
        return {"long_uploads": long_uploads, "choices": choices, **self.trial}

    def _playlists(self) -> list[Json]:
        params = {"part": "id,snippet", "mine": "true", "maxResults": "50"}
        pages = self.pages("/youtube/v3/playlists", params, 4)
        return [[found["id"], found["snippet"]["title"]] for page in pages for found in page]

    def _categories(self, country: str) -> list[Json]:
        """Those that may be chosen there, without the usual one, which is always there."""
        asked = {"part": "snippet", "regionCode": country}
        items = self.call("GET", "/youtube/v3/videoCategories", params=asked).json.get("items") or []
        told = [(found["id"], found["snippet"]) for found in items if found["id"] != USUAL_CATEGORY[0]]
        return [[key, category["title"]] for key, category in told if category.get("assignable")]

    # --- before sending ---

    @classmethod
    def limited(cls, rules: Rules, limits: Mapping[str, Json]) -> Rules:
        if limits.get("long_uploads", "allowed") == "allowed":
            return rules
        least, most = rules.videos.seconds
        return rules.with_limits(videos={"seconds": (least, min(most, UNVERIFIED_SECONDS))})  # type: ignore[dict-item]

    @classmethod
    def check(cls, draft: Draft, limits: Mapping[str, Json]) -> list[Finding]:
        return [*super().check(draft, limits), *check_video(draft), *cls.check_shape(draft)]

    @classmethod
    def check_shape(cls, draft: Draft) -> Iterator[Finding]:
        """What becomes of the video and its thumbnail by their shape."""
        if any(file.kind == "video" and is_short(file) for file in draft.media):
            message = (
                "YouTube will show this as a Short: it is square or vertical and at most 3 minutes long."
            )
            yield Finding("becomes_short", message, "media", "warning")

    # --- publishing ---

    def publish(self, draft: Draft, ledger: Ledger) -> Published:
        """The video with all that is said of it; when it stands, what belongs beside it."""
        video = self._upload(draft, ledger)
        ready = partial(self._is_processed, video, waits_for_all=is_short(video_of(draft)))
        ledger.wait("processed", ready, every=LOOKS_EVERY, at_most=2 * PATIENCE.total_seconds())
        published = self._published(video["id"])
        ledger.stands(published)
        self._adorn(published.remote_id, draft, ledger)
        return published

    def _upload(self, draft: Draft, ledger: Ledger) -> dict[str, Any]:
        """The uploaded video. Sessions die when nobody uses them; then the next one begins anew."""
        for n in range(1, MOST_SESSIONS + 1):
            number = "" if n == 1 else f" {n}"
            session = ledger.repeat(f"upload session{number}", partial(self._open, draft))
            try:
                return ledger.once(
                    f"video{number}",
                    partial(self._send_video, session["uri"], draft),
                    find=partial(self._find_upload, session["uri"], draft),
                )
            except SessionGone:
                continue
        raise Unavailable("YouTube did not keep the upload long enough.")

    def _open(self, draft: Draft) -> dict[str, Any]:
        resource = resource_of(draft)
        notify = "true" if is_on(draft, "notify_subscribers") else "false"
        uri = self.open_upload(
            f"{self.app.upload_url}/upload/youtube/v3/videos",
            video_of(draft),
            resource,
            {"part": ",".join(resource), "notifySubscribers": notify},
            file_name(draft),
        )
        return {"uri": uri}

    def _send_video(self, session: str, draft: Draft) -> dict[str, Any]:
        return uploaded(self.send_upload(session, video_of(draft)))

    def _is_processed(self, video: Mapping[str, Any], *, waits_for_all: bool) -> bool:
        """Whether people can watch it. A Short is ready when all is done: its thumbnail is lost before."""
        asked = {"part": "status,processingDetails", "id": video["id"]}
        items = self.call("GET", "/youtube/v3/videos", params=asked).json.get("items") or []
        is_late = datetime.now(UTC) - datetime.fromisoformat(video["at"]) > PATIENCE
        if not items:
            if is_late:
                raise MediaRejected("The video is not on YouTube any more.")
            return False
        status = items[0].get("status") or {}
        self._refuse_thrown_out(status)
        processing = (items[0].get("processingDetails") or {}).get("processingStatus")
        is_whole = not waits_for_all or processing != "processing"
        return is_late or (status.get("uploadStatus") == "processed" and is_whole)

    @staticmethod
    def _refuse_thrown_out(status: Mapping[str, Any]) -> None:
        state = status.get("uploadStatus")
        reason = str(status.get("rejectionReason") or status.get("failureReason") or "")
        if state in {"failed", "rejected", "deleted"}:
            said = f"YouTube did not keep the video ({reason or state})."
            kind, message, action = THROWN_OUT.get(
                reason, (MediaRejected, said, "Look at studio.youtube.com.")
            )
            raise kind(message, action=action, detail=f"{state}: {reason}")

    def _adorn(self, video_id: str, draft: Draft, ledger: Ledger) -> None:
        """Thumbnail, playlist and first comment: each is tried, whatever is refused of the others."""
        refused: list[Refused] = []
        for adorn in self._ornaments(video_id, draft, ledger):
            try:
                adorn()
            except Refused as error:
                refused.append(error)
        if refused:
            raise refused[0]

    def _ornaments(self, video_id: str, draft: Draft, ledger: Ledger) -> Iterator[Callable[[], object]]:
        thumbnail, playlist = thumbnail_of(draft), draft.option("playlist")
        comment = draft.option("first_comment").strip()
        if thumbnail:
            yield partial(ledger.repeat, "thumbnail", partial(self._set_thumbnail, video_id, thumbnail))
        if playlist:
            find = partial(self._find_in_playlist, video_id, playlist)
            yield partial(ledger.once, "playlist", partial(self._add_to, video_id, playlist), find=find)
        if comment:
            find = partial(self.find_comment_on, video_id, comment)
            yield partial(
                ledger.once, "first comment", partial(self.comment_on, video_id, comment), find=find
            )

    def _set_thumbnail(self, video_id: str, file: MediaFile) -> bool:
        with file.open() as stream:
            self.call(
                "POST",
                f"{self.app.upload_url}/upload/youtube/v3/thumbnails/set",
                params={"videoId": video_id, "uploadType": "media"},
                headers={"Content-Type": file.content_type},
                body=stream,
            )
        return True

    def _add_to(self, video_id: str, playlist: str) -> Json:
        item: Json = {
            "playlistId": playlist,
            "resourceId": {"kind": "youtube#video", "videoId": video_id},
        }
        try:
            answer = self.call(
                "POST", "/youtube/v3/playlistItems", params={"part": "snippet"}, json={"snippet": item}
            )
        except Duplicate:
            return {"id": ""}  # that is what was wanted
        return {"id": answer.json["id"]}

    def _find_in_playlist(self, video_id: str, playlist: str, since: datetime) -> Json:
        asked = {"part": "id", "playlistId": playlist, "videoId": video_id}
        items = self.call("GET", "/youtube/v3/playlistItems", params=asked).json.get("items") or []
        return {"id": items[0]["id"]} if items else None

    # --- what stands ---

    def find(self, draft: Draft, since: datetime) -> Published | None:
        found = self._find(draft, since)
        return self._published(found["id"]) if found else None

    def recognise(self, permalink: str) -> Json:
        found = VIDEO_ID.search(permalink)
        if not found:
            raise InvalidContent("This is not the address of a video on YouTube.")
        video = self._video(found[1], "snippet")
        if video["snippet"]["channelId"] != self.connection.remote_id:
            raise InvalidContent("This video is another channel's.")
        return uploaded(video)

    def delete(self, published: Published) -> None:
        try:
            repeatable(partial(self.call, "DELETE", "/youtube/v3/videos", params={"id": published.remote_id}))
        except NotFound:
            return

    def edit(self, published: Published, draft: Draft) -> Published:
        """Everything but the film itself. A part is replaced as a whole, so what stands is read first."""
        standing = self._video(published.remote_id, "snippet,status")
        body = merged(standing, resource_of(draft))
        parts = ",".join(part for part in body if part != "id")
        change = partial(self.call, "PUT", "/youtube/v3/videos", params={"part": parts}, json=body)
        repeatable(change)
        thumbnail = thumbnail_of(draft)
        if thumbnail:
            repeatable(partial(self._set_thumbnail, published.remote_id, thumbnail))
        return self._published(published.remote_id)

    def permalink(self, video_id: str) -> str:
        return self.watch_url(video_id)

    def _published(self, video_id: str) -> Published:
        return Published(video_id, self.permalink(video_id), (video_id,))

    def _video(self, video_id: str, part: str) -> dict[str, Any]:
        asked = {"part": part, "id": video_id}
        items = self.call("GET", "/youtube/v3/videos", params=asked).json.get("items") or []
        if not items:
            raise NotFound("The video is not on YouTube any more.")
        found: dict[str, Any] = items[0]
        return found

    # --- looking ---

    def _find_upload(self, session: str, draft: Draft, since: datetime) -> Json:
        """The session knows; where it is gone, the list of uploads may."""
        try:
            state = self.upload_state(session, video_of(draft).size)
        except SessionGone:
            return self._find(draft, since)
        return None if isinstance(state, int) else uploaded(state)

    def _find(self, draft: Draft, since: datetime) -> dict[str, Any] | None:
        ids = list(self._uploads(since))
        for start in range(0, len(ids), 50):
            asked = {"part": "snippet,fileDetails", "id": ",".join(ids[start : start + 50])}
            for video in self.call("GET", "/youtube/v3/videos", params=asked).json.get("items") or []:
                if is_same(video, draft):
                    return uploaded(video)
        if datetime.now(UTC) - since < INDEX_LAG:
            raise OutcomeUnknown("YouTube may have the video and not show it yet.")
        return None

    def _uploads(self, since: datetime) -> Iterator[str]:
        """The ids of what the channel uploaded since then, private videos too, newest first."""
        params = {
            "part": "snippet,contentDetails",
            "playlistId": "UU" + self.connection.remote_id[2:],
            "maxResults": "50",
        }
        for page in self.pages("/youtube/v3/playlistItems", params, MOST_PAGES):
            for item in page:
                if datetime.fromisoformat(item["snippet"]["publishedAt"]) < since - LOOKS_BACK:
                    return
                yield item["contentDetails"]["videoId"]


def file_name(draft: Draft) -> str:
    """The name that the file goes by at YouTube: with the draft's key, by which the video is known again."""
    ending = video_of(draft).name.rpartition(".")[2]
    return f"snsauto-{re.sub(r'[^A-Za-z0-9-]', '', draft.key)}.{ending if ending.isalnum() else 'mp4'}"


def is_same(video: Mapping[str, Any], draft: Draft) -> bool:
    """Whether a video is this draft's: by the file's name if YouTube kept it, else by title and size."""
    details = video.get("fileDetails") or {}
    name = str(details.get("fileName") or "")
    if name.startswith("snsauto-"):
        return name == file_name(draft)
    size = details.get("fileSize")
    is_title = video["snippet"]["title"].split() == title_of(draft).split()
    return is_title and (size is None or int(size) == video_of(draft).size)


def uploaded(video: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of an uploaded video."""
    return {"id": video["id"], "at": datetime.now(UTC).isoformat()}
