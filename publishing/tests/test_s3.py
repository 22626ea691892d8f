"""Media on an S3-compatible store: the same desk, nothing on this disk, and words where it is away."""

import io
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.timezone import now
from moto.server import ThreadedMotoServer
from pytest_django.fixtures import Settings

from accounts.factories import client_of
from accounts.models import Membership, User
from platforms.errors import MediaRejected, NotReady
from platforms.rules import Images, Videos
from platforms.sandbox.models import Call, Entry
from platforms.tests.files import film_bytes
from publishing import engine, renditions, storage
from publishing import media as library
from publishing.factories import DeliveryFactory, PostFactory, picture, upload
from publishing.models import Delivery, Media, State, Variant
from publishing.s3 import Reading, S3Media
from publishing.storage import StorageAway
from publishing.tests.connecting import connect

KEYS = {"access_key": "desk", "secret_key": "desk-secret"}
HTMX = {"HX-Request": "true"}
SENTENCE = "The place where files are kept does not answer. Try again in a minute."
LARGE = 20_000_000


@pytest.fixture(scope="session")
def store() -> Iterator[str]:
    """An S3 server of this machine; its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(store: str, settings: Settings) -> Any:
    """A bucket of its own, where the desk keeps media."""
    resource = boto3.resource(
        "s3",
        endpoint_url=store,
        region_name="us-east-1",
        aws_access_key_id=KEYS["access_key"],
        aws_secret_access_key=KEYS["secret_key"],
    )
    bucket = resource.create_bucket(Bucket=f"media-{secrets.token_hex(4)}")
    keep_media_at(settings, store, bucket.name)
    return bucket


def keep_media_at(settings: Settings, address: str, bucket: str) -> None:
    options = {"bucket_name": bucket, "endpoint_url": address, "region_name": "us-east-1", **KEYS}
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "publishing.s3.S3Media", "OPTIONS": options},
    }


@pytest.fixture
def away(settings: Settings) -> None:
    """A store where nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    keep_media_at(settings, f"http://127.0.0.1:{port}", "media")


@pytest.fixture
def member(ada: User) -> Membership:
    return ada.memberships.select_related("workspace", "user").get()


def keys(bucket: Any) -> list[str]:
    return sorted(row.key for row in bucket.objects.all())


# --- files ---


def test_a_large_file_comes_back_as_it_went_in_and_is_read_from_anywhere(bucket: Any) -> None:
    content = secrets.token_bytes(LARGE)

    name = default_storage.save("film.mp4", ContentFile(content))

    with default_storage.open(name) as file:
        assert file.size == LARGE
        assert file.read(10) == content[:10]
        file.seek(-7, io.SEEK_END)
        assert file.read() == content[-7:]
        file.seek(9_999_999)
        assert file.read(5) == content[9_999_999:10_000_004]
        file.seek(0)
        assert b"".join(file.chunks()) == content


def test_an_object_is_private(bucket: Any) -> None:
    default_storage.save("cake.png", ContentFile(b"cake"))

    grants = bucket.Object("cake.png").Acl().grants

    assert [grant for grant in grants if grant["Grantee"]["Type"] == "Group"] == []


@pytest.mark.django_db
def test_no_link_to_the_store_is_made_not_even_for_staff(bucket: Any, member: Membership, ada: User) -> None:
    media = library.take_in(member, upload())
    User.objects.filter(pk=ada.pk).update(is_staff=True, is_superuser=True)

    page = client_of(ada).get(f"/admin/publishing/media/{media.pk}/change/")

    assert page.status_code == 200
    assert "Signature" not in page.text
    assert bucket.meta.client.meta.endpoint_url not in page.text


def test_an_empty_file_is_read_as_one(bucket: Any) -> None:
    name = default_storage.save("empty", ContentFile(b""))

    assert default_storage.open(name).read() == b""


def test_a_file_that_is_not_there_is_told_from_a_store_that_is_not(bucket: Any, settings: Settings) -> None:
    with pytest.raises(FileNotFoundError):
        default_storage.open("missing")

    keep_media_at(settings, settings.STORAGES["default"]["OPTIONS"]["endpoint_url"], "no-such-bucket")
    with pytest.raises(StorageAway):
        default_storage.open("missing")


def body(content: bytes, breaks_after: int | None = None) -> StreamingBody:
    """What the store answers; perhaps less than it had promised."""
    return StreamingBody(io.BytesIO(content[:breaks_after]), len(content))


def test_an_answer_that_breaks_off_is_taken_up_where_it_broke() -> None:
    content = bytes(range(100))
    asked: list[int] = []

    def fetch(start: int) -> StreamingBody:
        asked.append(start)
        return body(content[start:])

    file = io.BufferedReader(Reading(fetch, body(content, breaks_after=40), 100), 10)

    assert file.read() == content
    assert asked == [40]


