"""What reached the bot, handled once: written down when it comes, taken, answered, marked.

Whoever dies in between leaves it to be taken again, three times at most. A command that is run twice does
one thing: drafts carry a key made of the number, and decisions hold only for the state they were about.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models import F, Min
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import digest
from platforms.chatting import ChatBot, Heard, Utterance
from platforms.errors import PlatformError, RateLimited, Refused, Unavailable
from snsauto.bot import about_you, acting, commands, inbox, linking, numbers, plans
from snsauto.bot.commands import called
from snsauto.bot.pace import Pace
from snsauto.bot.talking import Answer, Talk, sentence
from snsauto.models import BotUpdate

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=1)
BATCH = 50
FAULTS = (ArithmeticError, LookupError, TypeError, ValueError)
TABLES = (about_you, plans, acting, numbers, inbox)  # they fill the tables of commands and buttons


def name_of(bot: ChatBot) -> str:
    """Tells one bot's numbers from another's."""
    return digest(bot.token)[:16]


def keep(bot: ChatBot, news: Iterable[Mapping[str, Any]]) -> None:
    """Write down what came; what is known already stays as it is."""
    BotUpdate.objects.bulk_create(
        (
            BotUpdate(bot=name_of(bot), number=bot.number(raw), chat=bot.understand(raw).chat, raw=dict(raw))
            for raw in news
        ),
        ignore_conflicts=True,
    )


def last(bot: ChatBot) -> int:
    """The number of the newest that was written down."""
    row = BotUpdate.objects.filter(bot=name_of(bot)).order_by("-number").first()
    return row.number if row else 0


def handle_waiting(bot: ChatBot, pace: Pace) -> int:
    """Handle what waits: of each chat the first, so that a chat's words keep their order and a chat with many
    holds up no other; chats that were spoken to enough wait. How many.
    """
    unhandled = BotUpdate.objects.filter(bot=name_of(bot), handled_at=None)
    firsts = unhandled.order_by().values("chat").annotate(first=Min("number")).values("first")
    handled = 0
    for update in BotUpdate.objects.waiting().filter(bot=name_of(bot), number__in=firsts):
        if handled == BATCH:
            break
        if pace.is_free(update.chat):
            handled += handle(bot, pace, update)
    return handled


def handle(bot: ChatBot, pace: Pace, update: BotUpdate) -> bool:
    """Take it, answer it, mark it. False where somebody else is at it, or it has to wait."""
    mine = BotUpdate.objects.waiting().filter(pk=update.pk)
    if not mine.update(taken_until=now() + LEASE, tries=F("tries") + 1):
        return False
    row = BotUpdate.objects.filter(pk=update.pk)
    if update.tries < BotUpdate.MOST_TRIES:
        try:
            _answer(bot, pace, update)
        except RateLimited as error:
            pace.hold(update.chat, error.retry_at)
            row.update(taken_until=None, tries=F("tries") - 1)
            return False
        except Unavailable:
            row.update(taken_until=now() + timedelta(seconds=5))
            return False
        except PlatformError as error:  # it may stand there, or never will
            log.warning("no answer in the chat", code=error.code)
        except FAULTS as error:  # of ours, over words that nobody thought of: it silences no other chat
            log.error("a message stopped the bot", update=update.number, exc_info=error)
    else:
        log.error("given up", update=update.number)
    return bool(row.update(handled_at=now()))


def _answer(bot: ChatBot, pace: Pace, update: BotUpdate) -> None:
    heard = bot.understand(update.raw)
    if heard.kind in {"blocked", "unblocked"}:
        linking.shut(heard, is_blocked=heard.kind == "blocked")
    elif heard.kind == "pressed":
        _press(bot, pace, heard, update)
    elif heard.kind == "said" and _is_meant(heard):
        pace.spend(heard.chat)
        bot.say(heard.chat, _reply(bot, heard, update))


def _is_meant(heard: Heard) -> bool:
    """What people say among themselves in a group is none of the bot's business, commands apart."""
    is_theirs = heard.chat == settings.CHAT_BOT["chat"] and heard.text.startswith("/")
    return heard.is_private or is_theirs


def _reply(bot: ChatBot, heard: Heard, update: BotUpdate) -> Utterance:
    name, words = called(heard.text)
    if name == "start" and words and heard.is_private:
        return _begin(heard, words)
    talk = _talk(bot, heard, update)
    if talk is None:
        return _to_stranger(heard)
    if heard.picture:
        return commands.answer(replace(talk, heard=replace(heard, text=_as_draft(heard.text))))
    if name:
        return commands.answer(talk)
    return inbox.answered(talk)


def _as_draft(text: str) -> str:
    """A picture's words are a draft's, whether or not that was said."""
    return text if text.startswith("/") else f"/draft {text}"


def _begin(heard: Heard, code: str) -> Utterance:
    """Somebody comes from the desk with a code."""
    link = linking.begin(heard, code)
    if link is None:
        return sentence(
            _("This code is used or too old. Make a new one in the desk, under Notices, Settings.")
        )
    told = {"name": link.user.get_short_name(), "email": link.user.email}
    answer = Answer().line(_("Hello %(name)s: you are linked as %(email)s.") % told)
    return answer.line(_("I tell you what you chose in the desk. /help lists what I can do.")).made()


def _talk(bot: ChatBot, heard: Heard, update: BotUpdate) -> Talk | None:
    """Who talks, with their rights as they are now; None for who has none."""
    link = linking.link_of(heard)
    member = linking.member_of(link) if link else None
    if link is None or member is None:
        return None
    return Talk(bot, heard, link, member, update.created_at, key=f"{update.bot}:{update.number}")


def _to_stranger(heard: Heard) -> Utterance:
    """One polite sentence, whoever asks and whatever they ask for."""
    link = linking.link_of(heard)
    if link is not None:
        return sentence(_("You belong to no workspace of the desk any more."))
    return sentence(
        _("Hello! I talk only with the people of a desk, who link me from the settings of their notices.")
    )


def _press(bot: ChatBot, pace: Pace, heard: Heard, update: BotUpdate) -> None:
    talk = _talk(bot, heard, update)
    if talk is None:
        bot.acknowledge(heard.press, _("Link yourself with the desk first."))
        return
    result = commands.pressed(talk)
    try:
        bot.acknowledge(heard.press, result.said)
    except Refused as error:  # pressed long ago; what it did stands
        log.info("press not acknowledged", code=error.code)
    if result.message is not None:
        pace.spend(heard.chat)
        bot.change(heard.chat, heard.message, result.message)
