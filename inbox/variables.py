"""The words in braces of saved replies and rules: filled in for a conversation, or said to be missing."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from inbox.models import Conversation, Message

VARIABLES = {
    "name": _("the person's name"),
    "handle": _("the person's handle"),
    "account": _("the name of your account"),
    "link": _("the address of the post"),
}
BRACES = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Filled:
    """A text in which what is known stands; `missing` are the variables that nothing is known for."""

    text: str
    missing: tuple[str, ...] = ()


def fill(text: str, conversation: Conversation, message: Message | None = None) -> Filled:
    """A text for whoever wrote the message, or for whom the conversation is with.

    What is not known, and braces around other words, are left as they are.
    """
    person = message.person if message else conversation.person
    account = conversation.account
    known: dict[str, Callable[[], str]] = {
        "name": lambda: (person.name or person.handle) if person else "",
        "handle": lambda: person.handle if person else "",
        "account": lambda: account.name or account.handle,
        "link": lambda: _link(conversation),
    }
    values = {name: known[name]() for name in unfilled(text)}
    filled = BRACES.sub(lambda found: values.get(found[1]) or found[0], text)
    return Filled(filled, tuple(name for name, value in values.items() if not value))


def _link(conversation: Conversation) -> str:
    delivery = conversation.delivery
    return (delivery.permalink if delivery else "") or conversation.permalink


def named(text: str) -> tuple[str, ...]:
    """What stands in braces, each once, in its order."""
    return tuple(dict.fromkeys(BRACES.findall(text)))


def unfilled(text: str) -> tuple[str, ...]:
    """The variables that stand in a text."""
    return tuple(name for name in named(text) if name in VARIABLES)
