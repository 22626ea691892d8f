"""Three months of the bakery's numbers: asked of the sandbox as they stand, and drawn back from there.

What the twins tell grows by one curve, so what they told earlier follows from what they tell now, and what
they tell from now on never falls. Posts from before the desk was there carry numbers, but no address.
"""

import math
import random
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta

from accounts.connections import platform_client
from accounts.models import Account, Workspace
from analytics import collecting, days
from analytics.gains import Told, standing
from analytics.keeping import latest_columns
from analytics.metrics import OF_ACCOUNTS, OF_POSTS, Number
from analytics.models import AccountSnapshot, Latest, Look, PostSnapshot
from analytics.rhythm import LOOKS, next_look_at_account, next_look_at_post
from platforms.content import Metrics
from platforms.errors import PlatformError
from publishing.models import Delivery, Post, State
from publishing.scheduling import CONFIRMED

DAYS = 90
SETTLES_HOURS = 24.0  # a post has two thirds of what it will have
FRIENDS = {
    "likes": 0.045,
    "comments": 0.006,
    "shares": 0.005,
    "reposts": 0.007,
    "quotes": 0.001,
    "saves": 0.009,
}
HIT, FLOP = 9, 16  # of the texts below: everybody saw one, and nobody the other
HOURS = (7, 8, 8, 12, 12, 17, 18)
# What hours and days of the week bring, beside the usual.
GOOD_HOURS = {7: 1.15, 8: 1.45, 12: 1.05, 17: 0.8, 18: 0.7}
GOOD_DAYS = (0.9, 0.9, 1.0, 1.0, 1.1, 1.4, 1.25)
TEXTS = (
    "The long rye is back on the board: 72 hours from flour to crust. #rye #sourdough",
    "Wednesday is soup day. Today: caldo verde, with the corner of yesterday's loaf. #lunch",
    "Somebody left a red umbrella by the window. It has had two coffees since. #lisbon",
    "We weigh the salt twice. The dough would forgive us once. #sourdough",
    "Seven kinds of flour, one scale, no shortcuts. #rye",
    "The oven is being swept tonight, so the door opens at nine tomorrow. #lisbon",
    "Cinnamon buns at three. Last time they were gone at half past. #buns",
    "A loaf for a drawing: children who draw us bread get some. #lisbon",
    "Why our crust is dark: sugar, steam and a baker who does not look away. #sourdough",
    "The starter turned ten today. It got an hour off and a new jar. #sourdough",
    "Two new stools by the window, made by Rui from the old counter. #lisbon",
    "Fig and walnut, for as long as the figs last. #rye",
    "Early shift, first light, nobody on the quay but the gulls. #lisbon",
    "What do you put on rye? We say butter, and then nothing. #rye",
    "Coffee from Guji is sold out; from Monday it is Huila, round and quiet. #coffee",
    "The bread knife course is full. There will be another one in spring. #sourdough",
    "Please return the trays.",
    "Saturday tarts: sixteen to a tray. You know what to do. #buns",
    "A postcard from Bragança: the rye is knee high. #rye",
    "We tried a smaller loaf. You asked for it back the way it was. #sourdough",
)


def fill(workspace: Workspace, moment: datetime) -> None:
    """Give the desk its numbers."""
    accounts = list(workspace.accounts.connected().select_related("workspace"))
    collecting.find_new()
    for account in accounts:
        followers = _account(account, moment)
        _earlier(account, followers, moment)
    out = Delivery.objects.filter(post__workspace=workspace, state=State.PUBLISHED)
    for delivery in out.exclude(remote_id=CONFIRMED).select_related("account__workspace"):
        _post(delivery, moment)
    for account in accounts:
        days.touch_all(account)
    while days.count_touched():
        pass


# --- followers ---


def _account(account: Account, moment: datetime) -> float:
    """What the network tells of the account now, and one number an evening that led there; the followers."""
    told = Metrics({})
    with suppress(PlatformError):
        told = platform_client(account).account_metrics()
    now = {name: value for name, value in told.values.items() if name in OF_ACCOUNTS}
    followers = now.get("followers")
    dice = random.Random(account.platform_name)  # noqa: S311  (the same demo every time)
    rows = [AccountSnapshot(account=account, taken_at=moment, raw=dict(told.raw), **now)] if now else []
    if followers:
        rows += [
            AccountSnapshot(account=account, taken_at=at, followers=round(number))
            for at, number in _climb(followers, moment, dice)
        ]
    AccountSnapshot.objects.bulk_create(rows)
    Look.objects.filter(account=account).update(
        looked_at=moment, due_at=next_look_at_account(account.pk, account.workspace.zone, moment)
    )
    return followers or 400.0


def _climb(followers: float, moment: datetime, dice: random.Random) -> Iterator[tuple[datetime, float]]:
    """Backwards from now: a little less every evening, most of it won at week-ends."""
    number = followers
    for back in range(1, DAYS + 1):
        at = moment - timedelta(days=back)
        yield at, number
        number -= followers * 0.0016 * dice.random() * GOOD_DAYS[at.weekday()] * 1.2


# --- posts that stand in the sandbox ---


