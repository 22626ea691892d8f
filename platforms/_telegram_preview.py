"""The public page of a channel, t.me/s/name: the one place where a bot's posts can be looked up.

It is no API: whatever does not look as expected is no proof of anything.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser

from platforms.transport import Answer

_NUMBER = re.compile(r"/(\d+)(?:\?single)?$")
_MEDIA = {
    "tgme_widget_message_photo_wrap": "image",
    "tgme_widget_message_video_player": "video",
    "tgme_widget_message_document_wrap": "document",
}
_VOID = frozenset({"br", "img", "meta", "link", "input", "hr", "source", "wbr"})
_TIMES = {"K": 1_000, "M": 1_000_000}


@dataclass
class Seen:
    """A post as the page shows it; an album is one, under the number of its first message."""

    number: int
    at: datetime | None = None
    text: str = ""
    answers: int = 0  # the message that it replies to
    media: dict[int, str] = field(default_factory=dict)  # kinds, by the number of the message
    views: str = ""
    reactions: str = ""

    @property
    def ids(self) -> list[int]:
        return sorted({self.number, *self.media} if len(self.media) < 2 else self.media)

    @property
    def words(self) -> str:
        return plain(self.text)


@dataclass(frozen=True)
class Page:
    """A page of a channel, the oldest post first. `is_channel`: it really is one."""

    posts: list[Seen]
    is_channel: bool


def page_of(answer: Answer) -> Page:
    reader = _Reader()
    reader.feed(answer.text)
    return Page(reader.posts, answer.ok and reader.is_channel)


def plain(text: str) -> str:
    """A text without its white space, which pages change."""
    return " ".join(text.split())


def number(shown: str) -> int:
    """A count as the page shortens it: 1.2K."""
    found = re.fullmatch(r"([\d.]+)([KM]?)", shown.strip())
    return round(float(found[1]) * _TIMES.get(found[2], 1)) if found else 0


class _Reader(HTMLParser):
    """Takes down what stands in the elements that matter; `_into`: where text goes, until which depth."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.posts: list[Seen] = []
        self.is_channel = False
        self._depth = 0
        self._into: tuple[str, int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        classes = set(given.get("class", "").split())
        if tag not in _VOID:
            self._depth += 1
        self.is_channel |= "tgme_channel_info" in classes
        if post := re.fullmatch(r"[^/]+/(\d+)", given.get("data-post", "")):
            self.posts.append(Seen(int(post[1])))
        if self.posts:
            self._of_post(self.posts[-1], tag, given, classes)

    def _of_post(self, post: Seen, tag: str, given: dict[str, str], classes: set[str]) -> None:
        place = _NUMBER.search(given.get("href", ""))
        if tag == "br" and self._into:
            self.handle_data("\n")
        if tag == "time" and "time" in classes and "datetime" in given:
            post.at = datetime.fromisoformat(given["datetime"])
        if "tgme_widget_message_reply" in classes and place:
            post.answers = int(place[1])
        if place and (kinds := [kind for name, kind in _MEDIA.items() if name in classes]):
            post.media[int(place[1])] = kinds[0]
        wanted = {
            "js-message_text": "text",
            "tgme_widget_message_poll_question": "text",
            "tgme_widget_message_views": "views",
            "tgme_reaction": "reactions",
        }
        for name, into in wanted.items():
            if name in classes and self._into is None:
                self._into = (into, self._depth)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if self._into and self._depth == self._into[1]:
            self.handle_data(" ")
            self._into = None
        self._depth -= 1

    def handle_data(self, data: str) -> None:
        if self._into and self.posts:
            name = self._into[0]
            setattr(self.posts[-1], name, getattr(self.posts[-1], name) + data)
