"""The page of what was missed: send now, next free slot, drop; for one, for those ticked, for all; undo."""

from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.factories import MembershipFactory, client_of
from accounts.models import Account, AuditEvent, Workspace
from accounts.permissions import Role
from publishing.factories import DeliveryFactory, MediaFactory, PostFactory
from publishing.models import Delivery, Post, State
from publishing.tests.pages.conftest import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
BEFORE = NOON - timedelta(hours=2)
TOMORROW = BEFORE + timedelta(days=1)
Make = Callable[..., Delivery]
DECIDE = "/missed/decide/"


@pytest.fixture
def late(workspace: Workspace, roomy: Account) -> Make:
    """Makes a delivery that was missed."""

    def make(text: str = "Good morning", **fields: object) -> Delivery:
        post = fields.pop("post", None) or PostFactory.create(
            workspace=workspace, text=text, scheduled_at=BEFORE
        )
        times = {"due_at": BEFORE, "planned_at": BEFORE}
        return DeliveryFactory.create(post=post, missed=True, **{"account": roomy, **times, **fields})

    return make


def states() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def said(browser: Client, address: str = "/missed/") -> str:
    return browser.get(address).text


class Undo(HTMLParser):
    """The address of the form that takes back what was done."""

    address = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get("action") or ""
        if tag == "form" and address.startswith("/missed/undo/"):
            self.address = address


def undo_address(page: str) -> str:
    parser = Undo()
    parser.feed(page)
    return parser.address


# --- what stands there ---


def test_what_was_missed_stands_there_by_post_oldest_first(
    ada_browser: Client, late: Make, terse: Account, delivery: Make
) -> None:
    older = late("The older one")
    late(post=older.post, account=terse)
    newer = late("The newer one")
    Post.objects.filter(pk=newer.post_id).update(scheduled_at=BEFORE + timedelta(minutes=1))
    delivery("A failed one", failed=True)

    page = said(ada_browser)

    assert "3 posts were missed" in page
    assert page.count("The older one") == 1
    assert page.index("ada.roomy") < page.index("ada.terse") < page.index("The newer one")
    assert "A failed one" not in page


def test_each_says_which_slot_it_would_get(ada_browser: Client, late: Make) -> None:
    late()

    page = said(ada_browser)

    assert "Mon 6 May, 12:00 (Berlin)" in page
    assert "Tue 7 May, 12:00" in page


def test_an_empty_page_says_so(ada_browser: Client, workspace: Workspace) -> None:
    page = said(ada_browser)

    assert "Nothing was missed" in page
    assert DECIDE not in page


@pytest.mark.parametrize("address", ["/", "/queue/", "/queue/?show=trouble"])
def test_home_and_queue_lead_there(ada_browser: Client, late: Make, address: str) -> None:
    assert "/missed/" not in said(ada_browser, address)
    late()
    late()

    page = said(ada_browser, address)

    assert "2 posts were missed" in page
    assert 'href="/missed/"' in page


def test_an_onlooker_sees_it_and_presses_nothing(onlooker: Client, late: Make) -> None:
    late()

    page = said(onlooker)

    assert "Good morning" in page
    assert 'name="drop"' not in page
    assert onlooker.post(DECIDE, {"drop": "all"}).status_code == 403
    assert states() == ["missed"]


def test_a_stranger_s_press_reaches_nothing(stranger: Client, late: Make) -> None:
    row = late()

    stranger.post(DECIDE, {"drop": "all"})
    stranger.post(DECIDE, {"drop": str(row.pk)})

    assert "Good morning" not in said(stranger)
    assert states() == ["missed"]


# --- deciding ---


def test_one_is_sent_now(ada_browser: Client, late: Make) -> None:
    row, _other = late(), late()

    ada_browser.post(DECIDE, {"send_now": str(row.pk)})

    assert states() == ["scheduled", "missed"]
    row.refresh_from_db()
    assert (row.due_at, row.reason, row.attempts_left) == (NOON, "", 3)
    assert "1 post is going out." in said(ada_browser)


def test_those_that_are_ticked_get_free_slots(ada_browser: Client, late: Make) -> None:
    rows = [late() for _ in range(3)]

    ada_browser.post(DECIDE, {"next_free": "ticked", "delivery": [rows[0].pk, rows[2].pk]})

    assert states() == ["scheduled", "missed", "scheduled"]
    due = Delivery.objects.filter(state=State.SCHEDULED).order_by("pk").values_list("due_at", "planned_at")
    later = TOMORROW + timedelta(minutes=15)
    assert list(due) == [(TOMORROW, TOMORROW), (later, later)]
    assert "2 posts go out between Tue 7 May, 12:00 and Tue 7 May, 12:15." in said(ada_browser)


def test_all_are_dropped(ada_browser: Client, late: Make, delivery: Make) -> None:
    late()
    late()
    delivery(failed=True)

    ada_browser.post(DECIDE, {"drop": "all"})

    assert states() == ["cancelled", "cancelled", "failed"]


