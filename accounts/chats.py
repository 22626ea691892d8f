"""The chat as a way to tell people: rows for the desk's bot to send. Without a bot there is no such way."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from accounts.connections import transport
from accounts.events import CHAT, Event
from accounts.models import ChatLink, ChatMessage, NoticePreference, Notification, Workspace
from platforms.chatting import ChatBot
from platforms.content import Json
from platforms.registry import CHAT_BOTS


@dataclass(frozen=True)
class News:
    """What is told, whoever hears of it."""

    event: Event
    key: str
    text: str
    url: str
    workspace: Workspace | None
    about: dict[str, Json]
    moment: datetime
    grows: bool = False


def bot() -> ChatBot | None:
    """The desk's own bot; None where the operators gave it no token."""
    chosen = settings.CHAT_BOT
    if not chosen["token"]:
        return None
    network = settings.NETWORKS[chosen["name"]]
    return CHAT_BOTS[chosen["name"]](
        transport(), chosen["token"], api_url=network["api_url"], web_url=network["auth_url"]
    )


def is_there() -> bool:
    return bool(settings.CHAT_BOT["token"])


def label() -> str:
    """What people call the network that the bot lives on."""
    return CHAT_BOTS[settings.CHAT_BOT["name"]].label


def write(news: News, wishes: Mapping[int, NoticePreference]) -> None:
    """A row for everybody who wants it in the chat, and one for the operators' own."""
    if not is_there():
        return
    links = _listening(news, wishes)
    notices = dict(
        Notification.objects.filter(user__in=links, key=news.key).values_list("user_id", "pk")
        if links
        else []
    )
    rows = [
        _row(
            news,
            link.chat,
            link=link,
            notification_id=notices.get(user_id),
            due_at=wishes[user_id].when(news.event, CHAT, news.moment),
        )
        for user_id, link in links.items()
    ]
    if news.event.is_for_operators and settings.CHAT_BOT["chat"]:
        rows.append(_row(news, settings.CHAT_BOT["chat"]))
    ChatMessage.objects.bulk_create(rows, ignore_conflicts=True)
    if news.grows:
        _grow(news, [row.chat for row in rows])


def _listening(news: News, wishes: Mapping[int, NoticePreference]) -> dict[int, ChatLink]:
    wanting = [user_id for user_id, wish in wishes.items() if CHAT in wish.channels(news.event)]
    links = ChatLink.objects.filter(user__in=wanting, blocked_at=None) if wanting else ChatLink.objects.none()
    return {link.user_id: link for link in links}


def _row(news: News, chat: str, **rest: object) -> ChatMessage:
    return ChatMessage(
        chat=chat,
        key=news.key,
        kind=news.event.name,
        text=news.text,
        url=news.url,
        about=news.about,
        workspace=news.workspace,
        created_at=news.moment,
        **{"due_at": news.moment, **rest},
    )


def _grow(news: News, chats: Iterable[str]) -> None:
    """What waits says the new text; what was sent is changed in the chat."""
    older = ChatMessage.objects.filter(chat__in=list(chats), key=news.key).exclude(text=news.text)
    older.exclude(remote_id="").update(due_at=news.moment, tries=0)
    older.update(text=news.text, url=news.url, about=news.about)
