"""The pages of numbers show known answers, computed here by hand from the same rows."""

import csv
import io
import random
import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from openpyxl import load_workbook
from pytest_django import DjangoAssertNumQueries

from accounts.factories import AccountFactory, client_of
from accounts.models import Account, User, Workspace
from analytics import days, reading
from analytics.factories import count, published, told, told_account, told_at_once
from analytics.models import AccountSnapshot, Edition, Look, PostSnapshot
from analytics.reading import Range
from analytics.tests.conftest import NOON
from platforms.registry import PLATFORMS
from publishing.factories import CampaignFactory, DeliveryFactory
from publishing.models import Delivery

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
TODAY = date(2030, 5, 6)
SPAN = Range(TODAY - timedelta(days=27), TODAY, BERLIN)


@pytest.fixture
def desk(ada: User) -> Client:
    return client_of(ada)


@pytest.fixture
def other(account: Account) -> Account:
    """A second account, on a network that tells no views."""
    return AccountFactory.create(
        workspace=account.workspace, platform_name="mastodon", handle="loaf", expires_at=None, refresh_at=None
    )


@pytest.fixture
def months(account: Account, other: Account) -> list[Delivery]:
    """Seventy days of posts on two accounts, told at odd moments; one number is taken back."""
    dice = random.Random(7)  # noqa: S311  (no secret)
    posts = []
    for n in range(24):
        whose = other if n % 3 == 0 else account
        at = NOON - timedelta(days=3 * n + 1, hours=dice.randrange(12))
        post = published(whose, at, text=f"Loaf {n} #{dice.choice(['rye', 'wheat'])}")
        numbers = {"likes": 0.0, "comments": 0.0} | ({"views": 0.0} if whose == account else {})
        looks = []
        for hours in (1, 7, 30, 80):
            for name in numbers:
                numbers[name] += dice.randrange(5, 400 if name == "views" else 40)
            if at + hours * HOUR < NOON - HOUR:
                looks.append((at + hours * HOUR, dict(numbers)))
        told_at_once(post, looks)
        posts.append(post)
    told(posts[1], NOON - HOUR, views=1, likes=1, comments=1)
    AccountSnapshot.objects.bulk_create(
        AccountSnapshot(account=account, taken_at=NOON - n * DAY, followers=1_000 - 3 * n) for n in range(61)
    )
    told_account(other, NOON - 20 * DAY, followers=70)
    told_account(other, NOON - 2 * DAY, followers=66)
    days.touch_all(account)
    days.touch_all(other)
    count()
    return posts


def gained(deliveries: list[Delivery], name: str, first: date, last: date) -> float:
    """What was gained between two days, by a loop over the snapshots that knows nothing of our code."""
    total = 0.0
    for delivery in deliveries:
        before = 0.0
        for shot in PostSnapshot.objects.filter(delivery=delivery).order_by("taken_at"):
            value = getattr(shot, name)
            if value is not None:
                if first <= shot.taken_at.astimezone(BERLIN).date() <= last:
                    total += value - before
                before = value
    return total


# --- known answers ---


def test_the_overview_shows_what_the_snapshots_say(
    desk: Client, months: list[Delivery], account: Account
) -> None:
    mine = [post for post in months if post.account_id == account.pk]

    answer = desk.get("/analytics/")

    cards = {card.name: card for card in answer.context["overview"].cards}
    views = gained(mine, "views", SPAN.first, SPAN.last)
    before = gained(mine, "views", SPAN.first - timedelta(days=28), SPAN.first - timedelta(days=1))
    done = sum(gained(months, name, SPAN.first, SPAN.last) for name in ("likes", "comments"))
    rated = sum(gained(mine, name, SPAN.first, SPAN.last) for name in ("likes", "comments"))
    out = sum(SPAN.first <= post.published_at.astimezone(BERLIN).date() <= SPAN.last for post in months)
    assert cards["views"].value == views
    assert cards["views"].change == pytest.approx((views - before) / before)
    assert cards["engagements"].value == done
    assert cards["engagement_rate"].value == pytest.approx(rated / views)
    assert cards["posts"].value == out
    assert cards["followers"].value == 1_000 + 66
    assert f"{round(views):,}" in answer.text
    assert "1,066" in answer.text


def test_each_day_and_each_network_add_up_to_the_whole(desk: Client, months: list[Delivery]) -> None:
    overview = desk.get("/analytics/?days=90").context["overview"]

    for name in ("views", "engagements", "posts"):
        whole = overview.figures.now[name]
        assert sum(value or 0 for value in overview.figures.series[name]) == pytest.approx(whole)
        assert sum(line.values[name] or 0 for line in overview.networks) == pytest.approx(whole)
    assert len(overview.days) == 90