def test_an_answer_that_keeps_breaking_off_is_given_up() -> None:
    content = bytes(100)

    file = Reading(lambda start: body(content[start:], breaks_after=0), body(content, breaks_after=40), 100)

    assert len(file.read(40)) == 40
    with pytest.raises(StorageAway):
        file.read(30)


def test_reading_on_asks_the_store_once_and_a_jump_once_more() -> None:
    content = secrets.token_bytes(100_000)
    asked: list[int] = []

    def fetch(start: int) -> StreamingBody:
        asked.append(start)
        return body(content[start:])

    file = io.BufferedReader(Reading(fetch, body(content), len(content)), 1000)
    first = [file.read(777) for _ in range(50)]
    file.seek(90_000)

    assert b"".join(first) == content[: 50 * 777]
    assert file.read() == content[90_000:]
    assert asked == [90_000]


# --- the desk on top ---


@pytest.mark.django_db
def test_an_upload_lies_in_the_bucket_and_members_see_it(bucket: Any, ada: User, cho: User) -> None:
    client = client_of(ada)

    response = client.post("/library/upload/", {"file": upload()}, headers=HTMX)

    media = Media.objects.get()
    assert response.status_code == 200
    assert keys(bucket) == sorted([media.file.name, media.thumbnail.name])
    for name in ("file", "thumbnail"):
        shown = client.get(f"/library/{media.pk}/{name}/")
        stored = bucket.Object(getattr(media, name).name).get()["Body"].read()
        assert b"".join(shown.streaming_content) == stored
        assert int(shown.headers["Content-Length"]) == len(stored)
    assert client_of(cho).get(f"/library/{media.pk}/file/").status_code == 404


