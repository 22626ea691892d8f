"""How often the bot may speak: about once a second in a chat, thirty times a second in all."""

import time
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.timezone import now

PER_CHAT, CHAT_BURST = 1.0, 4.0  # short bursts pass
IN_ALL, ALL_BURST = 30.0, 30.0


@dataclass
class Bucket:
    """Tokens that come back by the second."""

    rate: float
    most: float
    left: float = field(init=False)
    at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.left = self.most

    def fill(self) -> float:
        moment = time.monotonic()
        self.left = min(self.most, self.left + (moment - self.at) * self.rate)
        self.at = moment
        return self.left


class Pace:
    """One process speaks for the bot, so that it can count by itself. What is asked is never made to wait."""

    def __init__(self) -> None:
        self._all = Bucket(IN_ALL, ALL_BURST)
        self._chats: dict[str, Bucket] = {}
        self._held: dict[str, float] = {}

    def is_free(self, chat: str) -> bool:
        """Whether something may be said there just now."""
        if self._held.get(chat, 0.0) > time.monotonic() or self._all.fill() < 1:
            return False
        return chat not in self._chats or self._chats[chat].fill() >= 1

    def spend(self, chat: str, messages: int = 1) -> None:
        """Something was said."""
        self._chats.setdefault(chat, Bucket(PER_CHAT, CHAT_BURST)).left -= messages
        self._all.left -= messages
        if len(self._chats) > 10_000:
            full = [name for name, bucket in self._chats.items() if bucket.fill() >= bucket.most]
            for name in full:
                del self._chats[name]

    def hold(self, chat: str, until: datetime | None) -> None:
        """The network asked to wait; half a minute where it did not say for how long."""
        seconds = (until - now()).total_seconds() if until else 30.0
        self._held[chat] = time.monotonic() + seconds