def test_followers_stand_on_days_on_which_nobody_asked(months: list[Delivery], workspace: Workspace) -> None:
    followers = dict(reading.by_day(workspace, SPAN, "followers"))

    assert followers[TODAY - timedelta(days=27)] == 1_000 - 81
    assert followers[TODAY - timedelta(days=10)] == 1_000 - 30 + 70
    assert followers[TODAY] == 1_066


def test_followers_known_before_the_range_are_known_in_it(account: Account, workspace: Workspace) -> None:
    told_account(account, NOON - 40 * DAY, followers=700)
    count()

    found = reading.totals(workspace, SPAN).values

    assert (found["followers"], found["new_followers"]) == (700, None)


def test_an_account_that_joined_has_not_grown(desk: Client, account: Account, other: Account) -> None:
    told_account(account, NOON - 40 * DAY, followers=1_000)
    told_account(account, NOON - HOUR, followers=1_100)
    told_account(other, NOON - HOUR, followers=50_000)
    count()

    card = next(
        card for card in desk.get("/analytics/").context["overview"].cards if card.name == "followers"
    )

    assert card.value == 51_100
    assert card.change == pytest.approx(100 / 51_000)


def test_best_and_weakest_posts_are_sorted_by_hand(months: list[Delivery], workspace: Workspace) -> None:
    def done(post: Delivery) -> float:
        shot = PostSnapshot.objects.filter(delivery=post).latest("taken_at")
        return shot.likes + shot.comments

    inside = [post for post in months if post.published_at >= SPAN.begins_at]
    wanted = sorted(inside, key=done)

    best = reading.best_posts(workspace, SPAN, count=3)
    worst = reading.best_posts(workspace, SPAN, count=3, worst=True)

    assert [line.score for line in best] == [done(post) for post in reversed(wanted[-3:])]
    assert [line.score for line in worst] == [done(post) for post in wanted[:3]]
    assert best[0].delivery == wanted[-1]


def test_a_post_of_this_hour_is_no_flop_yet(account: Account, workspace: Workspace) -> None:
    told(published(account, NOON - 2 * HOUR), NOON - HOUR, likes=0)

    assert reading.best_posts(workspace, SPAN, worst=True) == []
    assert len(reading.best_posts(workspace, SPAN)) == 1


def test_a_campaign_counts_its_own_posts_alone(months: list[Delivery], workspace: Workspace) -> None:
    campaign = CampaignFactory.create(workspace=workspace)
    mine = months[1:5]
    for post in mine:
        post.post.campaign = campaign
        post.post.save()

    found = reading.totals(workspace, SPAN, campaign=campaign).values

    assert found["likes"] == gained(mine, "likes", SPAN.first, SPAN.last)
    assert found["views"] == gained(mine, "views", SPAN.first, SPAN.last)
    assert found["posts"] == 4
    assert found["followers"] is None
    best = reading.best_posts(workspace, SPAN, campaign=campaign)
    assert {line.delivery.pk for line in best} == {post.pk for post in mine}


def test_networks_stand_in_the_order_in_which_people_see_them(
    months: list[Delivery], workspace: Workspace, account: Account
) -> None:
    lines = reading.by_platform(workspace, SPAN)

    assert [(line.platform.name, line.accounts) for line in lines] == [("mastodon", 1), ("meter", 1)]
    assert lines[0].totals.values["views"] is None
    assert lines[0].totals.values["likes"] is not None


def test_what_no_network_tells_is_not_available_and_the_page_says_who(desk: Client, other: Account) -> None:
    told(published(other, NOON - DAY), NOON - HOUR, likes=3)
    count()

    answer = desk.get(f"/analytics/?accounts={other.pk}")

    cards = {card.name: card.value for card in answer.context["overview"].cards}
    assert cards["views"] is None
    assert cards["engagement_rate"] is None
    assert cards["engagements"] == 3
    assert "Not told by Mastodon" in answer.text
    assert "392" not in answer.text


def test_a_number_taken_back_is_said_beside_the_days(desk: Client, months: list[Delivery]) -> None:
    assert "a network took numbers back" in desk.get("/analytics/").text


# --- the choice ---


