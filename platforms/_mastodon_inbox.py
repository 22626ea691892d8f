"""What people write to an account of a Mastodon-like server: answers, mentions and direct messages."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar

import regex

from platforms._mastodon_post import MastodonPosts, Status, post_of
from platforms._mastodon_server import moment, readable
from platforms.base import Moderation
from platforms.content import Author, Inbox, Json, Message, MessageKind, Published
from platforms.errors import Refused, Unavailable
from platforms.ledger import Ledger, repeatable

TYPES = ("mention", "quote")  # answers and direct messages are mentions too
PAGE = 40
FIRST_PAGES = 3  # when there is no cursor yet
MOST_PAGES = 10  # in one look; the rest comes with the next
KINDS: tuple[MessageKind, ...] = ("comment", "mention", "direct")
OURS = r"^\s*@{name}(?:@[\w.:-]+)?(?![\w.@-])[\s,:]*"
PRESSES = {"like": "favourite", "unlike": "unfavourite"}


class MastodonInbox(MastodonPosts):
    """Notifications are polled: Mastodon tells nobody of them but over Web Push and streams."""

    message_kinds: ClassVar[tuple[MessageKind, ...]] = KINDS
    replies_to: ClassVar[tuple[MessageKind, ...]] = KINDS
    moderation: ClassVar[Mapping[MessageKind, tuple[Moderation, ...]]] = dict.fromkeys(
        KINDS, ("like", "unlike")
    )

    # --- reading ---

    def messages(self, cursor: Mapping[str, Json], posts: Sequence[Published]) -> Inbox:
        last = str(cursor.get("min_id") or "")
        told = list(self._newer(last) if last else self._newest())
        newest = str(told[-1]["id"]) if told else last
        known = Conversations(posts)
        found = {}
        for notification in told:
            status = notification.get("status")
            if notification.get("type") in TYPES and isinstance(status, dict) and status.get("id"):
                message = self._message(status, known)
                found[message.remote_id] = message
        return Inbox(tuple(found.values()), {"min_id": newest} if newest else {})

    def _newer(self, last: str) -> Iterator[dict[str, Any]]:
        """All since the last one, oldest first."""
        seen = {last}
        for _page in range(MOST_PAGES):
            page = [told for told in self._page(min_id=last) if str(told["id"]) not in seen]
            if not page:
                return
            yield from reversed(page)
            last = str(page[0]["id"])
            seen |= {str(told["id"]) for told in page}

    def _newest(self) -> Iterator[dict[str, Any]]:
        """The newest ones, oldest first."""
        found: list[dict[str, Any]] = []
        for _page in range(FIRST_PAGES):
            page = self._page(max_id=str(found[-1]["id"])) if found else self._page()
            found += page
            if not page:
                break
        yield from reversed(found)

    def _page(self, **place: str) -> list[dict[str, Any]]:
        params = [("limit", str(PAGE)), *(("types[]", name) for name in TYPES), *place.items()]
        answer = self.call("GET", "/api/v1/notifications", params=params)
        if not isinstance(answer.maybe_json, list):
            raise Unavailable(f"{self.label} did not say what people wrote.", detail=answer.text)
        return [told for told in answer.maybe_json if isinstance(told, dict) and told.get("id")]

    def _message(self, status: Status, known: "Conversations") -> Message:
        remote_id, parent_id = str(status["id"]), str(status.get("in_reply_to_id") or "")
        author = author_of(status.get("account"))
        if parent_id and parent_id not in known.begun:
            self._learn(status, parent_id, known)
        thread_id = known.begun.setdefault(remote_id, known.begun.get(parent_id, remote_id))
        kind: MessageKind = "comment" if thread_id in known.ours else "mention"
        return Message(
            remote_id=remote_id,
            kind="direct" if status.get("visibility") == "direct" else kind,
            text=words_of(status, self.connection.handle),
            author=author,
            created_at=written_at(status),
            permalink=str(status.get("url") or status.get("uri") or ""),
            post_id=thread_id if thread_id in known.ours else "",
            parent_id=parent_id,
            thread_id=thread_id,
            is_ours=author.remote_id == self.account_id,
            attachments=tuple(addresses_of(status.get("media_attachments"))),
            extra={
                "visibility": str(status.get("visibility") or "public"),
                "spoiler_text": str(status.get("spoiler_text") or ""),
            },
        )

    def _learn(self, status: Status, parent_id: str, known: "Conversations") -> None:
        """Ask what came before a post, and note with which one all that began."""
        before: list[Status] = []
        with suppress(Refused):  # a conversation that cannot be read is one that begins here
            told = self.call("GET", f"/api/v1/statuses/{status['id']}/context").json.get("ancestors")
            before = [one for one in told or [] if isinstance(one, dict) and one.get("id")]
        first = str(before[0]["id"]) if before else parent_id
        answered = str(status.get("in_reply_to_account_id") or "")
        begun_by = author_of(before[0].get("account")).remote_id if before else answered
        if begun_by == self.account_id:
            known.ours.add(first)
        known.begun |= {str(one["id"]): first for one in before} | {parent_id: first}

    # --- writing ---

    def reply(self, message: Message, text: str, ledger: Ledger) -> Message:
        """An answer names whom it answers, and is seen by no more people than what it answers."""
        usual = "direct" if message.kind == "direct" else "unlisted"
        body: dict[str, Json] = {
            "status": addressed(text, message),
            "in_reply_to_id": message.remote_id,
            "visibility": str(message.extra.get("visibility") or usual),
        }
        if message.extra.get("spoiler_text"):
            body["spoiler_text"] = message.extra["spoiler_text"]
        made = ledger.once(
            "reply",
            partial(self._answer, f"reply-{message.remote_id}", body),
            find=partial(self._find_answer, body),
        )
        return Message(
            remote_id=str(made["id"]),
            kind=message.kind,
            text=text,
            author=Author(self.account_id, self.connection.handle),
            created_at=datetime.fromisoformat(str(made["at"])),
            permalink=str(made["url"]),
            post_id=message.post_id,
            parent_id=message.remote_id,
            thread_id=message.thread_id or message.remote_id,
            is_ours=True,
            extra={"visibility": made["visibility"]},
        )

    def _answer(self, key: str, body: dict[str, Json]) -> dict[str, Json]:
        return answer_of(self.send(key, body))

    def _find_answer(self, body: dict[str, Json], since: datetime) -> Json:
        there = self.look(body, since)
        return answer_of(there) if there else None

    def moderate(self, message: Message, action: Moderation) -> None:
        path = f"/api/v1/statuses/{message.remote_id}/{PRESSES[action]}"
        repeatable(partial(self.call, "POST", path))


class Conversations:
    """What is known of them: with which post each one began, and which of those posts are our own."""

    def __init__(self, posts: Sequence[Published]) -> None:
        self.ours = {post.remote_id for post in posts}
        self.begun = {part: post.remote_id for post in posts for part in (post.remote_id, *post.part_ids)}


def addressed(text: str, message: Message) -> str:
    """The text with the name of whoever is answered, unless it opens with it."""
    name = f"@{message.author.handle}"
    is_named = regex.match(rf"{regex.escape(name)}(?![\w@-]|\.\w)", text, flags=regex.IGNORECASE)
    return text if is_named or message.is_ours else f"{name} {text}"


def answer_of(status: Status) -> dict[str, Json]:
    """What is kept of an answer that was written."""
    return {**post_of(status), "at": written_at(status).isoformat()}


def written_at(status: Status) -> datetime:
    return moment(status.get("created_at")) or datetime.now(UTC)


def words_of(status: Status, handle: str) -> str:
    """The text for people, below its warning, without our own name where it opens with it."""
    name = regex.escape(handle.strip("@").partition("@")[0])
    text = readable(str(status.get("content") or ""))
    words = regex.sub(OURS.format(name=name), "", text, flags=regex.IGNORECASE) if name else text
    warning = str(status.get("spoiler_text") or "")
    return f"{warning}\n\n{words}" if warning else words


def author_of(account: Any) -> Author:
    """Whoever wrote; `handle` is how an answer names them."""
    told = account if isinstance(account, dict) else {}
    handle = str(told.get("acct") or told.get("username") or "")
    name, avatar = str(told.get("display_name") or handle), str(told.get("avatar") or "")
    return Author(str(told.get("id") or ""), handle, name, avatar)


def addresses_of(media: Any) -> Iterator[str]:
    for medium in media if isinstance(media, list) else ():
        if isinstance(medium, dict):
            address = medium.get("url") or medium.get("remote_url") or medium.get("preview_url")
            if address:
                yield str(address)
