"""Whether a message that may have been sent is there.

A bot is told nothing of what it sent, so there are two witnesses: the public page of a channel, and the copy
of each post that Telegram puts into the channel's discussion group.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from platforms._telegram_bot import TelegramBot
from platforms._telegram_post import Sending
from platforms._telegram_preview import Page, Seen, page_of, plain
from platforms.content import Json
from platforms.errors import OutcomeUnknown, PlatformError, Refused, Unavailable
from platforms.transport import Answer

SETTLES = timedelta(minutes=3)  # a large upload may still be looked at, and the page may be late
PROMPT = timedelta(minutes=5)  # media without words are ours only if they came at once
LOOK_BACK = 10  # pages of the channel
ODD_PAGE = "The channel's public page does not tell whether it arrived, and bots cannot read chats."
NO_WITNESS = "Telegram does not tell whether it arrived: bots cannot read what stands in a chat."


class TelegramLook(TelegramBot):
    """The part of the client that looks for what it may have sent."""

    def look(self, sending: Sending, parent: int | None, since: datetime) -> Json:
        """What the call would have stored, None where it surely made nothing. Raises OutcomeUnknown."""
        copy = self._copied(sending, since)
        if copy:
            return {"ids": [*copy], "chat": self.chat}
        name = self.connection.limits.get("username")
        if self.connection.limits.get("type") != "channel" or not name:
            raise OutcomeUnknown(NO_WITNESS)
        seen = self._on_page(str(name), sending, parent, since)
        if seen is not None:
            return {"ids": [*seen.ids], "chat": self.chat}
        if datetime.now(UTC) - since < SETTLES:
            raise OutcomeUnknown("It is not in the channel yet, but may still appear.")
        return None

    def _on_page(self, name: str, sending: Sending, parent: int | None, since: datetime) -> Seen | None:
        """The post on the channel's page, None where nothing at all was posted since.

        Pages show texts in their own way, so a post that does not look like this one may be it all the same.
        """
        newer = [post for post in self._posts(name, since) if post.number > (parent or 0)]
        found = [post for post in newer if is_same(post, sending, parent, since)]
        if len(found) > 1 and not sending.said:
            raise OutcomeUnknown("There are several posts that it could be.")
        if newer and not found:
            raise OutcomeUnknown("There are newer posts in the channel, and none is surely this one.")
        return found[-1] if found else None

    def _posts(self, name: str, since: datetime) -> Iterator[Seen]:
        """The channel's posts since a moment, the newest first."""
        before = ""
        for _ in range(LOOK_BACK):
            page, earliest = self._page(name, before, since)
            for post in reversed(page.posts):
                if post.at is None:
                    raise OutcomeUnknown(ODD_PAGE)
                if post.at < earliest:
                    return
                yield post
            if page.posts[0].number <= 1:
                return
            before = str(page.posts[0].number)
        raise OutcomeUnknown("There are too many newer posts to be sure.")

    def _page(self, name: str, before: str, since: datetime) -> tuple[Page, datetime]:
        """A page of the channel, and the moment since which posts count by Telegram's clock."""
        answer = self.read_page(f"s/{name}", {"before": before} if before else {})
        page = page_of(answer)
        if not page.is_channel or not page.posts:  # even a new channel says that it was created
            raise OutcomeUnknown(ODD_PAGE)
        return page, since + ahead(answer)

    def read_page(self, path: str, params: Mapping[str, str]) -> Answer:
        """What the public sees; redirects mean that it may not."""
        return self.connection.transport.request(
            "GET", f"{self.app.auth_url}/{path}", params=params, headers={"Accept": "text/html"}
        )

    def _copied(self, sending: Sending, since: datetime) -> list[int]:
        """The post's messages, if the discussion group's copy of it is among the news still waiting."""
        group = self.connection.limits.get("discussion")
        if not group:
            return []
        news: list[dict[str, Any]] = []
        with suppress(Refused, Unavailable):
            news = self.ask("getUpdates", {"limit": 100, "timeout": 0})
        for update in news:
            copy = update.get("message") or {}
            origin = copy.get("forward_origin") or {}
            if (
                copy.get("is_automatic_forward")
                and origin.get("chat", {}).get("id") == self.chat
                and origin.get("date", 0) >= int(since.timestamp()) - 2
                and sending.said
                and plain(str(copy.get("text") or copy.get("caption") or "")) == plain(sending.said)
                and len(sending.media) < 2  # of an album the copies come one by one
            ):
                return [int(origin["message_id"])]
        return []

    def standing_with(self, message_id: int) -> list[int]:
        """The messages of a post, all of an album's; [] where it is surely not in the channel."""
        page = self.page_up_to(message_id)
        if page is None:
            return [message_id]
        return next((post.ids for post in page.posts if message_id in post.ids), [])

    def page_up_to(self, message_id: int) -> Page | None:
        """The public page that ends with a message, None where there is none."""
        name = self.connection.limits.get("username")
        if self.connection.limits.get("type") != "channel" or not name:
            return None
        with suppress(PlatformError):
            page = page_of(self.read_page(f"s/{name}", {"before": str(message_id + 1)}))
            return page if page.is_channel else None
        return None


def is_same(post: Seen, sending: Sending, parent: int | None, since: datetime) -> bool:
    """Whether a post of the page is what was sent."""
    kinds = sorted(file.kind for file in sending.media)
    if sorted(post.media.values()) != kinds or post.answers != (parent or 0):
        return False
    if sending.said:
        return post.words == plain(sending.said)
    return not post.words and post.at is not None and post.at - since < PROMPT


def ahead(answer: Answer) -> timedelta:
    """How far the server's clock is ahead of ours, on the early side: its times are whole seconds."""
    with suppress(TypeError, ValueError):
        return (
            parsedate_to_datetime(answer.headers.get("Date", "")) - datetime.now(UTC) - timedelta(seconds=2)
        )
    return timedelta(seconds=-5)
