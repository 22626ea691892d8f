"""Requests that no page takes, and our own faults: each is told in words, to people and to programs."""

import re

import pytest
from django.core.exceptions import BadRequest
from django.test import Client
from django.test.utils import override_settings
from django.urls import path
from pytest_django.fixtures import Settings

from snsauto import urls


def broken(_request: object) -> None:
    raise RuntimeError("a fault of ours")


def unreadable(_request: object) -> None:
    raise BadRequest


urlpatterns = [
    path("broken/", broken),
    path("api/v1/broken/", broken),
    path("unreadable/", unreadable),
    path("api/v1/unreadable/", unreadable),
    *urls.urlpatterns,
]
handler400, handler500 = urls.handler400, urls.handler500


@pytest.fixture
def client(client: Client) -> Client:
    client.raise_request_exception = False
    return client


@override_settings(ROOT_URLCONF=__name__)
@pytest.mark.parametrize(
    ("place", "status", "code", "heading"),
    [
        ("broken/", 500, "fault", "Something broke here"),
        ("unreadable/", 400, "bad_request", "Please try again"),
    ],
)
def test_a_fault_is_told_to_people_and_programs(
    client: Client, place: str, status: int, code: str, heading: str
) -> None:
    page, answer = client.get(f"/{place}"), client.get(f"/api/v1/{place}")

    assert (page.status_code, answer.status_code) == (status, status)
    assert heading in page.content.decode()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.json()["status"], answer.json()["code"]) == (status, code)
    assert answer.json()["detail"] in page.content.decode()


def test_a_desk_asked_by_another_name_says_where_it_is(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SITE_URL = "https://desk.example.org"

    page = client.get("/queue/", headers={"host": "old.example.org"})
    answer = client.get("/api/v1/posts/", headers={"host": "old.example.org"})

    look = re.findall(r'href="(/style/[^"]+)"', page.content.decode())[0]
    assert page.status_code == answer.status_code == 400
    assert client.get(look, headers={"host": "old.example.org"}).status_code == 200
    assert 'href="https://desk.example.org/"' in page.content.decode()
    assert "old.example.org" not in page.content.decode()
    assert answer.json()["code"] == "wrong_host"
    assert caplog.records == []


@pytest.mark.parametrize("host", ["localhost:8000", "LOCALHOST", "[::1]:8000"])
def test_who_types_localhost_is_led_to_the_desk(client: Client, settings: Settings, host: str) -> None:
    settings.ALLOWED_HOSTS, settings.SITE_URL = ["127.0.0.1"], "http://127.0.0.1:8000"

    led = client.get("/queue/?show=trouble", headers={"host": host})
    sent = client.post("/queue/", headers={"host": host})

    assert led["Location"] == "http://127.0.0.1:8000/queue/?show=trouble"
    assert sent.status_code == 400


def test_a_public_desk_leads_nobody_to_the_visitor_s_own_machine(client: Client, settings: Settings) -> None:
    settings.ALLOWED_HOSTS, settings.SITE_URL = ["desk.example.org"], "https://desk.example.org"

    assert client.get("/", headers={"host": "localhost"}).status_code == 400
