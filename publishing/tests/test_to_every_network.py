"""From the composer's form to every network of the sandbox, over real HTTP."""

import uuid

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from accounts.factories import client_of
from accounts.models import Account, User
from platforms.content import Json, MediaFile
from platforms.registry import PLATFORMS
from platforms.sandbox.models import Entry
from platforms.tests.files import film_bytes
from publishing import engine, renditions
from publishing.factories import picture, upload
from publishing.models import Delivery, Media, Post, State
from publishing.tests.connecting import connect

pytestmark = pytest.mark.django_db(transaction=True)
ALT = "A blue field under a white sky"


@pytest.fixture
def files_in_memory(settings: Settings) -> None:
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = {**settings.STORAGES, "default": memory}


@pytest.fixture
def desk(ada: User) -> Client:
    return client_of(ada)


def put(desk: Client, name: str, content: bytes, kind: str) -> str:
    """A file in the library; its number."""
    tray = desk.post(
        "/library/upload/", {"file": upload(name, content, kind)}, headers={"HX-Request": "true"}
    )
    return tray.text.partition('data-picture="')[2].partition('"')[0]


def needed(account: Account, kind: str) -> dict[str, Json]:
    """What the composer asks for before this account can post: a board, who sees it, whether for children."""
    return {
        f"share-{account.pk}-option-{option.name}": option.example or option.choices_for(account.limits)[0][0]
        for option in account.platform.options
        if option.required and option.applies(kind, {})
    }


def takes(account: Account, kind: str) -> bool:
    """Whether the network has a post of one picture, or of one film."""
    rules = [post.rules for post in account.platform.post_kinds() if not (post.by_choice or post.option)]
    fitting = [rule for rule in rules if getattr(rule, f"{kind}s").at_most and rule.media_at_least <= 1]
    return any(kind == "video" or not rule.needs_video for rule in fitting)


@pytest.mark.usefixtures("files_in_memory")
@pytest.mark.parametrize("medium", ["image", "video"])
def test_one_form_becomes_one_post_on_every_network_that_takes_it(
    medium: str, sandbox: str, ada: User, desk: Client
) -> None:
    everybody = [connect(ada.memberships.get(), name) for name in PLATFORMS]
    accounts = [account for account in everybody if takes(account, medium)]
    content = picture((2000, 2000), "JPEG") if medium == "image" else film_bytes((720, 1280), 4, 24)
    pk = put(desk, "field.jpg" if medium == "image" else "field.mp4", content, f"{medium}/x")
    form = {
        "key": str(uuid.uuid4()),
        "text": "Good morning #bread",
        "accounts": [account.pk for account in accounts],
        "media": [pk],
        f"picture-{pk}-alt_text": ALT,
        "timezone": "Asia/Seoul",
        "action": "publish",
    }
    for account in accounts:
        form |= needed(account, account.platform.kind_for(library_files(pk), {}).name)

    response = desk.post("/posts/new/", form)
    assert "Location" in response.headers, findings(response)
    renditions.prepare(Post.objects.get().pk)
    for _ in range(12):
        Delivery.objects.filter(state=State.PUBLISHING).update(due_at=now())
        for delivery in engine.claim("worker", 20):
            engine.work(delivery)

    page = desk.get(response.headers["Location"]).text
    assert {row.account.platform_name: (row.state, row.reason) for row in Delivery.objects.all()} == {
        account.platform_name: (State.PUBLISHED, "") for account in accounts
    }
    assert sorted(Entry.objects.values_list("network", flat=True)) == sorted(
        a.platform_name for a in accounts
    )
    assert all(delivery.permalink in page for delivery in Delivery.objects.all())


def library_files(pk: str) -> list[MediaFile]:
    return renditions.unfitted(Media.objects.filter(pk=pk))


def findings(page: HttpResponse) -> list[str]:
    """What the composer holds against the form."""
    check = page.context["check"]
    said = [f"{p.account}: {finding.message}" for p in check.previews for finding in p.errors]
    return [*said, str(check.form.errors)]
