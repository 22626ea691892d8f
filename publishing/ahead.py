"""The look ahead: an hour before its time each delivery is examined again, while there is time to mend it.

It is looked at once when it comes within the hour, again as soon as its text or time changes, and every ten
minutes after that: what a person has mended is seen, and so is what broke meanwhile.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import ngettext

from publishing.foresight import Trouble, gather, worst
from publishing.models import Delivery, State
from publishing.telling import quoted, tell_of
from publishing.times import clock_time

AHEAD = timedelta(hours=1)
AGAIN = timedelta(minutes=10)
BATCH = 100
BUDGET_SECONDS = 50.0  # it runs every minute


def look_ahead() -> int:
    """Examine what goes out within the hour, the nearest first. How many deliveries were looked at."""
    end = time.monotonic() + BUDGET_SECONDS
    looked = 0
    while time.monotonic() < end and (batch := _take(now())):
        _look_at(batch)
        looked += len(batch)
    return looked


def _take(moment: datetime) -> list[Delivery]:
    """The next to be looked at; another run at the same moment takes others."""
    unseen = Q(checked_at=None) | Q(checked_at__lte=moment - AGAIN)
    rows = Delivery.objects.filter(
        unseen, state=State.SCHEDULED, due_at__gt=moment, due_at__lte=moment + AHEAD
    )
    with transaction.atomic():
        held = rows.select_for_update(of=("self",), skip_locked=True).order_by("due_at", "pk")
        ids = list(held.values_list("pk", flat=True)[:BATCH])
        Delivery.objects.filter(pk__in=ids).update(checked_at=moment)
    return _read(ids)


def _read(ids: list[int]) -> list[Delivery]:
    """With all that is asked of them, in a few queries; tokens stay encrypted where they are."""
    rows = (
        Delivery.objects.filter(pk__in=ids, checked_at__isnull=False)
        .select_related("post__workspace", "post__author", "post__campaign__workspace", "account__workspace")
        .defer("account__credentials")
        .prefetch_related("post__postmedia_set__media__variants", "deliverymedia_set__media__variants")
    )
    return list(rows.order_by("due_at", "pk"))


def _look_at(batch: list[Delivery]) -> None:
    """Write down what was found, and tell what is new; a row that changed meanwhile is looked at again."""
    facts = gather(batch, now())
    found = [(row, worst(row, facts)) for row in batch]
    with transaction.atomic():
        news = [(row, trouble) for row, trouble in found if _note(row, trouble) and trouble]
        for cause, rows in grouped_by_cause(news).items():
            _tell(cause, rows)


def _note(row: Delivery, trouble: Trouble | None) -> bool:
    """Write the finding down. True where it is a new one, and the row is still what was examined."""
    code, message = (trouble.code, trouble.message[:500]) if trouble else ("", "")
    if (code, message) == (row.warning_code, row.warning):
        return False
    same = Delivery.objects.filter(pk=row.pk, state=State.SCHEDULED, checked_at=row.checked_at)
    written = same.update(warning_code=code, warning=message) == 1
    return written and code != row.warning_code


@dataclass(frozen=True)
class Cause:
    """What several warnings have in common: one account, or a whole workspace."""

    workspace_id: int
    account_id: int | None
    trouble: Trouble

    def __str__(self) -> str:
        return f"{self.workspace_id}:{self.account_id or 'all'}:{self.trouble.code}"

    @property
    def count(self) -> int:
        """How many deliveries within the hour have this warning by now."""
        rows = Delivery.objects.warned().filter(
            post__workspace_id=self.workspace_id, warning_code=self.trouble.code, due_at__lte=now() + AHEAD
        )
        return rows.filter(account_id=self.account_id).count() if self.account_id else rows.count()


def grouped_by_cause(news: Iterable[tuple[Delivery, Trouble]]) -> dict[Cause, list[Delivery]]:
    """The deliveries that are news by what is the matter with them; the first one's words stand for all."""
    groups: dict[tuple[int, int | None, str], tuple[Cause, list[Delivery]]] = {}
    for row, trouble in news:
        cause = Cause(row.post.workspace_id, None if trouble.is_wide else row.account_id, trouble)
        key = (cause.workspace_id, cause.account_id, trouble.code)
        groups.setdefault(key, (cause, []))[1].append(row)
    return dict(groups.values())


def _tell(cause: Cause, rows: list[Delivery]) -> None:
    count = max(cause.count, len(rows))
    planned = f"{reverse('publishing:queue')}?show=planned"
    tell_of("ahead", str(cause), rows, count, _sentence(cause, rows[0], count), planned)


def _sentence(cause: Cause, row: Delivery, count: int) -> str:
    """Which post, where and when, and what is the matter."""
    told = {
        "post": quoted(row),
        "account": str(row.account),
        "time": clock_time(row.due_at, row.post.workspace.zone) if row.due_at else "",
        "count": count,
        "why": cause.trouble.message,
    }
    plural = partial(ngettext, number=count)
    if cause.trouble.is_wide:
        sentence = plural(
            "%(post)s cannot go out at %(time)s. %(why)s",
            "%(count)d posts cannot go out within the hour. %(why)s",
        )
    elif cause.trouble.stops:
        sentence = plural(
            "%(post)s cannot go out on %(account)s at %(time)s. %(why)s",
            "%(count)d posts cannot go out on %(account)s within the hour. %(why)s",
        )
    else:
        sentence = plural(
            "%(post)s goes out on %(account)s at %(time)s. Look at it before: %(why)s",
            "%(count)d posts go out on %(account)s within the hour. Look at them before: %(why)s",
        )
    return sentence % told
