"""The demo: seeded once, believable, and everything in it real."""

import html
import io
from collections import Counter
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import requests
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils.timezone import now
from django_q.models import OrmQ
from PIL import Image
from pytest_django.fixtures import Settings

from accounts.factories import UserFactory
from accounts.models import Account, Notification, User, Workspace
from analytics import collecting, days
from analytics.models import AccountDay, Look
from analytics.reading import Range, by_day, by_platform
from inbox.models import Conversation, Message, Reply
from platforms.registry import PLATFORMS
from platforms.sandbox.models import Entry, Fault
from publishing.ai_rows import AiProfile
from publishing.models import Delivery, Post, State
from publishing.template_rows import Template
from snsauto.demo import bakery, connecting, conversations, house_style, numbers, seeding
from snsauto.demo.pictures import PICTURES

STORIES = (
    *bakery.PUBLISHED,
    bakery.REFUSED,
    bakery.IN_DOUBT,
    bakery.NEXT,
    bakery.AGAIN,
    *bakery.SCHEDULED,
    *bakery.DRAFTS,
)


@pytest.fixture
def desk(sandbox: str, settings: Settings) -> str:
    """The sandbox is served at the desk's own address."""
    settings.PORT = urlsplit(sandbox).port
    return sandbox


def counted(state: State) -> int:
    return Delivery.objects.filter(state=state).count()


def check_people_and_accounts() -> None:
    assert Client().login(email=bakery.ADA.email, password=bakery.PASSWORD)
    assert Workspace.objects.get().timezone == "Europe/Lisbon"
    assert {account.platform_name for account in Account.objects.all()} == set(PLATFORMS)
    assert all(account.token for account in Account.objects.all())


def check_posts() -> None:
    assert Post.objects.count() == len(STORIES) + len(numbers.TEXTS)
    assert counted(State.FAILED) == counted(State.UNKNOWN) == 1
    assert counted(State.PUBLISHED) >= 2 * len(PLATFORMS)
    told = {row.account.platform_name for row in Delivery.objects.filter(state=State.PUBLISHED)}
    assert told == set(PLATFORMS)
    check_numbers()
    assert counted(State.PUBLISHING) == 0
    assert "already" in Delivery.objects.get(state=State.FAILED).reason
    soon = Delivery.objects.filter(state=State.SCHEDULED, due_at__lte=now() + timedelta(minutes=5))
    assert soon.count() >= 3


def check_numbers() -> None:
    """Three months of numbers that never fall, and none where a network tells none."""
    workspace = Workspace.objects.get()
    span = Range(now().date() - timedelta(days=89), now().date(), workspace.zone)
    views = [value or 0 for _day, value in by_day(workspace, span, "views")]
    assert sum(views[:60]) > 1_000
    assert min(views) >= 0
    assert not AccountDay.objects.filter(is_corrected=True).exists()
    assert not AccountDay.objects.filter(is_counted=False).exists()
    for delivery in Delivery.objects.filter(snapshots__isnull=False).distinct()[::9]:
        likes = [shot.likes for shot in delivery.snapshots.all() if shot.likes is not None]
        assert likes == sorted(likes)
    silent = [
        line for line in by_platform(workspace, span) if not set(line.platform.post_numbers) & {"views"}
    ]
    assert silent
    assert all(line.totals.values["views"] is None for line in silent)


def check_going_on() -> None:
    """What the networks tell from now on, over HTTP, goes on from there."""
    out = Delivery.objects.exclude(permalink="").order_by("account", "-pk")
    newest = {delivery.account_id: delivery.pk for delivery in out}.values()
    asked = Look.objects.filter(delivery__in=newest, due_at__isnull=False)
    Look.objects.filter(pk__in=list(asked.values_list("pk", flat=True))).update(due_at=now())

    assert collecting.collect(60) == asked.count()
    for delivery in Delivery.objects.filter(pk__in=newest, look__in=asked):
        before, after = list(delivery.snapshots.order_by("-taken_at")[:2])[::-1]
        assert all((after.values[name] or 0) >= (value or 0) for name, value in before.values.items()), (
            delivery
        )
    days.count_touched()
    assert not AccountDay.objects.filter(is_corrected=True).exists()


def check_telling() -> None:
    kinds = Counter(Notification.objects.filter(user__email=bakery.ADA.email).values_list("kind", flat=True))
    assert kinds == {"failed": 1, "unknown": 1, "ahead": 1}
    assert Notification.objects.filter(mailed_at=None).count() == 0
    assert Delivery.objects.warned().get().warning_code == "same_text"
    assert Template.objects.count() == len(house_style.PATTERNS)
    assert "river" in AiProfile.objects.get().voice