def _post(delivery: Delivery, moment: datetime) -> None:
    """What its network tells now, and what it would have told each time before."""
    told = Metrics({})
    if delivery.account.platform.can("post_metrics"):
        with suppress(PlatformError):
            told = platform_client(delivery.account).post_metrics(delivery.published)
    now = {name: value for name, value in told.values.items() if name in OF_POSTS}
    published_at = delivery.published_at or moment
    if now:
        age = moment - published_at
        shots = [(at, _share(at - published_at, age)) for at in _looks(published_at, moment)]
        looks: list[tuple[datetime, dict[str, float]]] = [
            (at, {name: _part(name, value, share) for name, value in now.items()}) for at, share in shots
        ]
        _write(delivery, [*looks, (moment, dict(now))], told)
    Look.objects.filter(delivery=delivery, due_at__isnull=False).update(
        looked_at=moment, due_at=next_look_at_post(published_at, moment)
    )


def _looks(published_at: datetime, moment: datetime) -> list[datetime]:
    minute = timedelta(minutes=1)
    return [published_at + look for look in LOOKS if published_at + look < moment - minute]


def _share(age: timedelta, whole: timedelta) -> float:
    """How much of what a post has at one age it had at another."""
    return _grown(age) / max(_grown(whole), 1e-9)


def _grown(age: timedelta) -> float:
    return 1 - math.exp(-(age / timedelta(hours=1)) / SETTLES_HOURS)


def _part(name: str, value: float, share: float) -> float:
    return value if name.startswith("average") else float(math.floor(value * share))


# --- posts from before ---


def _earlier(account: Account, followers: float, moment: datetime) -> None:
    """What the bakery posted before it had this desk: texts alone, where networks take them."""
    posts = _earlier_posts(account.workspace, moment)
    names = [name for name in account.platform.post_numbers if name == "views" or name in FRIENDS]
    kind = account.platform.kind_for([], {})
    if not names or kind.rules.media_at_least or kind.rules.needs_video:
        return
    deliveries = Delivery.objects.bulk_create(
        Delivery(
            post=post,
            account=account,
            state=State.PUBLISHED,
            remote_id=CONFIRMED,
            due_at=post.scheduled_at,
            planned_at=post.scheduled_at,
            published_at=post.scheduled_at,
        )
        for post in posts
    )
    Look.objects.bulk_create(
        Look(delivery=delivery, due_at=None, problem_code="no_address") for delivery in deliveries
    )
    for number, delivery in enumerate(deliveries):
        _write(delivery, list(_remembered(delivery, number, followers, names, moment)))


def _earlier_posts(workspace: Workspace, moment: datetime) -> list[Post]:
    """Made once, for all accounts."""
    known = list(Post.objects.filter(workspace=workspace, text__in=TEXTS).order_by("scheduled_at"))
    if known:
        return known
    today = moment.astimezone(workspace.zone).date()
    author = workspace.memberships.order_by("pk")[0].user
    posts = []
    for number, text in enumerate(TEXTS):
        at = _when(today, number, workspace)
        made = at - timedelta(hours=3)
        post = Post(
            workspace=workspace, author=author, text=text, scheduled_at=at, timezone=workspace.timezone,
            created_at=made,
        )  # fmt: skip
        posts.append(post)
    return Post.objects.bulk_create(posts)


def _when(today: date, number: int, workspace: Workspace) -> datetime:
    day = today - timedelta(days=DAYS - 2 - number * 3)
    return datetime.combine(day, time(HOURS[number % len(HOURS)], 10), workspace.zone)


def _remembered(
    delivery: Delivery, number: int, followers: float, names: list[str], moment: datetime
) -> Iterator[tuple[datetime, dict[str, float]]]:
    """A post's numbers as they grew: more in the morning and at week-ends, with one hit and one flop."""
    dice = random.Random(f"{number} {delivery.account.platform_name}")  # noqa: S311
    published_at = delivery.published_at or moment
    local = published_at.astimezone(delivery.account.workspace.zone)
    luck = {HIT: 6.5, FLOP: 0.12}.get(number, 0.75 + 0.5 * dice.random())
    views = min(max(followers, 900), 2600) * 0.9 * luck * GOOD_HOURS[local.hour] * GOOD_DAYS[local.weekday()]
    whole = {
        "views": views,
        **{name: views * share * dice.uniform(0.7, 1.3) for name, share in FRIENDS.items()},
    }
    for at in _looks(published_at, moment):
        share = _grown(at - published_at)
        yield at, {name: float(math.floor(whole[name] * share)) for name in names}


# --- writing ---


def _write(
    delivery: Delivery, told: list[tuple[datetime, dict[str, float]]], newest: Metrics | None = None
) -> None:
    """The snapshots, and the newest numbers that follow from them; the network's own words with the last."""
    PostSnapshot.objects.bulk_create(
        PostSnapshot(
            delivery=delivery,
            taken_at=at,
            raw=dict(newest.raw) if newest and number == len(told) else {},
            **values,
        )
        for number, (at, values) in enumerate(told, 1)
    )
    known: dict[str, Number] = {}
    for _at, known in standing(Told(at, values) for at, values in told):  # noqa: B007  (the last is wanted)
        pass
    Latest.objects.create(
        delivery=delivery,
        workspace_id=delivery.account.workspace_id,
        account=delivery.account,
        published_at=delivery.published_at,
        taken_at=told[-1][0],
        **latest_columns(known),
    )
