"""How notices look in the chat: a sign, the sentence, and buttons that act on what it is about."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.events import EVENTS
from accounts.models import ChatMessage
from platforms.chatting import Button, Utterance
from publishing.models import NEEDS_PERSON, Delivery, State
from snsauto.bot.talking import Answer

SIGNS = {"red": "🔴", "amber": "🟠", "green": "🟢", "blue": "🔵", "grey": "⚪"}
MOST_TOGETHER = 12  # sentences in one message that tells of several things


def dressed(message: ChatMessage) -> Utterance:
    """One thing, with its buttons."""
    answer = Answer([_line(message)])
    if message.kind == "message_received":
        answer.line(_("Answer this message, and your words go there."))
    answer.buttons(*_buttons(message))
    if message.url:
        answer.leads_to(message.url)
    return answer.made()


def together(messages: Sequence[ChatMessage]) -> Utterance:
    """What gathered while nothing was said: one message that counts."""
    sentence = ngettext("%(count)d thing to know", "%(count)d things to know", len(messages))
    answer = Answer().title(sentence % {"count": len(messages)})
    answer.lines += [_line(message) for message in messages[:MOST_TOGETHER]]
    if len(messages) > MOST_TOGETHER:
        answer.line(_("… and %(count)d more.") % {"count": len(messages) - MOST_TOGETHER})
    return answer.leads_to(reverse("notices:notice-list"), _("Open the notices")).made()


def _line(message: ChatMessage) -> str:
    event = EVENTS.get(message.kind)
    place = f" <i>({escape(message.workspace.name)})</i>" if message.workspace else ""
    return f"{SIGNS[event.tone if event else 'grey']} {escape(message.text)}{place}"


def _buttons(message: ChatMessage) -> list[Button]:
    """What can be done about the deliveries that it tells of, as they stand now."""
    ids = message.about.get("deliveries", [])
    rows = list(Delivery.objects.filter(pk__in=ids, state__in=NEEDS_PERSON)) if ids else []
    if len(rows) == 1:
        return _of_one(rows[0])
    failed = sum(row.state == State.FAILED for row in rows)
    return [Button(_("Retry all %(count)d") % {"count": failed}, press="all")] if failed else []


def _of_one(row: Delivery) -> list[Button]:
    place = f"{row.pk}:{row.fence}"
    if row.state == State.UNKNOWN:
        return [
            Button(_("It is there"), press=f"there:{place}"),
            Button(_("Send it again"), press=f"again:{place}"),
        ]
    label = _("Send now") if row.state == State.MISSED else _("Retry")
    return [Button(label, press=f"retry:{place}")]
