"""What the tests of the bot share: the sandbox plays the network, and people who write to the bot there."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.utils.timezone import now

from accounts import chats
from accounts.models import ChatCode, ChatLink, User
from platforms.chatting import ChatBot, Heard, Utterance
from platforms.sandbox import desk_bot, telegram_person
from platforms.sandbox.models import Entry, Person
from platforms.sandbox.telegram_messages import message_in
from snsauto.bot import commands, linking, outgoing, updates
from snsauto.bot.pace import Pace
from snsauto.bot.talking import Talk


@dataclass
class Phone:
    """One of the sandbox's people, with the chat open."""

    who: Person
    bot: ChatBot

    @property
    def desk(self) -> Person:
        return Person.objects.get(network="telegram", remote_id=desk_bot.BOT)

    def start(self, code: str = "") -> str:
        telegram_person.start(self.who, self.desk, code)
        return self.hear()

    def write(self, text: str, **more: Any) -> str:
        """Write, and read what the bot answers ("" for nothing)."""
        if "answers" in more:
            more["answers"] = message_in(self.who, int(more["answers"]))
        telegram_person.say(self.who, self.who, text, told=self.desk, kind="direct", **more)
        return self.hear()

    def press(self, label: str) -> str:
        """Press the newest button that begins like this; what the bot says to it for a moment."""
        for message in reversed(self.messages):
            for row in message.get("reply_markup", {}).get("inline_keyboard", []):
                for button in row:
                    if button["text"].startswith(label) and "callback_data" in button:
                        telegram_person.press(
                            self.who, self.desk, self.who, message["message_id"], button["callback_data"]
                        )
                        self.hear()
                        return str(self.desk.facts["said"]["text"])
        raise AssertionError(f"There is no button {label}: {self.buttons}")

    def hear(self) -> str:
        """Let the bot handle all that came; the words that it added."""
        before = self.texts
        updates.keep(self.bot, self.bot.listen(updates.last(self.bot), 0))
        while updates.handle_waiting(self.bot, Pace()):
            pass
        return "\n".join(self.texts[len(before) :])

    def told(self) -> list[str]:
        """Let the bot tell what is due; the words that it added."""
        before = self.texts
        while outgoing.send_due(self.bot, Pace()):
            pass
        return self.texts[len(before) :]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What the bot has said here, as it stands now."""
        entries = Entry.objects.filter(network="telegram", person=self.who, body__bot=desk_bot.BOT)
        return [message for entry in entries.order_by("pk") for message in entry.body["messages"]]

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.messages]

    @property
    def buttons(self) -> list[str]:
        """Those below the newest message."""
        rows = self.messages[-1].get("reply_markup", {}).get("inline_keyboard", [])
        return [button["text"] for row in rows for button in row]


@pytest.fixture
def bot(sandbox: str) -> ChatBot:
    found = chats.bot()
    assert found is not None
    return found


@pytest.fixture
def phone(bot: ChatBot) -> Callable[..., Phone]:
    """The phone of somebody who lives in the sandbox, linked with a person of the desk or with nobody."""

    def pick_up(handle: str = "jonas_weber", user: User | None = None) -> Phone:
        phone = Phone(Person.objects.get(network="telegram", handle=handle), bot)
        telegram_person.start(phone.who, phone.desk, ChatCode.issue(user) if user else "")
        phone.hear()
        assert user is None or ChatLink.objects.filter(user=user).exists()
        return phone

    return pick_up


@pytest.fixture
def adas(phone: Callable[..., Phone], ada: User) -> Phone:
    """The owner's phone."""
    return phone(user=ada)


@pytest.fixture
def bens(phone: Callable[..., Phone], ben: User) -> Phone:
    """The editor's phone."""
    return phone("mila_novak", ben)


@pytest.fixture
def vics(phone: Callable[..., Phone], vic: User) -> Phone:
    """The viewer's phone."""
    return phone("leonie_hartmann", vic)


@pytest.fixture
def ask(db: None) -> Callable[..., Utterance]:
    """What the bot answers to somebody of the desk, without any network in between."""

    def asked(user: User, text: str, number: int = 1, page: int = 0) -> Utterance:
        return commands.answer(replace(talk_of(user, text, number), page=page))

    return asked


def talk_of(user: User, text: str, number: int = 1) -> Talk:
    link, _created = ChatLink.objects.get_or_create(
        user=user, defaults={"person": str(user.pk), "chat": str(user.pk)}
    )
    member = linking.member_of(ChatLink.objects.select_related("user").get(pk=link.pk))
    assert member is not None
    heard = Heard("said", chat=link.chat, person=link.person, is_private=True, text=text)
    nowhere: Any = None  # a command that would speak by itself fails
    return Talk(nowhere, heard, link, member, now(), key=f"test:{number}")