@pytest.mark.django_db
def test_a_video_is_made_fit_without_a_file_of_its_name_on_this_machine(
    bucket: Any, member: Membership, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    media = library.take_in(member, upload("oven.mp4", film_bytes((320, 240)), "video/mp4"))
    small = Videos(1, formats=("video/mp4",), max_side=160)

    renditions.make_video(media, small)

    variant = media.variants.get()
    assert (variant.width, variant.height, variant.problem) == (160, 120, "")
    assert variant.file.name in keys(bucket)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.django_db
def test_what_is_deleted_leaves_the_bucket(
    bucket: Any, member: Membership, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    media = library.take_in(member, upload(content=picture((800, 400))))
    renditions.fit(media, Images(at_most=1, max_side=200))
    assert len(keys(bucket)) == 3

    with django_capture_on_commit_callbacks(execute=True):
        library.remove(media)

    assert keys(bucket) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("network", ["mastodon", "telegram", "pinterest", "instagram"])
def test_a_file_goes_from_the_bucket_to_the_network(
    bucket: Any, sandbox: str, ada: User, network: str
) -> None:
    member = ada.memberships.get()
    account = connect(member, network)
    content = picture((800, 800), "JPEG")
    client_of(ada).post(
        "/library/upload/", {"file": upload("field.jpg", content, "image/jpeg")}, headers=HTMX
    )
    delivery = due(member, account, [Media.objects.get()])

    worked_on(delivery)

    assert (delivery.state, delivery.reason) == (State.PUBLISHED, "")
    [entry] = Entry.objects.filter(network=network)
    assert entry.remote_id


def due(member: Membership, account: Any, media: list[Media]) -> Delivery:
    """A delivery of a post with pictures, due now."""
    options = {
        option.name: option.example or option.choices_for(account.limits)[0][0]
        for option in account.platform.options
        if option.required
    }
    post = PostFactory.create(workspace=member.workspace, author=member.user, media=media, scheduled_at=now())
    times = {"due_at": now(), "planned_at": now()}
    return DeliveryFactory.create(post=post, account=account, state=State.SCHEDULED, options=options, **times)


def worked_on(delivery: Delivery, rounds: int = 8) -> None:
    """Workers go on with it until nothing is left to do."""
    for _ in range(rounds):
        Delivery.objects.filter(pk=delivery.pk, state=State.PUBLISHING).update(due_at=now())
        for claimed in engine.claim("worker", 1):
            engine.work(claimed)
        delivery.refresh_from_db()
        if delivery.state in {State.PUBLISHED, State.FAILED, State.UNKNOWN}:
            break


# --- a store that is away ---


@pytest.mark.django_db
def test_an_upload_says_that_the_store_is_away_and_nothing_is_half_written(away: None, ada: User) -> None:
    response = client_of(ada).post("/library/upload/", {"file": upload()}, headers=HTMX)

    assert response.status_code == 422
    assert SENTENCE in response.text
    assert not Media.objects.exists()


@pytest.mark.django_db
def test_a_program_is_told_to_come_again(away: None, ada: User) -> None:
    response = client_of(ada).post("/api/v1/media/", {"file": upload()})

    assert (response.status_code, response.json()["code"]) == (503, "storage_away")
    assert response.json()["detail"] == SENTENCE
    assert not Media.objects.exists()


@pytest.mark.django_db
def test_a_store_that_goes_away_between_two_files_leaves_no_row(
    bucket: Any, member: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = S3Media._save

    def fading(self: S3Media, name: str, content: Any) -> str:
        """The bucket is closed after the first file."""
        stored = save(self, name, content)
        self.bucket_name, self._bucket = "closed", None
        return stored

    monkeypatch.setattr(S3Media, "_save", fading)

    with pytest.raises(StorageAway):
        library.take_in(member, upload())

    assert not Media.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["file", "thumbnail"])
def test_a_picture_that_cannot_be_shown_says_why_and_is_not_kept(
    away: None, ada: User, member: Membership, name: str
) -> None:
    media = Media.objects.create(
        workspace=member.workspace, file="a.png", thumbnail="a.webp", content_type="image/png", **FACTS
    )

    response = client_of(ada).get(f"/library/{media.pk}/{name}/")

    assert (response.status_code, response.headers["Retry-After"]) == (503, "15")
    assert response.text == SENTENCE
    assert response.headers["Cache-Control"] == "no-store"


FACTS: dict[str, Any] = {"name": "a.png", "size": 4, "width": 64, "height": 48, "sha256": "0" * 64}


@pytest.mark.django_db(transaction=True)
def test_a_delivery_waits_for_the_store_and_goes_out_when_it_is_back(
    bucket: Any, sandbox: str, ada: User, settings: Settings
) -> None:
    member = ada.memberships.get()
    account = connect(member, "mastodon")
    media = library.take_in(member, upload())
    delivery = due(member, account, [media])
    there = settings.STORAGES["default"]["OPTIONS"]
    keep_media_at(settings, there["endpoint_url"], "closed")

    for _ in range(5):  # more often than a failure would be repeated
        worked_on(delivery, rounds=1)

    assert delivery.state == State.PUBLISHING
    assert delivery.reason == SENTENCE
    assert not Call.objects.filter(network="mastodon", path__contains="statuses").exists()
    keep_media_at(settings, there["endpoint_url"], bucket.name)
    worked_on(delivery)
    assert delivery.state == State.PUBLISHED
    assert Entry.objects.filter(network="mastodon").count() == 1


@pytest.mark.django_db
def test_a_file_that_is_gone_is_said_by_the_post(bucket: Any, member: Membership) -> None:
    media = library.take_in(member, upload())
    bucket.Object(media.file.name).delete()

    sent = renditions.fit(media, Images(at_most=1))

    with pytest.raises(MediaRejected, match="no longer where files are kept"):
        sent.open()


@pytest.mark.django_db
def test_a_video_that_met_a_store_away_can_be_ordered_again(
    bucket: Any, member: Membership, settings: Settings
) -> None:
    media = library.take_in(member, upload("oven.mp4", film_bytes((320, 240)), "video/mp4"))
    there = settings.STORAGES["default"]["OPTIONS"]
    keep_media_at(settings, there["endpoint_url"], "closed")
    limits = Videos(1, formats=("video/mp4",))

    with pytest.raises(StorageAway):
        renditions.make_video(media, limits)

    assert Variant.objects.get().claimed_until is None
    keep_media_at(settings, there["endpoint_url"], bucket.name)
    media.refresh_from_db()
    renditions.make_video(media, limits)
    assert Variant.objects.get().file


@pytest.mark.django_db
def test_deleting_goes_on_without_the_store(
    away: None, member: Membership, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    media = Media.objects.create(
        workspace=member.workspace, file="a.png", thumbnail="a.webp", content_type="image/png", **FACTS
    )

    with django_capture_on_commit_callbacks(execute=True):
        library.remove(media)

    assert not Media.objects.exists()


def test_a_store_away_is_a_wait_to_a_delivery() -> None:
    assert issubclass(StorageAway, NotReady)
    assert StorageAway().retry_at > now()


def test_a_folder_is_read_in_place(tmp_path: Path) -> None:
    folder = storage.FileSystemStorage(tmp_path)
    name = folder.save("cake", ContentFile(b"cake"))

    with storage.on_disk(folder, name) as file:
        assert file.name == str(tmp_path / "cake")
