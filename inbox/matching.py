"""Whether a rule means a message: its network, kind, words, stars, and the hour at which it was written."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import cached_property

from inbox.models import Message, ReplyRule


@dataclass(frozen=True)
class Conditions:
    """A rule's conditions, read once for many messages. `accounts`: the numbers of those it is for."""

    rule: ReplyRule
    zone: tzinfo
    accounts: Collection[int]

    def mean(self, message: Message) -> bool:
        """Whether the rule is for this message."""
        return (
            not message.is_ours
            and message.deleted_at is None
            and self._means_place(message)
            and self._means_words(message)
            and self._means_stars(message)
            and self._means_time(message.created_at)
        )

    def _means_place(self, message: Message) -> bool:
        rule, account = self.rule, message.account
        return (
            (not self.accounts or account.pk in self.accounts)
            and (not rule.platforms or account.platform_name in rule.platforms)
            and (not rule.kinds or message.kind in rule.kinds)
        )

    @cached_property
    def _words(self) -> re.Pattern[str] | None:
        """Any of the words, whole, in any case. Some scripts write no spaces: there a part is enough."""
        words = [word.strip() for word in self.rule.words if word.strip()]
        if not words:
            return None
        return re.compile("|".join(_whole(word) for word in words), re.IGNORECASE)

    def _means_words(self, message: Message) -> bool:
        return self._words is None or bool(self._words.search(message.text))

    def _means_stars(self, message: Message) -> bool:
        most = self.rule.most_stars
        return most is None or (message.rating is not None and message.rating <= most)

    def _means_time(self, moment: datetime) -> bool:
        """By the workspace's clock. Hours over midnight belong to the day on which they begin."""
        rule, local = self.rule, moment.astimezone(self.zone)
        if rule.from_time is None or rule.until_time is None:
            return not rule.days or local.weekday() in rule.days
        is_over_midnight = rule.until_time <= rule.from_time
        time = local.time()
        if is_over_midnight:
            is_within = time >= rule.from_time or time < rule.until_time
            begun = local - timedelta(days=1) if time < rule.until_time else local
        else:
            is_within, begun = rule.from_time <= time < rule.until_time, local
        is_within = is_within and (not rule.days or begun.weekday() in rule.days)
        return is_within is not rule.is_outside_hours


def _whole(word: str) -> str:
    """A pattern for a word with no letters right beside it."""
    before = r"(?<!\w)" if _is_spaced(word[0]) else ""
    after = r"(?!\w)" if _is_spaced(word[-1]) else ""
    return f"{before}{re.escape(word)}{after}"


def _is_spaced(letter: str) -> bool:
    """Whether the letter's script puts spaces between words: not those of Chinese, Japanese, Thai, Korean."""
    return bool(re.match(r"\w", letter)) and ord(letter) < 0x0E00


def conditions_of(rule: ReplyRule) -> Conditions:
    return Conditions(rule, rule.workspace.zone, frozenset(account.pk for account in rule.accounts.all()))
