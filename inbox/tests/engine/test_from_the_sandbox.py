"""Somebody writes on the sandbox's page, and it is in the inbox: over HTTP, as in the demo."""

from collections.abc import Callable

import pytest
import requests
from django.test import Client

from inbox.tests.engine.desk import QUESTION, Desk
from platforms.registry import PLATFORMS
from platforms.sandbox.models import Person
from platforms.sandbox.world import NETWORKS

pytestmark = pytest.mark.django_db(transaction=True)

Connect = Callable[[str], Desk]


def test_the_sandbox_plays_what_the_networks_declare() -> None:
    for network in NETWORKS:
        platform = PLATFORMS[network.name]
        assert set(network.kinds) == (set() if platform.app_of else set(platform.message_kinds))
        assert network.tells == bool(platform.hooked_kinds)


def test_a_press_on_a_persons_page_reaches_the_inbox_by_webhook(desk: Connect) -> None:
    one = desk("facebook")
    one.listen()
    page = f"/sandbox/facebook/@{one.person.handle}/"

    shown = Client().get(page)
    pressed = Client().post(
        f"{page}write/", {"kind": "direct", "text": QUESTION}, headers={"host": one.url[7:]}
    )
    one.work_off()

    assert b"Write to" in shown.content
    assert pressed.status_code == 302
    assert len(one.messages()) == 1
    assert QUESTION in Client().get(page).content.decode()


def test_the_control_endpoint_says_what_the_webhook_answered(desk: Connect) -> None:
    one = desk("x")
    asked = {"network": "x", "handle": one.person.handle, "kind": "mention", "text": QUESTION}

    answer = requests.post(f"{one.url}/sandbox/control/notes", json=asked, timeout=10)

    assert (answer.status_code, answer.json()["webhook"]) == (201, 200)


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"kind": "review"}, 422, "kind"),
        ({"text": ""}, 422, "text"),
        ({"entry": "1"}, 422, "entry"),
        ({"kind": "comment"}, 422, "kind"),
    ],
)
def test_what_cannot_be_written_is_said(
    change: dict[str, str], status: int, field: str, sandbox: str, client: Client
) -> None:
    handle = Person.objects.filter(network="x")[0].handle
    asked = {"network": "x", "handle": handle, "kind": "mention", "text": QUESTION, **change}

    answer = client.post("/sandbox/control/notes", asked, content_type="application/json")

    assert answer.status_code == status
    assert field in answer.json()["errors"]
