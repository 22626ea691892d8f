"""Direct messages: the company keeps them (chat.bsky), and the account's server passes requests on."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from platforms._atproto import claims_of
from platforms._atproto_session import known
from platforms._bluesky_repo import BlueskyRepo
from platforms.content import Author, Json, Message
from platforms.errors import InvalidContent
from platforms.ledger import Ledger
from platforms.text import graphemes

PROXY = {"atproto-proxy": "did:web:api.bsky.chat#bsky_chat"}
WITH_MESSAGES = frozenset({"com.atproto.appPassPrivileged", "com.atproto.access"})
MESSAGE = "chat.bsky.convo.defs#messageView"
LENGTH, BYTES = 1000, 10_000
MOST_PAGES = 5  # of 100 conversations, or of 100 messages of one


class BlueskyChat(BlueskyRepo):
    @property
    def may_chat(self) -> bool:
        """Whether the token is good for direct messages; an app password may be made without them."""
        if self.token is None:
            return False
        if self._is_oauth:
            return "transition:chat.bsky" in self.token.scopes
        return claims_of(self.token.access).get("scope") in WITH_MESSAGES

    def _chat(self, method: str, name: str, **request: Any) -> dict[str, Any]:
        return self._xrpc(method, f"chat.bsky.convo.{name}", headers=PROXY, **request).json

    # --- reading ---

    def direct_messages(self, since: datetime | None) -> Iterator[Message]:
        """What was written since then, by anybody in the account's conversations."""
        for convo in self._convos(since):
            people = {person["did"]: author_of(person) for person in convo.get("members") or []}
            for told in self._told(str(convo["id"]), since):
                yield self._direct(told, convo, people)

    def _convos(self, since: datetime | None) -> Iterator[dict[str, Any]]:
        """Conversations, the one with the newest message first."""
        for page in self._pages("listConvos", "convos", {}):
            for convo in page:
                last = convo.get("lastMessage") or {}
                if since and last.get("sentAt") and written_at(last) < since:
                    return
                yield convo

    def _told(self, convo_id: str, since: datetime | None) -> Iterator[dict[str, Any]]:
        """The messages of a conversation, newest first; those that were deleted say nothing."""
        for page in self._pages("getMessages", "messages", {"convoId": convo_id}):
            for told in page:
                if since and written_at(told) < since:
                    return
                if told.get("$type", MESSAGE) == MESSAGE:
                    yield told

    def _pages(self, name: str, field: str, asked: Mapping[str, str]) -> Iterator[list[dict[str, Any]]]:
        params = {**asked, "limit": "100"}
        for _ in range(MOST_PAGES):
            answer = self._chat("GET", name, params=params)
            yield answer.get(field) or []
            if not answer.get("cursor"):
                return
            params["cursor"] = str(answer["cursor"])

    def _direct(
        self, told: Mapping[str, Any], convo: Mapping[str, Any], people: Mapping[str, Author]
    ) -> Message:
        sender = str(told["sender"]["did"])
        return Message(
            remote_id=str(told["id"]),
            kind="direct",
            text=str(told.get("text") or ""),
            author=people.get(sender, Author(sender)),
            created_at=written_at(told),
            thread_id=str(convo["id"]),
            is_ours=sender == self.did,
            extra={"status": str(convo.get("status") or "")},
        )

    # --- writing ---

    def reply_direct(self, message: Message, text: str, ledger: Ledger) -> Message:
        """The chat knows no keys: after an unclear try, what was said since then is read."""
        if graphemes(text) > LENGTH or len(text.encode()) > BYTES:
            raise InvalidContent(f"A direct message takes {LENGTH} characters at most. Shorten it.")
        convo = message.thread_id
        if message.extra.get("status") == "request":
            ledger.repeat("accepted", partial(self._chat, "POST", "acceptConvo", json={"convoId": convo}))
        last = ledger.repeat("last message before", partial(self._newest, convo))
        facets = self.facets(text, "mentions", ledger)
        said: dict[str, Json] = {"text": text, **({"facets": facets} if facets else {})}
        send = partial(self._chat_message, convo, said)
        told = ledger.once("reply", send, find=partial(self._find_direct, convo, text, last))
        return self._direct(told, {"id": convo}, {self.did: Author(self.did, self.connection.handle)})

    def _chat_message(self, convo: str, said: dict[str, Json]) -> dict[str, Any]:
        body: Json = {"convoId": convo, "message": said}
        answer = self._xrpc("POST", "chat.bsky.convo.sendMessage", headers=PROXY, json=body)
        known(answer, "id", str)
        return kept(answer.json)

    def _newest(self, convo: str) -> str:
        page = self._chat("GET", "getMessages", params={"convoId": convo, "limit": "1"})["messages"]
        return str(page[0]["rev"]) if page else ""

    def _find_direct(self, convo: str, text: str, last: str, since: datetime) -> Json:
        """Our own words, newer than what was there before; revisions sort by time."""
        for told in self._told(convo, None):
            if str(told["rev"]) <= last:
                return None
            if told["sender"]["did"] == self.did and told["text"] == text:
                return kept(told)
        return None


def kept(told: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored of a message that was sent."""
    return {name: told[name] for name in ("id", "rev", "text", "sender", "sentAt")}


def author_of(person: Mapping[str, Any]) -> Author:
    handle = str(person.get("handle") or person["did"])
    name = str(person.get("displayName") or handle)
    return Author(str(person["did"]), handle, name, str(person.get("avatar") or ""))


def written_at(told: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(str(told["sentAt"]))
