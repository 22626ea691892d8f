"""The days of accounts, counted in the background from the snapshots, and again whenever those say more."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Min, QuerySet

from accounts.models import Account
from analytics.gains import Day, Told, gains
from analytics.metrics import DEEDS, Number
from analytics.models import AccountDay, AccountSnapshot, Edition, Latest, Look, PostSnapshot
from publishing.models import Delivery, State

READ = ("views", "reach", *DEEDS, "engagements", "watch_seconds")  # of a snapshot, to count days by
DAYS_AT_ONCE = 40
POSTS_AT_ONCE = 2000


def told_of(rows: QuerySet[PostSnapshot]) -> Iterator[tuple[int, datetime, list[Told]]]:
    """What was told of each post, oldest first, with the post's id and when it went out."""
    columns = rows.order_by("delivery_id", "taken_at", "pk").values_list(
        "delivery_id", "delivery__published_at", "taken_at", *READ
    )
    for delivery_id, group in groupby(columns.iterator(), key=lambda row: row[0]):
        found = list(group)
        told = [Told(row[2], dict(zip(READ, row[3:], strict=True))) for row in found]
        yield delivery_id, found[0][1] or told[0].taken_at, told


# --- what is to be counted ---


def touch(account_id: int, days: Iterable[date]) -> None:
    """These days of an account are to be counted again."""
    wanted = set(days)
    AccountDay.objects.bulk_create(
        [AccountDay(account_id=account_id, day=day, touched=0) for day in sorted(wanted)],
        ignore_conflicts=True,
    )
    AccountDay.objects.filter(account_id=account_id, day__in=wanted).update(
        touched=F("touched") + 1, is_counted=False
    )


def touch_all(account: Account) -> None:
    """Every day of which anything is known: after a change of the clock, or for the sake of it."""
    zone = account.workspace.zone
    out = Delivery.objects.filter(account=account, state=State.PUBLISHED, published_at__isnull=False)
    moments = [
        *PostSnapshot.objects.filter(delivery__account=account).values_list("taken_at", flat=True),
        *AccountSnapshot.objects.filter(account=account).values_list("taken_at", flat=True),
        *out.values_list("published_at", flat=True),
    ]
    touch(account.pk, {moment.astimezone(zone).date() for moment in moments if moment})


def follow_clocks() -> int:
    """Where a workspace's time zone was changed, its days are other days: all are counted again."""
    moved = Look.objects.filter(account__isnull=False).exclude(zone=F("account__workspace__timezone"))
    accounts = [look.account for look in moved.select_related("account__workspace") if look.account]
    for account in accounts:
        recount(account)
    return len(accounts)


@transaction.atomic
def recount(account: Account) -> None:
    """Forget what was counted and count it anew."""
    Look.objects.filter(account=account).update(zone=account.workspace.timezone)
    AccountDay.objects.filter(account=account).delete()
    touch_all(account)


# --- counting ---


def count_touched(most: int = 500) -> int:
    """Count what was touched, account by account; how many days that were."""
    touched = AccountDay.objects.filter(is_counted=False)
    accounts = (
        touched.order_by().values_list("account_id", flat=True).annotate(first=Min("pk")).order_by("first")
    )
    done = 0
    for account in Account.objects.filter(pk__in=list(accounts[:most])).select_related("workspace"):
        rows = list(touched.filter(account=account).order_by("day"))
        for first in range(0, len(rows), DAYS_AT_ONCE):
            done += count(account, rows[first : first + DAYS_AT_ONCE])
    return done


def count(account: Account, rows: Sequence[AccountDay]) -> int:
    """Count these days of an account. One that is touched meanwhile stays touched."""
    zone = account.workspace.zone
    wanted = {row.day for row in rows}
    sums = sum_of_days(account, wanted, zone)
    posts = posts_of_days(account, wanted, zone)
    followers = followers_of_days(account, wanted, zone)
    with transaction.atomic():
        done = 0
        for row in rows:
            day = sums[row.day]
            total, more = followers.get(row.day, (None, None))
            same = AccountDay.objects.filter(pk=row.pk, touched=row.touched)
            done += same.update(
                **day.values,
                is_corrected=day.is_corrected,
                is_late=day.is_late,
                posts=posts.get(row.day, 0),
                followers=total,
                new_followers=more,
                is_counted=True,
            )
        Edition.renew(account.workspace_id)
    return done


def sum_of_days(account: Account, days: Collection[date], zone: ZoneInfo) -> defaultdict[date, Day]:
    """What the account's posts gained on these days together."""
    sums: defaultdict[date, Day] = defaultdict(Day)
    ids = _concerned(account, *_ends(days, zone))
    for first in range(0, len(ids), POSTS_AT_ONCE):
        told = PostSnapshot.objects.filter(delivery__in=ids[first : first + POSTS_AT_ONCE])
        for _pk, published_at, numbers in told_of(told):
            for day, gained in gains(published_at, numbers, zone).items():
                if day in days:
                    sums[day].join(gained)
    return sums


def _concerned(account: Account, begin: datetime, end: datetime) -> list[int]:
    """The posts that may have gained something then: asked since, or out then (and first asked late)."""
    known = Latest.objects.filter(account=account, published_at__lt=end, taken_at__gte=begin)
    return sorted(known.values_list("delivery_id", flat=True))


def posts_of_days(account: Account, days: Collection[date], zone: ZoneInfo) -> dict[date, int]:
    """How many posts went out on the account on each day."""
    begin, end = _ends(days, zone)
    out = Delivery.objects.filter(
        account=account, state=State.PUBLISHED, published_at__gte=begin, published_at__lt=end
    )
    counts: dict[date, int] = defaultdict(int)
    for moment in out.values_list("published_at", flat=True):
        if moment:
            counts[moment.astimezone(zone).date()] += 1
    return counts


def followers_of_days(
    account: Account, days: Collection[date], zone: ZoneInfo
) -> dict[date, tuple[Number, Number]]:
    """The last number of followers told on each day, and the difference to the one told before that day."""
    begin, end = _ends(days, zone)
    told = AccountSnapshot.objects.filter(account=account, followers__isnull=False)
    earlier = told.filter(taken_at__lt=begin).order_by("-taken_at").values_list("followers", flat=True)
    before: Number = earlier.first()
    found: dict[date, tuple[Number, Number]] = {}
    rows = told.filter(taken_at__gte=begin, taken_at__lt=end).order_by("taken_at")
    last: dict[date, Number] = {
        moment.astimezone(zone).date(): number for moment, number in rows.values_list("taken_at", "followers")
    }
    for day, number in sorted(last.items()):
        found[day] = number, None if before is None or number is None else number - before
        before = number
    return found


def _ends(days: Collection[date], zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The moments at which the first of some days begins and the last one ends."""
    first, last = min(days), max(days) + timedelta(days=1)
    return datetime.combine(first, time.min, zone), datetime.combine(last, time.min, zone)