def test_the_address_chooses_accounts_and_days(desk: Client, months: list[Delivery], other: Account) -> None:
    page = f"/analytics/?from=2030-04-01&to=2030-04-20&accounts={other.pk}"
    mine = [post for post in months if post.account_id == other.pk]

    overview = desk.get(page).context["overview"]

    assert overview.figures.now["likes"] == gained(mine, "likes", date(2030, 4, 1), date(2030, 4, 20))
    assert [line.account for line in overview.networks] == [other]


@pytest.mark.parametrize("query", ["networks=mastodon", "accounts={other}", "accounts={other},{other}"])
def test_accounts_are_chosen_by_network_or_one_by_one(query: str, desk: Client, other: Account) -> None:
    chosen = desk.get(f"/analytics/?{query.format(other=other.pk)}").context["chosen"]

    assert chosen.accounts == [other]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("from=2030-05-02&to=2030-05-01", "The range ends before it starts."),
        ("from=2030-05-07", "This day is still to come."),
        ("from=2020-01-01", "A range has at most two years."),
        ("from=yesterday", "Enter a valid date."),
        ("days=0", "Ensure this value is greater than or equal to 1."),
        ("accounts=424242", "There is no such account in this workspace."),
        ("accounts=me", "There is no such account in this workspace."),
        ("networks=friendster", "There is no such network."),
    ],
)
@pytest.mark.parametrize("page", ["", "export.csv"])
def test_a_range_that_cannot_be_is_refused_beside_the_field(
    page: str, query: str, sentence: str, desk: Client, account: Account
) -> None:
    answer = desk.get(f"/analytics/{page}?{query}")

    assert answer.status_code == 422
    assert sentence in answer.text


def test_the_days_of_a_preset_are_the_preset_though_they_were_typed(desk: Client, account: Account) -> None:
    typed = desk.get("/analytics/?from=2030-04-09&to=2030-05-06").context["chosen"]
    other = desk.get("/analytics/?from=2030-04-09&to=2030-05-05").context["chosen"]

    assert (typed.days, other.days) == (28, 0)
    assert "from=2030-04-09&to=2030-05-05" in other.query()


def test_a_last_day_to_come_is_today(desk: Client, account: Account) -> None:
    span = desk.get("/analytics/?from=2030-05-01&to=2031-01-01").context["chosen"].span

    assert (span.first, span.last) == (date(2030, 5, 1), TODAY)


def test_another_workspaces_account_is_nobody(desk: Client, cho: User) -> None:
    foreign = AccountFactory.create(workspace=cho.current_workspace)

    assert desk.get(f"/analytics/?accounts={foreign.pk}").status_code == 422
    assert desk.get(f"/analytics/accounts/{foreign.pk}/").status_code == 404


def test_numbers_of_another_workspace_are_not_counted(
    months: list[Delivery], cho: User, account: Account
) -> None:
    overview = client_of(cho).get("/analytics/").context["overview"]

    assert overview.figures.now["views"] is None
    assert overview.networks == []


# --- empty ---


def test_a_desk_without_accounts_says_what_to_do(desk: Client, workspace: Workspace) -> None:
    assert "No account is connected yet" in desk.get("/analytics/").text


def test_an_account_without_numbers_says_when_they_come(desk: Client, account: Account) -> None:
    assert "a quarter of an hour after a post went out" in desk.get("/analytics/").text


def test_a_viewer_may_look(vic: User, account: Account) -> None:
    assert client_of(vic).get("/analytics/").status_code == 200


# --- speed ---


