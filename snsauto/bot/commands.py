"""The commands of the bot: one table, and the way from a person's words to one of them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from accounts.events import Words
from accounts.permissions import Permission
from platforms.chatting import Utterance
from snsauto.bot.talking import Pressed, Talk, sentence

TYPED = re.compile(r"/(?P<name>[^\s@]+)(?:@\w+)?\s*(?P<rest>.*)", re.DOTALL)
Run = Callable[[Talk], Utterance]
Act = Callable[[Talk, list[str]], Pressed]


@dataclass(frozen=True)
class Command:
    """What a person may type behind a slash, and what role that takes."""

    name: str
    help: Words
    permission: Permission
    run: Run
    example: Words = ""


@dataclass(frozen=True)
class Press:
    """What a button does, and what role that takes; its data is `name:argument:argument`."""

    permission: Permission
    act: Act


COMMANDS: dict[str, Command] = {}
PRESSES: dict[str, Press] = {}


def command(
    name: str, help_: Words, permission: Permission = Permission.VIEW, example: Words = ""
) -> Callable[[Run], Run]:
    """Put a function into the table of commands."""

    def listed(run: Run) -> Run:
        COMMANDS[name] = Command(name, help_, permission, run, example)
        return run

    return listed


def press(name: str, permission: Permission = Permission.WRITE) -> Callable[[Act], Act]:
    """Put a function into the table of buttons."""

    def listed(act: Act) -> Act:
        PRESSES[name] = Press(permission, act)
        return act

    return listed


def called(text: str) -> tuple[str, str]:
    """The command that somebody typed (`/queue@the_bot 2`) and what stands behind it; "" where it is none."""
    typed = TYPED.fullmatch(text.strip())
    return (typed["name"].lower(), typed["rest"]) if typed else ("", text.strip())


def answer(talk: Talk) -> Utterance:
    """What the bot says to a command."""
    name, words = called(talk.heard.text)
    known = COMMANDS.get(name)
    if known is None:
        return sentence(_("I do not know /%(name)s. /help lists what I can do.") % {"name": name[:32]})
    if not talk.member.may(known.permission):
        return sentence(not_allowed(talk))
    return known.run(replace(talk, words=words))


def pressed(talk: Talk) -> Pressed:
    """What comes of a button. Whoever presses it must have the rights, now, for the rows it is about."""
    name, *arguments = talk.heard.text.split(":")
    known = PRESSES.get(name)
    if known is None:
        return Pressed(_("This button is of an older version. Ask anew."))
    if not talk.member.may(known.permission):
        return Pressed(not_allowed(talk))
    return known.act(talk, arguments)


def not_allowed(talk: Talk) -> str:
    return _("Your role in %(workspace)s does not allow that.") % {"workspace": talk.member.workspace}


@press("page", Permission.VIEW)
def turn_page(talk: Talk, arguments: list[str]) -> Pressed:
    """Another page of a list, in the same message."""
    name, page = (*arguments, "", "")[:2]
    known = COMMANDS.get(name)
    if known is None or not page.isdecimal() or not talk.member.may(known.permission):
        return Pressed(_("There is no such page."))
    return Pressed("", known.run(replace(talk, page=int(page))))
