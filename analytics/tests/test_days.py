"""Days are what the snapshots say, whatever order they came in and however often they are counted."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.factories import AccountFactory, WorkspaceFactory
from accounts.models import Account, Workspace
from analytics import days
from analytics.factories import count, published, told, told_account
from analytics.gains import Told, gains
from analytics.metrics import change, counted, engagements, rate
from analytics.models import AccountDay, Latest, PostSnapshot
from analytics.tests.conftest import NOON
from publishing.models import Delivery

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")


def day_of(account: Account, day: date) -> AccountDay:
    return AccountDay.objects.get(account=account, day=day)


# --- words ---


@pytest.mark.parametrize(
    ("values", "done"),
    [
        ({"likes": 3, "comments": 1, "views": 90}, 4),
        ({"likes": 0}, 0),
        ({"views": 90}, None),
        ({"engagements": 12}, 12),  # the network's own sum, where it tells nothing else
        ({"engagements": 12, "likes": 3, "clicks": 2}, 5),
        ({}, None),
    ],
)
def test_engagements_are_what_people_did(values: dict[str, float], done: float | None) -> None:
    assert engagements(values) == done


@pytest.mark.parametrize(
    ("done", "base", "share"),
    [
        (5, 100, 0.05),
        (0, 100, 0),
        (100, 100, 1),
        (392, 100, None),  # it cannot be: one of the two is told late
        (5, 0, None),
        (None, 100, None),
        (5, None, None),
        (-3, 100, None),
    ],
)
def test_a_rate_is_never_over_a_hundred_percent(
    done: float | None, base: float | None, share: float | None
) -> None:
    assert rate(done, base) == share


def test_reach_stands_in_where_no_views_are_told() -> None:
    assert counted({"reach": 50, "likes": 5})["seen"] == 50
    assert counted({"reach": 50, "views": 80, "likes": 5})["seen"] == 80
    assert counted({"views": 80})["seen"] is None


@pytest.mark.parametrize(
    ("value", "before", "share"),
    [(150, 100, 0.5), (50, 100, -0.5), (5, 0, None), (5, None, None), (None, 5, None)],
)
def test_a_change_needs_something_to_compare_with(
    value: float | None, before: float | None, share: float | None
) -> None:
    assert change(value, before) == share


# --- gains ---


def test_a_day_gains_the_difference_to_what_was_told_before() -> None:
    found = gains(
        NOON,
        [
            Told(NOON + HOUR, {"views": 100, "likes": 10}),
            Told(NOON + 6 * HOUR, {"views": 130, "likes": 12}),
            Told(NOON + 30 * HOUR, {"views": 180, "likes": 12}),
        ],
        BERLIN,
    )

    assert {day: gained.values["views"] for day, gained in found.items()} == {
        date(2030, 5, 6): 130,
        date(2030, 5, 7): 50,
    }
    assert found[date(2030, 5, 7)].values["likes"] == 0
    assert found[date(2030, 5, 7)].values["clicks"] is None


def test_a_number_that_goes_missing_is_no_loss() -> None:
    found = gains(
        NOON,
        [Told(NOON + HOUR, {"likes": 4, "clicks": 9}), Told(NOON + DAY, {"likes": 5})],
        BERLIN,
    )

    assert found[date(2030, 5, 7)].values["engagements"] == 1
    assert not found[date(2030, 5, 7)].is_corrected


def test_what_a_network_takes_back_makes_the_day_say_so() -> None:
    found = gains(NOON, [Told(NOON + HOUR, {"views": 100}), Told(NOON + DAY, {"views": 90})], BERLIN)

    assert found[date(2030, 5, 7)].values["views"] == -10
    assert found[date(2030, 5, 7)].is_corrected
    assert not found[date(2030, 5, 6)].is_corrected


def test_a_post_that_is_first_asked_late_counts_on_the_day_it_went_out() -> None:
    found = gains(
        NOON, [Told(NOON + 40 * DAY, {"views": 900}), Told(NOON + 41 * DAY, {"views": 910})], BERLIN
    )

    assert found[date(2030, 5, 6)].values["views"] == 900
    assert found[date(2030, 5, 6)].is_late
    assert found[date(2030, 6, 16)].values["views"] == 10


# --- counting in the background ---


@pytest.mark.django_db
def test_days_follow_the_workspaces_clock(account: Account, clock: time_machine.Traveller) -> None:
    late = datetime(2030, 5, 6, 22, 30, tzinfo=UTC)  # half past midnight in Berlin
    told(published(account, late), late + HOUR / 4, views=40)

    count()

    assert [(row.day, row.views, row.posts) for row in AccountDay.objects.all()] == [
        (date(2030, 5, 7), 40, 1)
    ]


@pytest.mark.django_db
def test_another_time_zone_counts_other_days(account: Account, clock: time_machine.Traveller) -> None:
    late = datetime(2030, 5, 6, 22, 30, tzinfo=UTC)
    told_account(account, late, followers=12)
    told(published(account, late), late + HOUR / 4, views=40)
    count()
    Workspace.objects.update(timezone="America/New_York")

    assert days.follow_clocks() == 1
    count()

    rows = AccountDay.objects.values_list("day", "views", "posts", "followers")
    assert list(rows) == [(date(2030, 5, 6), 40, 1, 12)]
    assert days.follow_clocks() == 0


@pytest.mark.django_db
def test_a_day_that_changes_while_it_is_counted_is_counted_again(
    account: Account, clock: time_machine.Traveller
) -> None:
    delivery = published(account, NOON)
    told(delivery, NOON + HOUR, views=40)
    rows = list(AccountDay.objects.all())
    told(delivery, NOON + 3 * HOUR, views=70)  # meanwhile

    assert days.count(account, rows) == 0
    count()

    assert AccountDay.objects.get().views == 70


@pytest.mark.django_db
def test_counting_twice_changes_nothing(account: Account, clock: time_machine.Traveller) -> None:
    told(published(account, NOON), NOON + HOUR, views=40, likes=2)
    count()
    before = AccountDay.objects.values().get()

    days.touch_all(account)
    count()

    after = AccountDay.objects.values().get()
    assert {**after, "touched": 0} == {**before, "touched": 0}


@pytest.mark.django_db
def test_a_late_first_answer_counts_the_day_of_publishing_again(
    account: Account, clock: time_machine.Traveller
) -> None:
    delivery = published(account, NOON - 30 * DAY)
    told(delivery, NOON, views=500)

    count()

    assert day_of(account, (NOON - 30 * DAY).date()).views == 500
    assert day_of(account, (NOON - 30 * DAY).date()).is_late
    assert day_of(account, NOON.date()).views is None


story = st.lists(
    st.tuples(
        st.integers(0, 2),  # which post
        st.integers(1, 20 * 24 * 60),  # minutes later
        st.fixed_dictionaries(
            {},
            optional={name: st.integers(0, 500) for name in ("views", "reach", "likes", "clicks", "shares")},
        ),
    ),
    max_size=10,
)


class RollUps(TestCase):
    """Whatever is told, all days together are the newest numbers, and each day is its snapshots' own sum."""

    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(story, st.sampled_from(["Europe/Berlin", "America/St_Johns", "Pacific/Apia"]))
    def test_days_equal_the_sums_of_the_snapshots(
        self, told_things: list[tuple[int, int, dict[str, float]]], zone: str
    ) -> None:
        account = AccountFactory.create(workspace=WorkspaceFactory.create(timezone=zone))
        posts = [published(account, NOON + n * HOUR) for n in range(3)]
        for post, minutes, values in sorted(told_things, key=lambda thing: thing[1]):
            moment = NOON + 3 * HOUR + minutes * timedelta(minutes=1)
            if values and not PostSnapshot.objects.filter(delivery=posts[post], taken_at=moment).exists():
                told(posts[post], moment, **values)

        count()

        for name in ("views", "reach", "likes", "clicks", "shares"):
            assert _days(account, name) == _by_hand(posts, name, ZoneInfo(zone))
            rows = AccountDay.objects.filter(account=account).values_list(name, flat=True)
            newest = Latest.objects.filter(account=account).values_list(name, flat=True)
            assert sum(value or 0 for value in rows) == sum(value or 0 for value in newest)


def _days(account: Account, name: str) -> dict[date, float]:
    rows = AccountDay.objects.filter(account=account, **{f"{name}__isnull": False})
    return dict(rows.values_list("day", name))


def _by_hand(posts: list[Delivery], name: str, zone: ZoneInfo) -> dict[date, float]:
    """The same from the snapshots alone, told by a plain loop that knows nothing of our code."""
    sums: dict[date, float] = defaultdict(float)
    for post in posts:
        last, known, is_first = 0.0, False, True
        for shot in PostSnapshot.objects.filter(delivery=post).order_by("taken_at"):
            asked_late = is_first and shot.taken_at - post.published_at > timedelta(days=2)
            moment = post.published_at if asked_late else shot.taken_at
            is_first = False
            value = getattr(shot, name)
            if value is not None:
                known = True
            if known:  # once it was told it stands, and a day on which it was not told anew gains 0
                sums[moment.astimezone(zone).date()] += (last if value is None else value) - last
                last = last if value is None else value
    return dict(sums)
