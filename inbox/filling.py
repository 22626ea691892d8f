"""The variables of saved replies and rules: {name}, {handle} and {account}."""

import re

from inbox.models import Message

VARIABLES = ("name", "handle", "account")
_NAMED = re.compile(r"\{(\w+)\}")


class MissingVariable(ValueError):
    """The text needs what nobody knows here. `names` are the variables."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def filled(text: str, message: Message) -> str:
    """The text with what is known of the message in place of the variables; MissingVariable for the rest.

    Braces around other words are left as they are.
    """
    person = message.person
    values = {
        "name": (person.name or person.handle) if person else "",
        "handle": person.handle if person else "",
        "account": message.account.name or message.account.handle,
    }
    missing = [name for name in dict.fromkeys(_NAMED.findall(text)) if name in values and not values[name]]
    if missing:
        raise MissingVariable(missing)
    return _NAMED.sub(lambda found: values.get(found[1], found[0]), text)