def test_a_post_moves_in_the_calendar_with_its_first_delivery(
    ada_browser: Client, late: Make, terse: Account
) -> None:
    row = late()
    other = late(post=row.post, account=terse)

    ada_browser.post(DECIDE, {"next_free": str(row.pk)})
    assert Post.objects.get().scheduled_at == BEFORE

    ada_browser.post(DECIDE, {"next_free": str(other.pk)})
    assert Post.objects.get().scheduled_at == TOMORROW


def test_what_somebody_else_decided_meanwhile_is_counted_and_left(ada_browser: Client, late: Make) -> None:
    mine, theirs = late(), late()
    theirs.move(State.CANCELLED)

    ada_browser.post(DECIDE, {"send_now": "ticked", "delivery": [mine.pk, theirs.pk]})

    page = said(ada_browser)
    assert states() == ["scheduled", "cancelled"]
    assert "1 post is going out." in page
    assert "1 post was decided by somebody else meanwhile." in page


@pytest.mark.parametrize(
    ("pressed", "word"),
    [
        ({}, "Choose what shall happen."),
        ({"drop": "ticked"}, "Tick the posts first."),
        ({"drop": "everything"}, "Tick the posts first."),
        ({"drop": "9" * 40}, "Tick the posts first."),
        ({"drop": "all", "send_now": "all"}, "Choose what shall happen."),
        ({"retry": "all"}, "Choose what shall happen."),
    ],
)
def test_a_press_that_says_nothing_changes_nothing(
    ada_browser: Client, late: Make, pressed: dict[str, str], word: str
) -> None:
    late()

    response = ada_browser.post(DECIDE, pressed)

    assert response.status_code == 422
    assert word in response.text
    assert states() == ["missed"]


# --- undoing ---


@pytest.mark.parametrize("decision", ["next_free", "drop"])
def test_what_was_moved_or_dropped_is_put_back(ada_browser: Client, late: Make, decision: str) -> None:
    row, _other = late(reason="The account was paused."), late()
    before = Delivery.objects.values().get(pk=row.pk)
    ada_browser.post(DECIDE, {decision: "all"})

    ada_browser.post(undo_address(said(ada_browser)))

    assert states() == ["missed", "missed"]
    after = Delivery.objects.values().get(pk=row.pk)
    assert after == before
    assert set(Post.objects.values_list("scheduled_at", flat=True)) == {BEFORE}
    assert "2 posts are back here." in said(ada_browser)


def test_what_is_sent_cannot_be_undone(ada_browser: Client, late: Make) -> None:
    late()

    ada_browser.post(DECIDE, {"send_now": "all"})

    assert not undo_address(said(ada_browser))
    assert ada_browser.post(f"/missed/undo/{AuditEvent.objects.get().pk}/").status_code == 404
    assert states() == ["scheduled"]


def test_what_went_on_since_is_not_put_back(ada_browser: Client, late: Make) -> None:
    late()
    ada_browser.post(DECIDE, {"next_free": "all"})
    Delivery.objects.update(due_at=TOMORROW + timedelta(days=3))

    ada_browser.post(undo_address(said(ada_browser)))

    assert states() == ["scheduled"]
    assert "Too late" in said(ada_browser)


def test_only_the_one_who_pressed_undoes_and_only_for_a_while(
    ada_browser: Client, workspace: Workspace, stranger: Client, late: Make, clock: object
) -> None:
    late()
    colleague = client_of(MembershipFactory(workspace=workspace, role=Role.EDITOR).user)
    ada_browser.post(DECIDE, {"drop": "all"})
    address = undo_address(said(ada_browser))

    assert stranger.post(address).status_code == 404
    assert colleague.post(address).status_code == 404
    clock.shift(timedelta(minutes=11))  # type: ignore[attr-defined]
    assert ada_browser.post(address).status_code == 404
    assert states() == ["cancelled"]


# --- many ---


@pytest.mark.parametrize("count", [1, 60])
def test_the_page_costs_the_same_however_much_there_is(
    ada_browser: Client,
    late: Make,
    workspace: Workspace,
    terse: Account,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    for _ in range(count):
        post = PostFactory.create(
            workspace=workspace, text="x" * 500, media=[MediaFactory(workspace=workspace)]
        )
        row = late(post=post)
        late(post=row.post, account=terse)
    ada_browser.get("/missed/")

    with django_assert_num_queries(9):
        response = ada_browser.get("/missed/")

    assert len(response.content) < 100_000


@pytest.mark.parametrize("decision", ["send_now", "next_free", "drop"])
def test_a_thousand_are_decided_in_one_press(
    ada_browser: Client, workspace: Workspace, roomy: Account, decision: str
) -> None:
    posts = Post.objects.bulk_create(
        Post(workspace=workspace, text=f"Loaf {n}", timezone="Europe/Berlin") for n in range(1000)
    )
    Delivery.objects.bulk_create(
        Delivery(post=post, account=roomy, state=State.MISSED, due_at=BEFORE) for post in posts
    )

    ada_browser.post(DECIDE, {decision: "all"})

    assert not Delivery.objects.filter(state=State.MISSED).exists()
    if decision == "next_free":
        assert Delivery.objects.values("due_at").distinct().count() == 1000
