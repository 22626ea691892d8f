"""What a command is given and gives back: who talks, what they said, and the bot's words."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.html import escape
from django.utils.translation import gettext as _

from accounts.models import ChatLink, Membership, User
from platforms.chatting import Button, ChatBot, Heard, Utterance
from publishing.preflight import is_private

PAGE_SIZE = 8


@dataclass(frozen=True)
class Talk:
    """A linked person's words to the bot. `key` is the same each time these words are handled."""

    bot: ChatBot
    heard: Heard
    link: ChatLink
    member: Membership
    at: datetime  # when it was heard
    key: str
    words: str = ""  # what stands behind the command
    page: int = 0

    @property
    def user(self) -> User:
        return self.member.user

    @property
    def zone(self) -> ZoneInfo:
        return self.member.workspace.zone


@dataclass(frozen=True)
class Pressed:
    """What came of a button: a sentence that shows for a moment, and how the message stands from now on."""

    said: str
    message: Utterance | None = None


@dataclass
class Answer:
    """An answer in the making; what people wrote is escaped on its way in."""

    lines: list[str] = field(default_factory=list)
    rows: list[tuple[Button, ...]] = field(default_factory=list)

    def title(self, words: str) -> "Answer":
        self.lines.append(f"<b>{escape(words)}</b>")
        return self

    def line(self, words: str) -> "Answer":
        self.lines.append(escape(words))
        return self

    def add(self, lines: Iterable[str]) -> "Answer":
        for words in lines:
            self.line(words)
        return self

    def gap(self) -> "Answer":
        self.lines.append("")
        return self

    def buttons(self, *buttons: Button) -> "Answer":
        if buttons:
            self.rows.append(buttons)
        return self

    def leads_to(self, path: str, label: str = "") -> "Answer":
        """A button that opens a page of the desk; an address in the text where the network takes no such."""
        url = settings.SITE_URL + path
        if can_link():
            return self.buttons(Button(label or _("Open"), url=url))
        return self.line(url)

    def made(self) -> Utterance:
        return Utterance("\n".join(self.lines).strip(), tuple(self.rows))


def can_link() -> bool:
    """Networks refuse buttons that lead to private addresses; one of this machine does not mind."""
    server = settings.NETWORKS[settings.CHAT_BOT["name"]]["api_url"]
    return is_private(server) or not is_private(settings.SITE_URL)


def sentence(words: str) -> Utterance:
    """One plain sentence."""
    return Utterance(escape(words))


def paged(answer: Answer, talk: Talk, lines: list[str], command: str, empty: str) -> Utterance:
    """Some of the lines, with buttons to the pages before and after."""
    first = talk.page * PAGE_SIZE
    shown = lines[first : first + PAGE_SIZE]
    answer.add(shown or [empty])
    buttons = []
    if talk.page:
        buttons.append(Button(_("‹ Back"), press=f"page:{command}:{talk.page - 1}"))
    if len(lines) > first + PAGE_SIZE:
        left = len(lines) - first - PAGE_SIZE
        buttons.append(
            Button(_("%(count)d more ›") % {"count": left}, press=f"page:{command}:{talk.page + 1}")
        )
    return answer.buttons(*buttons).made()
