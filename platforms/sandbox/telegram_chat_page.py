"""A private chat as the person sees it: both sides, buttons, a line to write in, pictures to send."""

from dataclasses import dataclass
from typing import Any

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from platforms.sandbox.models import Note, Person
from platforms.sandbox.telegram_chats import posts_of
from platforms.sandbox.telegram_messages import Message
from platforms.sandbox.telegram_public import rendered
from platforms.sandbox.telegram_wire import NETWORK

SHEET = "css/sandbox/telegram.css"
SHOWN = 60


@dataclass(frozen=True)
class Bubble:
    """One message of either side."""

    message: Message
    is_own: bool
    picture: str = ""  # the id of what the person sent

    @property
    def number(self) -> int:
        return int(self.message["message_id"])

    @property
    def words(self) -> SafeString:
        return rendered(self.message)

    @property
    def buttons(self) -> list[list[dict[str, Any]]]:
        return list(self.message.get("reply_markup", {}).get("inline_keyboard", []))

    @property
    def answered(self) -> str:
        answered = self.message.get("reply_to_message") or {}
        return str(answered.get("text") or answered.get("caption") or "")[:80]


@require_safe
def chat_page(request: HttpRequest, handle: str, person: str) -> HttpResponse:
    """The chat of a person with a bot, the newest at the foot."""
    bot = get_object_or_404(Person, network=NETWORK, handle=handle, facts__type="bot")
    who = get_object_or_404(Person, network=NETWORK, handle=person)
    context = {
        "bot": bot,
        "who": who,
        "person": who,
        "bubbles": bubbles(bot, who),
        "has_started": bot.remote_id in who.facts.get("started", []),
        "is_blocked": bot.remote_id in who.facts.get("blocked", []),
        "said": bot.facts.get("said", {}).get("text", ""),
        "answers": request.GET.get("answers", ""),
        "label": "Telegram",
        "look": finders.find(SHEET) and SHEET,
    }
    return render(request, "sandbox/telegram_chat.html", context)


def bubbles(bot: Person, who: Person) -> list[Bubble]:
    """What both said, in its order."""
    entries = posts_of(who).filter(body__bot=bot.remote_id).order_by("-pk")[:SHOWN]
    notes = Note.objects.filter(
        network=NETWORK, author=who, kind="direct", deleted_at=None, body__told=bot.remote_id
    ).order_by("-pk")[:SHOWN]
    theirs = [Bubble(message, is_own=False) for entry in entries for message in entry.body["messages"]]
    own = [Bubble(note.body["message"], is_own=True, picture=note.body.get("picture", "")) for note in notes]
    return sorted([*theirs, *own], key=lambda bubble: bubble.number)[-SHOWN:]