def test_the_overview_needs_few_queries_and_keeps_what_it_counted(
    desk: Client, months: list[Delivery], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(9):
        first = desk.get("/analytics/")
    with django_assert_num_queries(5):
        again = desk.get("/analytics/")

    assert first.context["overview"].figures == again.context["overview"].figures
    assert len(first.content) < 100_000
    assert len(desk.get("/analytics/?days=90").content) < 100_000


def test_a_desk_on_every_network_has_a_small_page_too(
    desk: Client, months: list[Delivery], workspace: Workspace
) -> None:
    for name in PLATFORMS:
        AccountFactory(workspace=workspace, platform_name=name)

    assert len(desk.get("/analytics/?days=90").content) < 100_000


def test_what_was_kept_is_forgotten_when_something_new_is_told(
    desk: Client, months: list[Delivery], account: Account
) -> None:
    before = desk.get("/analytics/").context["overview"].figures.now["views"]

    told(months[2], NOON - HOUR / 2, views=90_000)
    count()

    assert desk.get("/analytics/").context["overview"].figures.now["views"] > before + 80_000


def test_nothing_is_kept_before_there_are_numbers(desk: Client, account: Account) -> None:
    desk.get("/analytics/")
    assert not Edition.objects.exists()

    told_account(account, NOON, followers=9)
    count()

    assert desk.get("/analytics/").context["overview"].figures.now["followers"] == 9


# --- account and post ---


def test_the_account_page_tells_what_the_network_says_of_the_account(
    desk: Client, months: list[Delivery], account: Account
) -> None:
    answer = desk.get(f"/analytics/accounts/{account.pk}/")

    mine = [post for post in months if post.account_id == account.pk]
    assert answer.context["overview"].figures.now["views"] == gained(mine, "views", SPAN.first, SPAN.last)
    assert answer.context["newest"] == AccountSnapshot.objects.filter(account=account).latest("taken_at")
    assert "Totals so far." in answer.text
    assert "1,000" in answer.text


def test_the_post_page_shows_each_network_and_how_it_grew(
    desk: Client, account: Account, other: Account
) -> None:
    first = published(account, NOON - 8 * HOUR)
    second = DeliveryFactory.create(
        post=first.post, account=other, published=True, published_at=NOON - 8 * HOUR, remote_id="s2"
    )
    for hours, views, likes in ((1, 100, 4), (7, 250, 9)):
        told(first, NOON - 8 * HOUR + hours * HOUR + timedelta(seconds=40), views=views, likes=likes)
        told(second, NOON - 8 * HOUR + hours * HOUR, likes=2 * likes)

    answer = desk.get(f"/analytics/posts/{first.post_id}/?metric=likes")

    rows = {name: rows for name, _word, rows in answer.context["metrics"]}
    assert [(row.age, sorted(row.values)) for row in rows["likes"]] == [
        ("1 hour", [4, 8]),
        ("6 hours", [9, 18]),
    ]
    assert [row.values.count(None) for row in rows["views"]] == [1, 1]
    totals = answer.context["numbers"].totals
    assert (totals["likes"], totals["views"], totals["engagement_rate"]) == (27, 250, 9 / 250)
    assert re.search(r"<code>views</code></th><td>250", answer.text)  # by the network's own name


@pytest.mark.parametrize(
    ("code", "due", "sentence"),
    [
        ("not_found", None, "It is not on Meter any more. These are its last numbers."),
        ("not_offered", None, "Meter tells nothing of single posts."),
        ("no_address", None, "The address of this post is not known"),
        ("not_told", NOON, "Meter tells no numbers of this post."),
        ("unavailable", NOON, "It is down."),
        ("", NOON, "Its first numbers come a quarter of an hour after it went out."),
    ],
)
def test_the_post_page_says_why_there_are_no_numbers(
    code: str, due: datetime | None, sentence: str, desk: Client, account: Account
) -> None:
    post = published(account, NOON - HOUR)
    Look.objects.update(problem_code=code, due_at=due, problem="It is down." if code == "unavailable" else "")

    assert sentence in desk.get(f"/analytics/posts/{post.post_id}/").text


def test_a_lost_connection_is_said_on_the_posts_page(desk: Client, account: Account) -> None:
    post = published(account, NOON - HOUR)
    Account.objects.update(state=Account.State.EXPIRED)

    assert "Connect the account again" in desk.get(f"/analytics/posts/{post.post_id}/").text


def test_a_post_that_is_not_out_has_no_numbers(desk: Client, account: Account) -> None:
    draft = DeliveryFactory.create(post__workspace=account.workspace, account=account)

    assert "It is not out yet" in desk.get(f"/analytics/posts/{draft.post_id}/").text


def test_the_post_page_asks_few_queries_however_often_it_was_told(
    desk: Client, account: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    post = published(account, NOON - 20 * HOUR)
    for hours in range(1, 15):
        told(post, NOON - 20 * HOUR + hours * HOUR, views=hours * 10)

    with django_assert_num_queries(6):
        desk.get(f"/analytics/posts/{post.post_id}/")


# --- files ---


def test_the_csv_has_the_rows_of_the_page(desk: Client, months: list[Delivery], account: Account) -> None:
    answer = desk.get(f"/analytics/export.csv?days=28&accounts={account.pk}")

    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    mine = [post for post in months if post.account_id == account.pk]
    assert answer.streaming
    assert "analytics-2030-04-09-2030-05-06.csv" in answer["Content-Disposition"]
    assert sum(float(row["Views"] or 0) for row in rows) == gained(mine, "views", SPAN.first, SPAN.last)
    assert {row["Account"] for row in rows} == {"bakery"}
    assert {row["Shares"] for row in rows} == {""}  # not told is empty, never 0
    assert any(row["Note"] == "corrected by the network" for row in rows)


def test_the_csv_of_posts_has_every_post_of_the_range(desk: Client, months: list[Delivery]) -> None:
    answer = desk.get("/analytics/export.csv?days=28&what=posts")

    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    inside = [post for post in months if post.published_at >= SPAN.begins_at]
    assert {row["Text"] for row in rows} == {post.post.text for post in inside}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1"])
def test_no_cell_is_a_formula(text: str, desk: Client, account: Account) -> None:
    told(published(account, NOON - DAY, text=text), NOON - HOUR, views=4)

    answer = desk.get("/analytics/export.csv?what=posts")
    book = load_workbook(io.BytesIO(desk.get("/analytics/export.xlsx").getvalue()))

    row = next(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"), newline="")))
    cell = book["Posts"]["D2"]
    assert row["Text"] == f"'{text}"
    assert cell.data_type == "s"
    assert cell.value.startswith("'")


def test_the_workbook_holds_days_and_posts(desk: Client, months: list[Delivery]) -> None:
    answer = desk.get("/analytics/export.xlsx?days=28")

    book = load_workbook(io.BytesIO(answer.getvalue()))
    heads = [cell.value for cell in book["Days"][1]]
    views = [row[heads.index("Views")] for row in book["Days"].iter_rows(min_row=2, values_only=True)]
    assert sum(value or 0 for value in views) == gained(months, "views", SPAN.first, SPAN.last)
    assert book["Posts"].max_row == 1 + sum(post.published_at >= SPAN.begins_at for post in months)


# --- best time and hashtags ---


def test_too_few_posts_are_not_enough_data_yet(desk: Client, account: Account) -> None:
    for n in range(9):
        told(published(account, NOON - timedelta(days=5 + n)), NOON - HOUR, likes=4)

    page = desk.get("/analytics/best-time/").text

    assert "Not enough data yet" in page
    assert "There are 9 posts that can be compared" in page


def test_the_best_hour_is_the_one_whose_posts_did_better_than_usual(
    desk: Client, account: Account, workspace: Workspace
) -> None:
    for week in range(1, 6):
        told(published(account, NOON - week * 7 * DAY), NOON - HOUR, likes=30)  # Mondays at twelve
        told(published(account, NOON - week * 7 * DAY + DAY + 3 * HOUR), NOON - HOUR, likes=10)
        told(published(account, NOON - week * 7 * DAY + 2 * DAY), NOON - HOUR, likes=10)
    told(published(account, NOON - 5 * DAY + 9 * HOUR), NOON - HOUR, likes=900)  # one lucky post

    answer = desk.get("/analytics/best-time/")

    slots = answer.context["heat"].slots
    # the median is 10: five posts of 3.0, beside three usual ones
    assert slots[0, 12].score == pytest.approx((5 * 3.0 + 3) / 8)
    assert (slots[0, 12].count, slots[0, 12].level) == (5, 5)
    assert slots[1, 15].score == pytest.approx(1.0)
    assert slots[2, 21].level == 0
    assert [(slot.weekday, slot.hour) for slot, _words in answer.context["best"]] == [(0, 12)]
    assert "Monday, 12:00–13:00" in answer.text


def test_a_large_account_does_not_outshout_a_small_one(
    account: Account, other: Account, desk: Client
) -> None:
    for n in range(5):
        told(published(account, NOON - timedelta(days=7 * n + 7)), NOON - HOUR, likes=9_000)
        told(published(other, NOON - timedelta(days=7 * n + 6)), NOON - HOUR, likes=9 + 9 * (n == 0))

    slots = desk.get("/analytics/best-time/").context["heat"].slots

    assert slots[0, 12].score == pytest.approx(1.0)
    assert slots[1, 12].score == pytest.approx((4 * 1.0 + 2.0 + 3) / 8)


def test_hashtags_stand_beside_what_is_usual(desk: Client, account: Account) -> None:
    for n, (text, likes) in enumerate(
        [("A #Rye", 30), ("B #rye #bread", 20), ("C #bread", 5), ("D plain", 10), ("E #lonely", 90)]
    ):
        told(published(account, NOON - timedelta(days=n + 1), text=text), NOON - HOUR, likes=likes)

    lines = desk.get("/analytics/hashtags/").context["lines"]

    # the median post has 20 likes
    assert [(line.name, line.posts, line.index) for line in lines] == [("Rye", 2, 1.25), ("bread", 2, 0.625)]
    assert lines[0].engagements == 50
    assert lines[0].views is None