def check_times() -> None:
    published = Delivery.objects.filter(state=State.PUBLISHED)
    assert min(row.published_at for row in published) < now() - timedelta(days=20)
    assert all(row.published_at < now() - timedelta(hours=1) for row in published)
    assert Entry.objects.filter(created_at__gt=now() - timedelta(hours=1)).count() == 0


def check_conversations() -> None:
    rows = Conversation.objects.all()
    assert rows.count() == len(conversations.TALKS)
    assert rows.waiting().count() == len([talk for talk in conversations.TALKS if talk.is_new])
    assert set(rows.values_list("state", flat=True)) == {"open", "snoozed", "done"}
    said = [line for talk in conversations.TALKS for line in talk.lines]
    assert Reply.objects.filter(state=Reply.State.SENT).count() == len([line for line in said if line.by])
    assert Message.objects.count() == len(said)
    assert not Message.objects.filter(created_at__gt=now() - timedelta(minutes=15)).exists()
    assert Conversation.objects.filter(kind="comment", delivery=None).count() == 0


def check_addresses() -> None:
    for delivery in Delivery.objects.exclude(permalink="").order_by("pk")[::7]:
        page = requests.get(delivery.permalink, timeout=10)
        assert page.status_code == 200
        assert delivery.post.text[:25] in html.unescape(page.text)


@pytest.mark.desk
@pytest.mark.django_db(transaction=True)
def test_the_whole_desk_is_filled_once(desk: str, settings: Settings) -> None:
    assert seeding.seed() is True

    check_people_and_accounts()
    check_posts()
    check_telling()
    check_times()
    check_conversations()
    check_addresses()
    assert not Fault.objects.exists()
    assert "publishing.tasks.pump" not in Counter(row.func() for row in OrmQ.objects.all())

    before = list(Delivery.objects.values_list("pk", "state", "due_at"))
    assert seeding.seed() is False
    assert list(Delivery.objects.values_list("pk", "state", "due_at")) == before

    check_move(settings)


def check_move(settings: Settings) -> None:
    """The desk was seeded at another port: its addresses follow."""
    Account.objects.update(url="http://127.0.0.1:1/sandbox/somewhere/")
    Delivery.objects.exclude(permalink="").update(permalink="http://127.0.0.1:1/sandbox/x/post")

    moved = seeding.move()

    assert moved == Account.objects.count() == len(PLATFORMS)
    assert all(account.url.startswith(settings.SITE_URL) for account in Account.objects.all())
    assert {row.permalink for row in Delivery.objects.exclude(permalink="")} == {
        f"{settings.SITE_URL}/sandbox/x/post"
    }
    assert seeding.move() == 0


@pytest.mark.django_db(transaction=True)
def test_what_was_cut_off_is_cleared_away(desk: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "played", lambda: [None])
    with pytest.raises(AttributeError):
        seeding.seed()
    assert seeding.is_wanted()

    seeding.clear()

    assert not User.objects.exists()
    assert not Workspace.objects.exists()


@pytest.mark.django_db
def test_desk_that_people_use_is_left_alone() -> None:
    UserFactory.create()

    assert seeding.is_wanted() is False


def test_real_networks_are_left_alone(settings: Settings) -> None:
    ours = dict.fromkeys(("api_url", "auth_url", "upload_url"), f"{settings.SITE_URL}/sandbox/somewhere")
    settings.NETWORKS = {name: {**ours, "api_url": "https://api.example.org"} for name in PLATFORMS}

    assert connecting.played() == []


@pytest.mark.parametrize("command", [["demo"], ["run", "--demo", "--no-migrate"]])
def test_demo_needs_the_sandbox(settings: Settings, command: list[str]) -> None:
    settings.SANDBOX = False
    settings.PORT = 8119

    with pytest.raises(CommandError, match="SANDBOX=on"):
        call_command(*command)


def test_pictures_of_the_stories_are_drawn_and_described() -> None:
    used = {name for story in STORIES for name in story.pictures}

    assert used == set(PICTURES)
    assert all(description for _draw, description in PICTURES.values())


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_picture_is_a_picture(name: str) -> None:
    draw, _description = PICTURES[name]

    with Image.open(io.BytesIO(draw())) as image:
        assert (image.format, image.size) == ("JPEG", (1080, 1080))
        assert len(image.getcolors(maxcolors=1_000_000) or []) > 100


def test_no_story_is_told_twice() -> None:
    texts = Counter(story.text for story in STORIES if story not in (bakery.REFUSED, bakery.AGAIN))

    assert set(texts.values()) == {1}
    assert not any("lorem" in text.lower() or "post 1" in text.lower() for text in texts)
