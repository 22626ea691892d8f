"""The faces of accounts lie with us: small, harmless, and only for members."""

import io
from collections.abc import Callable

import pytest
import responses
from django_q.models import OrmQ
from PIL import Image

from accounts.factories import client_of
from accounts.models import Account, AccountPicture, User
from accounts.pictures import SIDE, fetch_picture
from accounts.tasks import fetch_pictures

Make = Callable[..., Account]
URL = "https://pictures.village.example/ada.png"


def picture(kind: str = "PNG", size: tuple[int, int] = (400, 300)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (200, 80, 40)).save(file, kind)
    return file.getvalue()


@pytest.fixture
def network() -> responses.RequestsMock:
    with responses.RequestsMock() as mock:
        yield mock


def test_picture_is_copied_small_and_square(account: Make, network: responses.RequestsMock) -> None:
    network.get(URL, body=picture())
    row = account(avatar_url=URL)

    fetch_pictures([row.pk])

    row.refresh_from_db()
    copy = Image.open(io.BytesIO(bytes(AccountPicture.objects.get(account=row).image)))
    assert (copy.format, copy.size) == ("WEBP", (SIDE, SIDE))
    assert len(row.picture_version) == 12


@pytest.mark.parametrize(
    "body",
    [b"", b"<svg onload='alert(1)'/>", b"MZ\x90\x00", picture()[:60], picture(size=(5000, 5000))],
    ids=["empty", "svg", "program", "broken", "enormous"],
)
def test_what_is_no_picture_is_left_out(account: Make, network: responses.RequestsMock, body: bytes) -> None:
    network.get(URL, body=body)

    assert not fetch_picture(account(avatar_url=URL))
    assert not AccountPicture.objects.exists()


def test_network_that_has_none_is_left_out(account: Make, network: responses.RequestsMock) -> None:
    network.get(URL, status=404)

    assert not fetch_picture(account(avatar_url=URL))


@pytest.mark.parametrize(
    "url", ["", "http://127.0.0.2/x.png", "http://169.254.169.254/x.png", "file:///etc/passwd"]
)
def test_addresses_inside_are_not_reached(account: Make, url: str) -> None:
    assert not fetch_picture(account(avatar_url=url))


def test_members_see_it_and_keep_it(account: Make, ada: User, network: responses.RequestsMock) -> None:
    network.get(URL, body=picture())
    row = account(avatar_url=URL)
    fetch_picture(row)
    row.refresh_from_db()
    address = f"/accounts/{row.pk}/picture/{row.picture_version}.webp"
    client = client_of(ada)

    page = client.get("/accounts/").content.decode()
    answer = client.get(address)

    assert address in page
    assert URL not in page
    assert answer["Content-Type"] == "image/webp"
    assert "immutable" in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]


def test_strangers_do_not(account: Make, cho: User, network: responses.RequestsMock) -> None:
    network.get(URL, body=picture())
    row = account(avatar_url=URL)
    fetch_picture(row)
    row.refresh_from_db()

    answer = client_of(cho).get(f"/accounts/{row.pk}/picture/{row.picture_version}.webp")

    assert answer.status_code == 404


def test_connecting_asks_for_the_picture_in_the_background(account: Make, ada: User) -> None:
    client_of(ada).post("/accounts/connect/village/password/", {"handle": "ada", "password": "open sesame"})

    task = OrmQ.objects.get().task
    assert task["func"] == "accounts.tasks.fetch_pictures"
    assert task["args"] == ([Account.objects.get().pk],)
