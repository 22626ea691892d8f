"""Times as people type them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from snsauto.bot.when import moment_of

BERLIN = ZoneInfo("Europe/Berlin")
WEDNESDAY = datetime(2031, 3, 26, 10, 30, tzinfo=BERLIN)  # clocks go forward on the Sunday after


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("now", "26.03. 10:30"),
        ("in 2 hours", "26.03. 12:30"),
        ("90 min", "26.03. 12:00"),
        ("1 week", "02.04. 10:30"),  # over the change of clocks
        ("in 100 hours", "30.03. 15:30"),
        ("18:15", "26.03. 18:15"),
        ("9:00", "27.03. 09:00"),
        ("today 18h", "26.03. 18:00"),
        ("Tomorrow, 9:00", "27.03. 09:00"),
        ("tomorrow at 9pm", "27.03. 21:00"),
        ("tomorrow 12am", "27.03. 00:00"),
        ("fri 18.30", "28.03. 18:30"),
        ("wednesday 9", "02.04. 09:00"),
        ("next monday 7:45", "31.03. 07:45"),
        ("sun 9:00", "30.03. 09:00"),
        ("2031-12-24 08:00", "24.12. 08:00"),
        ("24 dec 8am", "24.12. 08:00"),
        ("Dec 24, 8:05", "24.12. 08:05"),
        ("1 march 2032 6:00", "01.03. 06:00"),
        ("1 feb 6:00", "01.02. 06:00"),
    ],
)
def test_times_are_understood_by_the_workspaces_clock(words: str, meant: str) -> None:
    assert f"{moment_of(words, BERLIN, WEDNESDAY).astimezone(BERLIN):%d.%m. %H:%M}" == meant


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "Say a day and a time"),
        ("tomorrow", "Say a day and a time"),
        ("when I am back", "Say a day and a time"),
        ("tomorrow 25:00", "no such time"),
        ("tomorrow 13pm", "no such time"),
        ("31 feb 9:00", "no such day"),
        ("2031-02-30 9:00", "no such day"),
        ("sun 2:30", "does not exist"),
    ],
)
def test_what_is_no_time_is_said(words: str, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        moment_of(words, BERLIN, WEDNESDAY)

    assert said in refused.value.messages[0]


def test_a_past_day_without_a_year_is_next_years() -> None:
    assert moment_of("1 feb 6:00", BERLIN, WEDNESDAY).year == 2032
