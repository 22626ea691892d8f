"""A Page as the client sees it: how its posts are named, and where they are looked for."""

import re
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from platforms import _facebook_video as video
from platforms._meta import GraphPlatform, moment
from platforms.content import Draft, Json, Published, Standing
from platforms.errors import InvalidContent, NotFound, OutcomeUnknown, PlatformError
from platforms.ledger import Ledger

# Lists show a new post some seconds late: until this has passed since a try, absence proves nothing.
INDEX_LAG = timedelta(seconds=60)
LOOKS_BACK = timedelta(minutes=2)  # clocks differ
POST = "id,message,created_time,permalink_url,attachments{media_type,target{id},subattachments{target{id}}}"
VIDEO_ADDRESS = re.compile(r"/(?:videos|reel)/(?:[^/?#]+/)?([0-9]{3,25})(?:[/?#]|$)")
POST_ADDRESS = re.compile(
    r"/posts/(?:[^/?#]*-)?([0-9]{3,25})(?:[/?#]|$)|story_fbid=([0-9]{3,25})|/([0-9]+_[0-9]+)(?:[/?#]|$)"
)
MENTION = re.compile(r"@\[[0-9]+(?::[^\]]*)?\]")


class Page(GraphPlatform):
    """What publishing and answering both need."""

    @property
    def page_id(self) -> str:
        return self.connection.remote_id

    def _comment(
        self, ledger: Ledger, step: str, target: str, form: Mapping[str, Json], instead: str = ""
    ) -> dict[str, Any]:
        """Write below a post, once; below its video where Facebook does not know the post yet."""

        def write(below: str) -> dict[str, Json]:
            return {"id": str(self.graph("POST", f"{below}/comments", form=filled(form)).json["id"])}

        def do() -> dict[str, Json]:
            try:
                return write(target)
            except NotFound:
                if not instead:
                    raise
                return write(instead)

        look = partial(self._find_comment, f"{instead or target}/comments", str(form["message"]))
        return ledger.once(step, do, find=look)

    # --- where it stands ---

    def _post_id(self, remote_id: Any) -> str:
        """A post's whole id: some answers leave the Page's part out."""
        return str(remote_id) if "_" in str(remote_id) else f"{self.page_id}_{remote_id}"

    def _published(self, post_id: str) -> Published:
        address = f"{self.app.auth_url}/{post_id}"  # leads there as well
        with suppress(PlatformError):
            told = self.graph("GET", post_id, params={"fields": "permalink_url"}).json
            address = str(told.get("permalink_url") or address)
        return Published(post_id, self._absolute(address), (post_id,))

    def _published_video(self, video_id: str) -> Published:
        told = video.status(self, video_id)
        post_id = self._post_id(told["post_id"]) if told.get("post_id") else video_id
        address = self._absolute(str(told.get("permalink_url") or ""))
        if not VIDEO_ADDRESS.search(address):
            address = f"{self.app.auth_url}/reel/{video_id}"
        return Published(post_id, address, (post_id,))

    def _absolute(self, address: str) -> str:
        return f"{self.app.auth_url}{address}" if address.startswith("/") else address

    # --- looking ---

    def find(self, draft: Draft, since: datetime) -> Published | None:
        kind = self.kind_for(draft.media, draft.options).name
        if kind == "story":
            if self._stories(since):
                raise OutcomeUnknown("The Page has a story; only a person can tell whether it is this one.")
            self._absent(since)
            return None
        if kind in {"video", "reel"}:
            edge = "videos" if kind == "video" else "video_reels"
            fields = "id,description,created_time"
            for row in self._since(f"{self.page_id}/{edge}", since, fields):
                if is_same(draft.text, row.get("description")):
                    return self._published_video(str(row["id"]))
            self._absent(since)
            return None
        found = self._find_post(draft, None, since)
        return self._published(str(found["id"])) if found else None

    def recent(self, since: datetime) -> list[Standing]:
        """Videos and reels are among the Page's posts; stories are not."""
        rows = self._since(f"{self.page_id}/published_posts", since, POST)
        return [
            Standing(
                self._absolute(str(row.get("permalink_url") or "")),
                str(row.get("message") or ""),
                moment(row["created_time"]),
                str(row.get("id") or ""),
            )
            for row in rows
        ]

    def _find_post(self, draft: Draft, photos: Set[str] | None, since: datetime) -> dict[str, Json] | None:
        """The post with this text and as many photos; without a text the same photos, if they are known."""
        for row in self._since(f"{self.page_id}/published_posts", since, POST):
            shown = photos_of(row)
            if not is_same(draft.text, row.get("message")) or len(shown) != len(draft.media):
                continue
            if draft.text.strip() or (photos is not None and shown <= photos):
                return {"id": str(row["id"])}
            if photos is None:
                raise OutcomeUnknown("Facebook shows photos without a text; only a person can tell which.")
        self._absent(since)
        return None

    def _find_story(self, ids: Sequence[str], since: datetime) -> dict[str, Json] | None:
        for row in self._stories(since):
            if str(row.get("media_id")) in ids:
                return {"id": self._post_id(row["post_id"])}
        self._absent(since)
        return None

    def _find_comment(self, path: str, text: str, since: datetime) -> dict[str, Json] | None:
        fields = "id,message,created_time,from{id}"
        for row in self._since(path, since, fields, filter="stream", order="reverse_chronological"):
            if is_same(text, row.get("message")) and (row.get("from") or {}).get("id") == self.page_id:
                return {"id": str(row["id"])}
        self._absent(since)
        return None

    def _since(self, path: str, since: datetime, fields: str, **params: Any) -> list[dict[str, Any]]:
        """What a list has from some time before a moment on."""
        start = since - LOOKS_BACK
        rows = self.pages_of(path, fields=fields, since=int(start.timestamp()), limit=100, **params)
        if len(rows) >= 500:
            raise OutcomeUnknown("The Page published too much since then to look through all of it.")
        return [row for row in rows if not row.get("created_time") or moment(row["created_time"]) >= start]

    def _absent(self, since: datetime) -> None:
        if datetime.now(UTC) - since < INDEX_LAG:
            raise OutcomeUnknown("Facebook may have it and not show it yet.")

    def _stories(self, since: datetime | None = None) -> list[dict[str, Any]]:
        start: dict[str, Any] = {"since": int((since - LOOKS_BACK).timestamp())} if since else {}
        return self.pages_of(f"{self.page_id}/stories", status=["PUBLISHED", "ARCHIVED"], **start)

    def _story_address(self, post_id: str) -> str:
        with suppress(PlatformError):
            for row in self._stories():
                if self._post_id(row.get("post_id")) == post_id and row.get("url"):
                    return str(row["url"])
        return f"{self.app.auth_url}/{post_id}"

    def recognise(self, permalink: str) -> Json:
        film, post = VIDEO_ADDRESS.search(permalink), POST_ADDRESS.search(permalink)
        remote_id = film[1] if film else next(filter(None, post.groups()), "") if post else ""
        if not remote_id:
            message = "This is not the address of a post. Open the post by its time and copy the address."
            raise InvalidContent(message)
        remote_id = remote_id if film else self._post_id(remote_id)
        told = self.graph("GET", remote_id, params={"fields": "id,from{id}"}).json
        if (told.get("from") or {}).get("id") != self.page_id:
            raise InvalidContent("This post is not one of this Page's.")
        return {"id": remote_id}


def filled(form: Mapping[str, Json]) -> dict[str, Json]:
    """What was filled in."""
    return {name: value for name, value in form.items() if value}


def video_of(published: Published) -> str:
    """The id of a post's video, which its address names; '' where there is none."""
    found = VIDEO_ADDRESS.search(published.permalink)
    return found[1] if found else ""


def photos_of(row: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for attached in (row.get("attachments") or {}).get("data") or []:
        below = (attached.get("subattachments") or {}).get("data") or []
        if attached.get("media_type") in {"photo", "album"}:
            found |= {str((one.get("target") or {}).get("id")) for one in below or [attached]}
    return found


def is_same(text: str, shown: Any) -> bool:
    """Whether Facebook shows this text: it trims the ends, and puts names in place of mentions."""
    pieces = MENTION.split(text.replace("\r\n", "\n").strip())
    pattern = ".+?".join(re.escape(piece) for piece in pieces)
    return re.fullmatch(pattern, str(shown or "").replace("\r\n", "\n").strip(), re.DOTALL) is not None
