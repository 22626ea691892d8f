"""The tags that every page uses."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.template import Context, Template

from accounts.factories import AccountFactory
from accounts.models import Account, Membership, User, Workspace
from accounts.templatetags import interface
from platforms.registry import PLATFORMS

NOON = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)


def render(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


def member_in(zone: str) -> Membership:
    return Membership(user=User(email="ada@example.org"), workspace=Workspace(name="Bakery", timezone=zone))


# --- icons ---


def test_an_icon_is_inline_and_silent() -> None:
    drawn = render('{% icon "calendar" %}')

    assert drawn.startswith('<svg class="icon" aria-hidden="true"')
    assert "xmlns" not in drawn
    assert "style=" not in drawn


def test_an_icon_with_a_name_is_an_image_and_its_name_is_escaped() -> None:
    drawn = render('{% icon "x" label=label %}', label='Close "it" <now>')

    assert 'role="img" aria-label="Close &quot;it&quot; &lt;now&gt;"' in drawn
    assert "aria-hidden" not in drawn


def test_an_icon_is_drawn_once() -> None:
    interface.drawing.cache_clear()

    render('{% icon "clock" %}{% icon "clock" %}{% icon "clock" label="Time" %}')

    assert interface.drawing.cache_info().misses == 1


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_network_has_a_mark_with_its_name(name: str) -> None:
    drawn = render("{% network_icon name %}", name=name)

    assert f'aria-label="{PLATFORMS[name].label}"' in drawn


def test_a_mark_beside_its_name_is_silent() -> None:
    drawn = render('{% network_icon name label="" %}', name=next(iter(PLATFORMS)))

    assert 'aria-hidden="true"' in drawn


@pytest.mark.parametrize(
    ("colour", "is_colourful"), [("#000000", False), ("#fefefe", False), ("#0a7aff", True)]
)
def test_black_and_white_marks_take_the_colour_of_the_text(colour: str, is_colourful: bool) -> None:
    assert interface.is_colourful(colour) is is_colourful


def test_every_icon_that_a_state_names_is_there() -> None:
    assert all(interface.drawing(sign).endswith("</svg>") for _word, sign in interface.STATES.values())


def test_an_icon_that_does_not_exist_fails_loudly() -> None:
    with pytest.raises(KeyError, match="no-such-icon"):
        render('{% icon "no-such-icon" %}')


# --- states ---


def test_a_state_is_a_word_an_icon_and_a_colour() -> None:
    badge = render('{% state_badge "unknown" %}')

    assert badge.startswith('<span class="badge" data-state="unknown"><svg')
    assert badge.endswith("Unclear</span>")


def test_a_state_that_nobody_knows_is_shown_as_it_is_called() -> None:
    badge = render("{% state_badge state %}", state="<odd>")

    assert 'data-state="&lt;odd&gt;"' in badge
    assert badge.endswith("&lt;odd&gt;</span>")


def test_a_state_without_room_keeps_its_word_for_screen_readers() -> None:
    assert 'aria-label="Scheduled"' in render('{% state_icon "scheduled" %}')


def test_every_state_of_an_account_has_its_word_and_icon() -> None:
    words = {value: interface.STATES[value][0] for value in Account.State.values}

    assert words == dict(Account.State.choices)


# --- times ---


@time_machine.travel(NOON, tick=False)
def test_a_moment_is_told_in_the_zone_of_the_workspace() -> None:
    told = render("{% when moment %}", moment=NOON, member=member_in("Asia/Seoul"))

    assert told.startswith('<time datetime="2026-11-24T00:00:00Z" title="2026-11-24 00:00:00 UTC">')
    assert told.endswith(">Tue 24 Nov, 09:00 (Seoul)</time>")


@time_machine.travel(NOON, tick=False)
def test_a_moment_is_told_in_another_zone_where_one_is_named() -> None:
    told = render('{% when moment zone="America/New_York" %}', moment=NOON, member=member_in("Asia/Seoul"))

    assert "Mon 23 Nov, 19:00 (New York)" in told


@time_machine.travel(NOON, tick=False)
def test_a_moment_of_another_year_says_so() -> None:
    told = render("{% when moment brief=True %}", moment=NOON.replace(year=2027), member=member_in("UTC"))

    assert ">Wed 24 Nov 2027, 00:00<" in told


def test_the_time_of_day_stands_alone_where_the_day_is_known() -> None:
    assert ">09:00<" in render("{% clock moment %}", moment=NOON, member=member_in("Asia/Seoul"))


@pytest.mark.parametrize("tag", ["when", "clock", "ago"])
def test_no_moment_is_nothing(tag: str) -> None:
    assert render(f"{{% {tag} moment %}}", moment=None) == ""


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (timedelta(), "now"),
        (timedelta(seconds=59), "in 59 seconds"),
        (timedelta(seconds=-1), "1 second ago"),
        (timedelta(minutes=3, seconds=40), "in 3 minutes"),
        (timedelta(hours=-1, minutes=-59), "1 hour ago"),
        (timedelta(days=2, hours=5), "in 2 days"),
        (timedelta(days=-65), "2 months ago"),
        (timedelta(days=800), "in 2 years"),
    ],
)
def test_how_far_a_moment_is_off_is_told_in_the_largest_unit(gap: timedelta, words: str) -> None:
    assert interface.distance(gap) == words


@time_machine.travel(NOON, tick=False)
def test_what_is_to_tick_says_so() -> None:
    told = render("{% ago moment %}", moment=NOON + timedelta(minutes=3))

    assert told.startswith('<time data-ago datetime="2026-11-24T00:03:00Z"')
    assert told.endswith(">in 3 minutes</time>")


# --- faces ---


def test_an_account_shows_initials_and_its_mark(db: None) -> None:
    account = AccountFactory.create(name="Harbour Bakery")

    face = render("{% avatar account %}", account=account)

    assert ">HB</span>" in face
    assert f'aria-label="{account.platform.label}"' in face


def test_a_picture_on_another_host_is_never_asked_for(db: None) -> None:
    account = AccountFactory.create(avatar_url="https://elsewhere.example/face.png")

    assert "<img" not in render("{% avatar account %}", account=account)


def test_a_picture_on_our_own_host_is_shown(db: None, settings: pytest.FixtureRequest) -> None:
    settings.SITE_URL = "https://desk.example"  # type: ignore[attr-defined]
    account = AccountFactory.create(avatar_url="https://desk.example/faces/1.png")

    assert '<img src="/faces/1.png" alt=""' in render("{% avatar account %}", account=account)


def test_a_picture_on_a_host_that_begins_like_ours_is_not_ours(
    db: None, settings: pytest.FixtureRequest
) -> None:
    settings.SITE_URL = "https://desk.example"  # type: ignore[attr-defined]
    account = AccountFactory.create(avatar_url="https://desk.example.evil.example/1.png")

    assert "<img" not in render("{% avatar account %}", account=account)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ada Lovelace", "AL"),
        ("Ada Augusta King Lovelace", "AL"),
        ("@harbour.bakery", "HB"),
        ("ada@example.org", "A"),
        ("", "?"),
    ],
)
def test_initials_are_one_or_two_letters(name: str, letters: str) -> None:
    assert interface.initials(name) == letters


def test_a_name_cannot_bring_markup() -> None:
    assert "<b" not in render("{% avatar name %}", name="<b>ad <b>boy")


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Version/18.6 Safari/604.1",
            "Safari on iPhone",
        ),
        ("curl/8.14.1", "curl/8.14.1"),
        ("", ""),
    ],
)
def test_a_browser_is_called_by_its_name_and_what_is_none_by_what_it_says(
    user_agent: str, words: str
) -> None:
    assert interface.browser(user_agent) == words
