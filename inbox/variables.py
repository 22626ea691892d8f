"""The words in braces of a saved reply: filled in for a conversation, or said to be missing."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from inbox.models import Conversation

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


def values_of(conversation: Conversation) -> dict[str, str]:
    """What each variable stands for here; '' where that is not known."""
    person, account, delivery = conversation.person, conversation.account, conversation.delivery
    return {
        "name": (person.name or person.handle) if person else "",
        "handle": person.handle if person else "",
        "account": account.name or account.handle,
        "link": (delivery.permalink if delivery else "") or conversation.permalink,
    }


def fill(text: str, conversation: Conversation) -> Filled:
    """A saved reply for somebody."""
    values = values_of(conversation)
    filled = BRACES.sub(lambda found: values.get(found[1]) or found[0], text)
    return Filled(filled, unfilled(filled))


def named(text: str) -> tuple[str, ...]:
    """What stands in braces, each once, in its order."""
    return tuple(dict.fromkeys(BRACES.findall(text)))


def unfilled(text: str) -> tuple[str, ...]:
    """The variables that still stand in a text."""
    return tuple(name for name in named(text) if name in VARIABLES)
