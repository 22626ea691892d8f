"""What people write to a bot and in its chats, from the updates that Telegram sends or keeps for a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from platforms.content import Author, Event, Json, Message, MessageKind

UPDATES = (
    "message", "edited_message", "channel_post", "edited_channel_post", "callback_query", "my_chat_member",
    "message_reaction_count", "poll",
)  # fmt: skip
REMEMBERED = 200  # threads of the discussion group, and the posts that they are about
_FILES = (
    "photo", "video", "animation", "document", "audio", "voice", "video_note", "sticker", "location",
    "contact", "poll",
)  # fmt: skip


@dataclass
class Reader:
    """Reads updates for one account: its chat, its discussion group, and whoever writes to the bot.

    `threads` tells which post a thread of the discussion group is about; it grows as posts are copied there.
    """

    account: int
    group: int | None
    bot_id: int
    bot_name: str
    threads: dict[str, Json]

    def event(self, update: Mapping[str, Any]) -> Event:
        """What one update tells."""
        edited = update.get("edited_message")
        written = self.message(edited or update.get("message") or {})
        if written is not None:
            account = self._account_of(written)
            return Event("message_edited" if edited else "message", account, written.remote_id, written)
        if post := update.get("channel_post"):
            return Event("post_published", str(post["chat"]["id"]), str(post["message_id"]))
        if change := update.get("my_chat_member"):
            is_gone = change["new_chat_member"].get("status") in {"left", "kicked"}
            return Event("revoked" if is_gone else "other", str(change["chat"]["id"]))
        if counts := update.get("message_reaction_count"):
            reactions = sum(reaction["total_count"] for reaction in counts["reactions"])
            return Event(
                "other", str(counts["chat"]["id"]), str(counts["message_id"]), extra={"likes": reactions}
            )
        return Event("other")

    def message(self, raw: Mapping[str, Any]) -> Message | None:
        """What somebody wrote to the account, None where it is something else."""
        if not raw or raw.get("from", {}).get("id") == self.bot_id:
            return None
        chat = raw["chat"]
        if raw.get("is_automatic_forward"):
            self._remember(raw)
            return None
        kind = self._kind(raw, chat)
        text = said(raw)
        if kind is None or not text or (kind == "direct" and text.startswith("/")):
            return None
        thread, answers = raw.get("message_thread_id"), raw.get("reply_to_message") or {}
        return Message(
            remote_id=f"{chat['id']}/{raw['message_id']}",
            kind=kind,
            text=text,
            author=author_of(raw),
            created_at=datetime.fromtimestamp(raw["date"], UTC),
            permalink=address(chat, raw["message_id"]),
            post_id=self._post(raw),
            parent_id=f"{chat['id']}/{answers['message_id']}" if answers else "",
            thread_id=f"{chat['id']}/{thread}" if thread else str(chat["id"]),
            is_ours=raw.get("sender_chat", {}).get("id") == self.account,
            extra={"chat": chat["id"], "id": raw["message_id"]},
        )

    def _kind(self, raw: Mapping[str, Any], chat: Mapping[str, Any]) -> MessageKind | None:
        if chat["type"] == "private":
            return "direct"
        if chat["id"] not in {self.account, self.group} and self.account:
            return None
        if chat["type"] == "channel":
            return None
        if self.mentions_bot(raw):
            return "mention"
        is_answer = (
            self._post(raw) or (raw.get("reply_to_message") or {}).get("from", {}).get("id") == self.bot_id
        )
        in_discussion = chat["id"] == self.group and raw.get("message_thread_id")
        return "comment" if is_answer or in_discussion else None

    def mentions_bot(self, raw: Mapping[str, Any]) -> bool:
        text = str(raw.get("text") or raw.get("caption") or "").encode("utf-16-le")
        for entity in raw.get("entities") or raw.get("caption_entities") or []:
            start = entity["offset"] * 2
            words = text[start : start + entity["length"] * 2].decode("utf-16-le", "replace")
            named = entity["type"] == "mention" and words.lower() == f"@{self.bot_name}".lower()
            meant = entity["type"] == "text_mention" and entity["user"]["id"] == self.bot_id
            if named or meant:
                return True
        return False

    def _post(self, raw: Mapping[str, Any]) -> str:
        """The post that a message is about."""
        answered = raw.get("reply_to_message") or {}
        if answered.get("is_automatic_forward"):
            return str(answered["forward_origin"]["message_id"])
        if (
            answered
            and raw["chat"]["id"] == self.account
            and answered.get("from", {}).get("id") == self.bot_id
        ):
            return str(answered["message_id"])
        return str(self.threads.get(str(raw.get("message_thread_id")), ""))

    def _remember(self, copy: Mapping[str, Any]) -> None:
        origin = copy.get("forward_origin") or {}
        if origin.get("chat", {}).get("id") == self.account and copy["chat"]["id"] == self.group:
            self.threads[str(copy["message_id"])] = str(origin["message_id"])
            for oldest in list(self.threads)[:-REMEMBERED]:
                del self.threads[oldest]

    def _account_of(self, message: Message) -> str:
        """Whose message it is: a comment's is the channel's, a direct message belongs to the bot alone."""
        if message.kind == "direct":
            return ""
        chat = cast(int, message.extra["chat"])
        return str(self.account if chat == self.group and self.account else chat)


def said(raw: Mapping[str, Any]) -> str:
    """The words of a message, or what it is where it has none; '' for service messages."""
    words = str(raw.get("text") or raw.get("caption") or "")
    kind = next((name for name in _FILES if name in raw), "")
    return words or (f"[{kind.replace('_', ' ')}]" if kind else "")


def author_of(raw: Mapping[str, Any]) -> Author:
    """Who wrote it: a person, or a chat that speaks as itself."""
    chat = raw.get("sender_chat")
    if chat:
        return Author(str(chat["id"]), chat.get("username", ""), chat.get("title", ""))
    user = raw.get("from") or {}
    name = f"{user.get('first_name', '')} {user.get('last_name', '')}".strip()
    return Author(str(user.get("id", "")), user.get("username", ""), name)


def address(chat: Mapping[str, Any], message_id: int, web: str = "https://t.me") -> str:
    """Where a message of a chat is read: by everybody, or by its members; '' for private chats."""
    if chat["type"] == "private":
        return ""
    number = str(chat["id"]).removeprefix("-100")
    return f"{web}/{chat.get('username') or f'c/{number}'}/{message_id}"
