"""A bot of the desk's own, which people talk to: the one interface, and what crosses it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from platforms.transport import Transport


@dataclass(frozen=True)
class Button:
    """Below a message: it tells the bot something (`press`, 64 bytes at most), or leads to an address."""

    label: str
    press: str = ""
    url: str = ""


@dataclass(frozen=True)
class Utterance:
    """What the bot says, in HTML of b, i, u, s, code, pre and a; line breaks count."""

    html: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    is_silent: bool = False


@dataclass(frozen=True)
class Heard:
    """What reached the bot. `message` is what was said, or the message below which a button was pressed."""

    kind: Literal["said", "pressed", "blocked", "unblocked", "other"]
    chat: str = ""
    person: str = ""
    name: str = ""
    is_private: bool = False
    text: str = ""  # said, or what the button tells
    message: str = ""
    answers: str = ""  # the message that it answers
    picture: str = ""  # the file that came along
    press: str = ""  # to be acknowledged


class ChatBot(ABC):
    """Speaks and listens for the desk. Never retries, reads no settings, touches no database."""

    name: ClassVar[str]
    label: ClassVar[str]

    def __init__(self, transport: Transport, token: str, *, api_url: str, web_url: str) -> None:
        self.transport = transport
        self.token = token
        self.api_url = api_url
        self.web_url = web_url

    @abstractmethod
    def handle(self) -> str:
        """How people find the bot."""

    @abstractmethod
    def link(self, handle: str, code: str) -> str:
        """The address at which a person begins to talk to the bot and brings a code along."""

    @abstractmethod
    def listen(self, after: int, seconds: int) -> list[Mapping[str, Any]]:
        """What came after a number, as it came; waits so long where nothing has."""

    @abstractmethod
    def call_me(self, url: str, secret: str) -> None:
        """Have what comes sent to an address, signed with a secret; "" for the address: it is asked for."""

    @abstractmethod
    def signature(self, headers: Mapping[str, str]) -> str:
        """What a call claims to know; compare it with the secret."""

    @abstractmethod
    def number(self, raw: Mapping[str, Any]) -> int:
        """The number of something that came; it is handled once."""

    @abstractmethod
    def understand(self, raw: Mapping[str, Any]) -> Heard:
        """What came, in our words."""

    @abstractmethod
    def say(self, chat: str, said: Utterance, answers: str = "") -> str:
        """Say something in a chat, in several messages where it is long. The id of the last."""

    @abstractmethod
    def change(self, chat: str, message: str, said: Utterance) -> None:
        """Let a message say something else. The same as before is no fault."""

    @abstractmethod
    def acknowledge(self, press: str, words: str) -> None:
        """Answer the press of a button, in 200 characters at most."""

    @abstractmethod
    def picture(self, file: str) -> bytes:
        """A picture that a person sent."""

    @abstractmethod
    def offer(self, commands: Iterable[tuple[str, str]]) -> None:
        """The commands, with a sentence each, as people are shown them."""
