"""From the composer's form to every network of the sandbox, over real HTTP."""

import uuid

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.factories import client_of
from accounts.models import User
from platforms.registry import PLATFORMS
from platforms.sandbox.models import Entry, Upload
from publishing import engine
from publishing.factories import picture, upload
from publishing.models import Delivery, State
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


@pytest.mark.usefixtures("files_in_memory")
def test_one_form_becomes_one_post_with_its_picture_on_every_network(
    sandbox: str, ada: User, desk: Client
) -> None:
    accounts = [connect(ada.memberships.get(), name) for name in PLATFORMS]
    photo = upload("field.jpg", picture((5000, 3000), "JPEG"), "image/jpeg")
    tray = desk.post("/library/upload/", {"file": photo}, headers={"HX-Request": "true"}).text
    pk = tray.partition('data-picture="')[2].partition('"')[0]
    form = {
        "key": str(uuid.uuid4()),
        "text": "Good morning #bread https://bread.example",
        "accounts": [account.pk for account in accounts],
        "media": [pk],
        f"picture-{pk}-alt_text": ALT,
        "timezone": "Asia/Seoul",
        "action": "publish",
    }

    response = desk.post("/posts/new/", form)
    for delivery in engine.claim("worker", 10):
        engine.work(delivery)

    page = desk.get(response.headers["Location"]).text
    assert {row.state for row in Delivery.objects.all()} == {State.PUBLISHED}
    assert sorted(Entry.objects.values_list("network", flat=True)) == sorted(PLATFORMS)
    assert {entry.text for entry in Entry.objects.all()} == {"Good morning #bread https://bread.example"}
    assert Upload.objects.filter(entries__isnull=False).count() == len(PLATFORMS)
    said = [f"{entry.body} {[upload.alt for upload in entry.uploads.all()]}" for entry in Entry.objects.all()]
    assert all(ALT in words for words in said)
    assert all(delivery.permalink in page for delivery in Delivery.objects.all())
