"""What stands around a list of conversations, asked of the database at once: a list has few queries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import BigIntegerField, CharField, Count, F, QuerySet, Value
from django.db.models.functions import Cast, Coalesce

from accounts.models import Account, Membership
from inbox.models import Conversation, Label
from platforms.base import Platform
from platforms.registry import PLATFORMS

Row = tuple[str, int, int, str, str]
COLUMNS = ("what_", "one_", "two_", "word_", "more_")
State = Conversation.State


@dataclass(frozen=True)
class Choice:
    """What a list can be narrowed to, or what a conversation can be given. `more`: network or colour."""

    pk: int
    name: str
    more: str = ""

    @property
    def platform(self) -> type[Platform]:
        """Of an account."""
        return PLATFORMS[self.more]


@dataclass
class Around:
    """Accounts, labels and members of a workspace, and how much is open, snoozed, waiting."""

    accounts: list[Choice] = field(default_factory=list)
    labels: list[Choice] = field(default_factory=list)
    members: list[Choice] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def waiting(self) -> int:
        """How many conversations wait for an answer."""
        return self.counts.get("waiting", 0)

    @property
    def networks(self) -> list[tuple[str, str]]:
        """Those on which the workspace has an account, by label."""
        names = {account.more for account in self.accounts if account.more in PLATFORMS}
        return sorted(((name, PLATFORMS[name].label) for name in names), key=lambda pair: pair[1].lower())

    @property
    def account_choices(self) -> list[tuple[int, str]]:
        return [(one.pk, f"{one.name} ({one.platform.label})") for one in self.accounts]

    @property
    def label_choices(self) -> list[tuple[int, str]]:
        return [(one.pk, one.name) for one in self.labels]

    @property
    def member_choices(self) -> list[tuple[int, str]]:
        return [(one.pk, one.name) for one in self.members]


def around(member: Membership, rows: Sequence[Conversation] = ()) -> Around:
    """One query, whatever there is. Each of `rows` gets its labels as `shown_labels`."""
    told = Around()
    labelled: dict[int, set[int]] = defaultdict(set)
    for what, one, two, word, more in _asked(member, [row.pk for row in rows]):
        if what == "account":
            told.accounts.append(Choice(one, word, more))
        elif what == "label":
            told.labels.append(Choice(one, word, more))
        elif what == "member":
            told.members.append(Choice(one, word or more))
        elif what == "labelled":
            labelled[one].add(two)
        else:
            _count(told.counts, what, one, two, member.user_id)
    for choices in (told.accounts, told.labels, told.members):
        choices.sort(key=lambda choice: choice.name.lower())
    for row in rows:
        mine = labelled[row.pk]
        row.shown_labels = [label for label in told.labels if label.pk in mine]  # type: ignore[attr-defined]
    return told


def _count(counts: dict[str, int], state: str, assignee: int, count: int, me: int) -> None:
    counts[state] += count
    if state == State.OPEN and assignee == me:
        counts["mine"] += count
    if state == State.OPEN and not assignee:
        counts["unassigned"] += count


def _asked(member: Membership, pks: list[int]) -> Iterable[Row]:
    accounts = Account.objects.visible_to(member)
    colleagues = Membership.objects.visible_to(member).filter(user__is_active=True)
    labelled = Conversation.labels.through.objects.filter(conversation__in=pks)
    queries: list[QuerySet[Any]] = [
        _rows(accounts, "account", "pk", word="handle", more="platform_name"),
        _rows(Label.objects.visible_to(member), "label", "pk", word="name", more="colour"),
        _rows(colleagues, "member", "user_id", word="user__name", more="user__email"),
        _rows(labelled, "labelled", "conversation_id", "label_id"),
        _counted(member),
        _waiting(member),
    ]
    rows: Iterable[Row] = queries[0].union(*queries[1:], all=True)
    return rows


def _rows(
    rows: QuerySet[Any], what: str, one: str, two: str = "", *, word: str = "", more: str = ""
) -> QuerySet[Any]:
    told: QuerySet[Any] = rows.order_by().annotate(
        what_=_text(what),
        one_=Cast(one, BigIntegerField()),
        two_=Cast(two, BigIntegerField()) if two else Value(0, BigIntegerField()),
        word_=Cast(word, CharField(max_length=320)) if word else _text(),
        more_=Cast(more, CharField(max_length=320)) if more else _text(),
    ).values_list(*COLUMNS)  # fmt: skip
    return told


def _counted(member: Membership) -> QuerySet[Any]:
    """How many are open or snoozed, by whom they are given to."""
    shown = Conversation.objects.visible_to(member).exclude(state=State.DONE).order_by()
    rows: QuerySet[Any] = (
        shown.annotate(
            what_=Cast(F("state"), CharField(max_length=320)),
            one_=Coalesce(Cast("assignee_id", BigIntegerField()), Value(0, BigIntegerField())),
        )
        .values("what_", "one_")
        .annotate(two_=Count("pk"), word_=_text(), more_=_text())
        .values_list(*COLUMNS)
    )
    return rows


def _waiting(member: Membership) -> QuerySet[Any]:
    """How many wait for an answer."""
    rows: QuerySet[Any] = Conversation.objects.visible_to(member).waiting().order_by()
    grouped = rows.values("workspace_id").annotate(
        what_=_text("waiting"),
        one_=Value(0, BigIntegerField()),
        two_=Count("pk"),
        word_=_text(),
        more_=_text(),
    )
    told: QuerySet[Any] = grouped.values_list(*COLUMNS)
    return told


def _text(words: str = "") -> Any:
    return Cast(Value(words), CharField(max_length=320))
