"""Wall clocks and moments."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import ValidationError

from publishing.tests.pages.conftest import NOON
from publishing.validators import future_time, local_time


@pytest.mark.parametrize(
    ("zone", "utc"),
    [("Asia/Seoul", 0), ("Europe/Berlin", 8), ("America/New_York", 14)],
)
def test_nine_in_the_morning_is_nine_on_the_wall(zone: str, utc: int) -> None:
    moment = local_time(date(2030, 1, 15), time(9), ZoneInfo(zone))

    assert moment.at == datetime(2030, 1, 15, utc, tzinfo=UTC)
    assert moment.note == ""


@pytest.mark.parametrize(
    ("zone", "day"), [("Europe/Berlin", date(2030, 3, 31)), ("America/New_York", date(2030, 3, 10))]
)
def test_a_time_that_clocks_jump_over_is_refused_in_words(zone: str, day: date) -> None:
    with pytest.raises(ValidationError, match="does not exist") as caught:
        local_time(day, time(2, 30), ZoneInfo(zone))

    assert caught.value.code == "nonexistent_time"


def test_of_a_time_that_comes_twice_the_first_is_taken_and_said() -> None:
    moment = local_time(date(2030, 10, 27), time(2, 30), ZoneInfo("Europe/Berlin"))

    assert moment.at == datetime(2030, 10, 27, 0, 30, tzinfo=UTC)
    assert "twice" in moment.note


def test_the_hour_after_the_change_is_an_ordinary_one() -> None:
    moment = local_time(date(2030, 10, 27), time(3), ZoneInfo("Europe/Berlin"))

    assert moment.at == datetime(2030, 10, 27, 2, tzinfo=UTC)
    assert moment.note == ""


def test_a_minute_ago_means_now(clock: time_machine.Traveller) -> None:
    assert future_time(NOON - timedelta(seconds=59)) == NOON
    assert future_time(NOON + timedelta(days=1)) == NOON + timedelta(days=1)


@pytest.mark.parametrize(
    ("gap", "code"), [(timedelta(seconds=-61), "past_time"), (timedelta(days=3000), "too_far")]
)
def test_past_and_far_times_are_refused(clock: time_machine.Traveller, gap: timedelta, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        future_time(NOON + gap)

    assert caught.value.code == code
