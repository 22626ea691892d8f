"""Commands of the inbox: what waits for an answer, and answering, also by answering the bot's own message."""

import uuid
from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import ChatMessage
from accounts.permissions import Permission
from inbox import replying
from inbox.models import Conversation, Message
from platforms.chatting import Utterance
from publishing.times import short_time
from snsauto.bot.commands import command, not_allowed
from snsauto.bot.plans import excerpt
from snsauto.bot.talking import Answer, Talk, paged, sentence

KEYS = uuid.UUID("b1b5a0c6-41a5-4a86-bb5c-9d6b7f8a2c11")  # the keys of answers that come from the chat
MOST = 200


@command("inbox", gettext_lazy("What waits for an answer"))
def inbox(talk: Talk) -> Utterance:
    waiting = Conversation.objects.visible_to(talk.member).waiting().select_related("person", "account")
    lines = [
        f"{row.pk} · {row.person or _('Somebody')} · {row.account.platform.label} · "
        f"{short_time(row.last_at, talk.zone)} – {excerpt(row.preview, 80)}"
        for row in waiting.order_by("-last_at", "-pk")[:MOST]
    ]
    title = Answer().title(_("What waits for an answer"))
    if lines and talk.member.may(Permission.WRITE):
        title.line(_("Answer with /reply, the number and your words."))
    return paged(title, talk, lines, "inbox", _("Nobody waits for an answer. ✅"))


@command("reply", gettext_lazy("Answer somebody"), Permission.WRITE, gettext_lazy("<number> <text>"))
def reply(talk: Talk) -> Utterance:
    number, words = (*talk.words.split(maxsplit=1), "", "")[:2]
    found = Conversation.objects.visible_to(talk.member)
    conversation = found.filter(pk=int(number)).first() if number.isdecimal() else None
    last = replying.last_to_answer(conversation) if conversation else None
    if last is None or not words.strip():
        return sentence(
            _("Say whom you answer, and what: /reply 7 Yes, until six. /inbox lists the numbers.")
        )
    return _answer(talk, last, words)


def answered(talk: Talk) -> Utterance:
    """Words that are no command: an answer to what the bot told of, where they answer such a message."""
    told = ChatMessage.objects.filter(chat=talk.heard.chat, remote_id=talk.heard.answers)
    messages = _told_of(talk, told) if talk.heard.answers else []
    if not messages:
        return sentence(_("/help lists what I can do; /draft followed by a text begins a post."))
    if not talk.member.may(Permission.WRITE):
        return sentence(not_allowed(talk))
    if len({message.conversation_id for message in messages}) > 1:
        return _which(messages)
    return _answer(talk, messages[-1], talk.heard.text)


def _told_of(talk: Talk, told: Iterable[ChatMessage]) -> Sequence[Message]:
    """What people wrote, as far as the person may see it now; one message in the chat may tell of several."""
    about = [pk for one in told for pk in one.about.get("messages", [])]
    rows = Message.objects.visible_to(talk.member).filter(pk__in=about, is_ours=False, deleted_at=None)
    return list(rows.select_related("conversation__account", "person").order_by("created_at", "pk"))


def _which(messages: Sequence[Message]) -> Utterance:
    """Several people wrote: one must be named."""
    answer = Answer().line(_("Several people wrote. Say whom you answer:"))
    for message in {message.conversation_id: message for message in messages}.values():
        who = message.person or _("Somebody")
        answer.line(f"/reply {message.conversation_id} – {who}: {excerpt(message.text, 50)}")
    return answer.made()


def _answer(talk: Talk, message: Message, words: str) -> Utterance:
    """Have it sent, once; or say why that cannot be."""
    try:
        replying.reply(message, words, talk.user, key=uuid.uuid5(KEYS, talk.key))
    except replying.Refused as refused:
        return sentence(f"{refused} {refused.advice}".strip())
    who = message.person or _("Somebody")
    return sentence(_("Your answer to %(who)s goes out now.") % {"who": who})
