"""One post's numbers: on each account, as they grew, and what is asked next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Account
from analytics.gains import Told, standing
from analytics.metrics import OF_POSTS, Number, added, counted, rate
from analytics.models import Latest, Look, PostSnapshot
from analytics.reading import values_of
from analytics.rhythm import LOOKS, MONTH
from platforms.base import Platform
from publishing.models import Delivery, Post, State

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class DeliveryNumbers:
    """One post on one account."""

    def __init__(self, delivery: Delivery, snapshots: Sequence[PostSnapshot]) -> None:
        self.delivery = delivery
        self.account: Account = delivery.account
        self.platform: type[Platform] = delivery.account.platform
        self.snapshots = list(snapshots)
        self.latest: Latest | None = getattr(delivery, "numbers", None)
        self.look: Look | None = getattr(delivery, "look", None)

    @cached_property
    def values(self) -> dict[str, Number]:
        """The newest numbers by our names, in their order; what was never told is None."""
        if not self.latest:
            return {}
        known = self._standing[-1][1] if self._standing else {}
        extra: dict[str, Number] = {name: known.get(name) for name in OF_POSTS}
        return {**extra, **values_of(self.latest)}

    @property
    def told(self) -> dict[str, Number]:
        """Those numbers that the network told."""
        return {name: value for name, value in self.values.items() if value is not None}

    @property
    def missing(self) -> list[str]:
        """What the network could tell, and did not."""
        return [name for name in self.platform.post_numbers if self.values.get(name) is None]

    @cached_property
    def _standing(self) -> list[tuple[datetime, dict[str, Number]]]:
        return list(standing(Told(shot.taken_at, shot.values) for shot in self.snapshots))

    def at(self, age: timedelta) -> dict[str, Number] | None:
        """The numbers so far at an age of the post; None where it was not asked by then."""
        found = [known for asked, known in zip(self.asked_at, self._standing, strict=True) if asked <= age]
        return counted(found[-1][1]) if found else None

    @cached_property
    def asked_at(self) -> list[timedelta]:
        """How old the post was each time."""
        born = self.delivery.published_at
        return [taken_at - (born or taken_at) for taken_at, _known in self._standing]

    @property
    def raw(self) -> list[tuple[str, object]]:
        """The network's own names, with what it told last."""
        return flattened(self.snapshots[-1].raw) if self.snapshots else []

    @property
    def sentence(self) -> str:
        """Why there is no number, or none any more; '' where all is well."""
        look, label = self.look, self.platform.label
        code = look.problem_code if look else ""
        if code == "not_offered":
            return _("%(network)s tells nothing of single posts.") % {"network": label}
        if code == "no_address":
            return _("The address of this post is not known, so it cannot be asked.")
        if code == "not_found" and look and look.due_at is None:
            return _("It is not on %(network)s any more. These are its last numbers.") % {"network": label}
        if self.account.state != Account.State.CONNECTED:
            return _("Connect the account again, then its numbers go on.")
        if code == "not_told":
            return _("%(network)s tells no numbers of this post.") % {"network": label}
        if look and look.problem:
            return look.problem
        return "" if self.snapshots else _("Its first numbers come a quarter of an hour after it went out.")


class PostNumbers:
    """A post with its numbers on all accounts on which it went out."""

    def __init__(self, post: Post) -> None:
        self.post = post
        out = Delivery.objects.filter(post=post, state=State.PUBLISHED).select_related(
            "account", "numbers", "look"
        )
        rows = list(out.order_by("account__platform_name", "pk"))
        shots: dict[int, list[PostSnapshot]] = {row.pk: [] for row in rows}
        for shot in PostSnapshot.objects.filter(delivery__in=rows).order_by("taken_at", "pk"):
            shots[shot.delivery_id].append(shot)
        self.deliveries = [DeliveryNumbers(row, shots[row.pk]) for row in rows]

    @property
    def totals(self) -> dict[str, Number]:
        """All accounts together."""
        latest = [numbers.latest for numbers in self.deliveries if numbers.latest]
        names = ("views", "reach", "engagements", "likes", "comments", "shares", "reposts", "saves", "clicks")
        sums = {name: added(getattr(row, name) for row in latest) for name in names}
        rated = [row for row in latest if row.rate is not None]
        done = added(row.engagements for row in rated)
        base = added(row.reach if row.views is None else row.views for row in rated)
        return {**sums, "engagement_rate": rate(done, base)}

    def growth(self, metric: str) -> "list[Growth]":
        """The ages at which it was asked, and one number so far for each account."""
        asked = sorted(age for numbers in self.shown for age in numbers.asked_at)
        rows, before = [], timedelta(-1)
        for age, until in ages(asked[-1] if asked else timedelta(0)):
            if any(before < moment <= until for moment in asked):
                found = [numbers.at(until) for numbers in self.shown]
                values = [known.get(metric) if known else None for known in found]
                rows.append(Growth(age_words(age), values))
            before = until
        return rows

    @property
    def shown(self) -> list[DeliveryNumbers]:
        """The columns of `growth`."""
        return [numbers for numbers in self.deliveries if numbers.snapshots]


@dataclass(frozen=True)
class Growth:
    """What each account had at an age of the post."""

    age: str
    values: list[Number]


def ages(oldest: timedelta) -> list[tuple[timedelta, timedelta]]:
    """The ages at which posts are asked, each with how late an answer still counts for it: half-way on."""
    looks = [*LOOKS, *(MONTH * number for number in range(4, oldest // MONTH + 3))]
    return [(look, look + (later - look) / 2) for look, later in pairwise(looks)]


def age_words(age: timedelta) -> str:
    """“15 min”, “6 hours”, “30 days”."""
    if age < HOUR:
        return _("%(count)d min") % {"count": age // timedelta(minutes=1)}
    if age < DAY:
        return ngettext("%(count)d hour", "%(count)d hours", age // HOUR) % {"count": age // HOUR}
    return ngettext("%(count)d day", "%(count)d days", age // DAY) % {"count": age // DAY}


def flattened(raw: object, path: str = "") -> list[tuple[str, object]]:
    """Nested raw numbers as rows of name and value."""
    if isinstance(raw, dict):
        items = [(f"{path}.{name}" if path else str(name), inner) for name, inner in raw.items()]
    elif isinstance(raw, list):
        items = [(f"{path}[{number}]", inner) for number, inner in enumerate(raw)]
    else:
        return [(path, raw)]
    return [row for name, inner in items for row in flattened(inner, name)]
