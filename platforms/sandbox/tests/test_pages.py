"""The sandbox's own pages: everything escaped, nothing that a browser could run, faults set and cleared."""

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from pytest_django.asserts import assertNumQueries  # type: ignore[attr-defined]
from pytest_django.fixtures import Settings

from platforms.sandbox import world
from platforms.sandbox.models import Call, Client, Entry, Fault, Person, Upload
from platforms.sandbox.pages import chains
from platforms.tests.village import move_in

pytestmark = pytest.mark.django_db
NASTY = '<script>alert("1")</script>'


@pytest.fixture
def visitor(db: None) -> Browser:
    move_in()
    return Browser(enforce_csrf_checks=True)


@pytest.fixture
def person(visitor: Browser) -> Person:
    return Person.objects.filter(network="mastodon").order_by("pk")[0]


def post(person: Person, remote_id: str, text: str = "", parent: str = "", **body: Any) -> Entry:
    return Entry.objects.create(
        network=person.network, person=person, remote_id=remote_id, text=text, parent_id=parent, body=body
    )


def picture(person: Person, remote_id: str, kind: str = "image/png", alt: str = "") -> Upload:
    return Upload.objects.create(
        network=person.network,
        person=person,
        remote_id=remote_id,
        content_type=kind,
        content=b"bytes",
        alt=alt,
    )


def public_page(visitor: Browser, person: Person) -> str:
    address = reverse("sandbox-person", kwargs={"network": person.network, "handle": person.handle})
    return visitor.get(address).content.decode()


def test_the_world_is_made_once(db: None) -> None:
    world.seed()
    before = list(Person.objects.values_list("pk", flat=True))

    world.seed()

    assert list(Person.objects.values_list("pk", flat=True)) == before
    assert {person.network for person in Person.objects.all()} == set(world.LABELS)
    assert Client.objects.get(network="x").client_secret == "sandbox-secret"


def test_home_shows_who_lives_where_and_what_was_called(visitor: Browser, person: Person) -> None:
    post(person, "1", "Hello")
    Call.objects.create(
        network="x", method="POST", path="/sandbox/x/2/tweets", status=201, body={"text": NASTY}
    )

    page = visitor.get(reverse("sandbox-home")).content.decode()

    assert person.name in page
    assert "1 post" in page
    assert "/x/2/tweets" in page
    assert NASTY not in page


def test_home_asks_no_more_for_more(visitor: Browser, person: Person) -> None:
    for number in range(60):
        post(person, str(number))
        Call.objects.create(network="x", method="GET", path=f"/{number}", status=200)

    with assertNumQueries(3):
        visitor.get(reverse("sandbox-home"))


# --- what shall go wrong ---


def press(visitor: Browser, name: str, fields: dict[str, str] | None = None) -> Any:
    visitor.get(reverse("sandbox-home"))
    token = visitor.cookies["csrftoken"].value
    return visitor.post(reverse(name), {**(fields or {}), "csrfmiddlewaretoken": token})


def test_a_fault_is_set_and_cleared_from_the_page(visitor: Browser) -> None:
    set_it = press(
        visitor, "sandbox-fault", {"kind": "drop_after", "network": "x", "path": "/tweets", "times": "2"}
    )

    assert set_it.status_code == 302
    fault = Fault.objects.get()
    assert (fault.kind, fault.network, fault.path, fault.times, fault.skip) == (
        "drop_after",
        "x",
        "/tweets",
        2,
        0,
    )
    assert "connection dropped after" in visitor.get(reverse("sandbox-home")).content.decode()
    press(visitor, "sandbox-faults-clear")
    assert not Fault.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"kind": "meteor"},
        {"kind": "slow", "times": "0"},
        {"kind": "slow", "network": "myspace"},
        {"kind": "slow", "seconds": "nan"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_in_place(visitor: Browser, fields: dict[str, str]) -> None:
    response = press(visitor, "sandbox-fault", fields)

    assert response.status_code == 422
    assert b'role="alert"' in response.content
    assert not Fault.objects.exists()


@pytest.mark.parametrize("name", ["sandbox-fault", "sandbox-faults-clear"])
def test_a_press_from_elsewhere_is_refused(visitor: Browser, name: str) -> None:
    assert visitor.post(reverse(name), {"kind": "slow"}).status_code == 403
    assert visitor.get(reverse(name)).status_code == 405


def control(visitor: Browser, method: str, body: Any = None) -> Any:
    return getattr(visitor, method)(reverse("sandbox-control-faults"), body, content_type="application/json")


def test_programs_set_read_and_clear_faults(visitor: Browser) -> None:
    made = control(visitor, "post", json.dumps({"kind": "limited", "network": "mastodon", "skip": 1}))

    assert made.status_code == 201
    assert made.json() == {
        "id": Fault.objects.get().pk,
        "network": "mastodon",
        "kind": "limited",
        "path": "",
        "method": "",
        "times": 1,
        "skip": 1,
        "seconds": 1.0,
        "code": "",
    }
    assert control(visitor, "get").json() == {"faults": [made.json()]}
    assert control(visitor, "delete").json() == {"cleared": 1}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("[]", 400),
        ("{", 400),
        ("{}", 422),
        ('{"kind": "meteor"}', 422),
        ('{"kind": "slow", "times": -1}', 422),
    ],
)
def test_programs_are_told_what_is_wrong(visitor: Browser, body: str, status: int) -> None:
    response = control(visitor, "post", body)

    assert response.status_code == status
    assert response.json()["errors"]


# --- what the public sees ---


def test_a_post_is_shown_escaped_with_its_links(visitor: Browser, person: Person) -> None:
    text = f"{NASTY} see https://example.org/a?b=c&d=e and javascript:alert(1) #bread"
    post(person, "1", text, spoiler_text=NASTY, visibility="private")

    page = public_page(visitor, person)

    assert NASTY not in page
    assert '<a href="https://example.org/a?b=c&amp;d=e" rel="nofollow noopener noreferrer">' in page
    assert 'href="javascript' not in page
    assert "<b>#bread</b>" in page
    assert "Followers only" in page


def test_pictures_are_shown_in_order_with_their_descriptions(visitor: Browser, person: Person) -> None:
    pictures = [picture(person, f"p{n}", alt=f'Loaf "{n}"') for n in (3, 1, 2)]
    post(person, "1", "Loaves").attach(pictures)

    page = public_page(visitor, person)

    places = [page.index(f'alt="Loaf &quot;{n}&quot;"') for n in (3, 1, 2)]
    assert places == sorted(places)
    assert "/sandbox/mastodon/uploads/p3" in page


def test_a_thread_is_one_chain_under_its_first_post(person: Person) -> None:
    for remote_id, parent in (
        ("1", ""),
        ("2", "1"),
        ("other", ""),
        ("3", "2"),
        ("reply", "of-somebody-else"),
    ):
        post(person, remote_id, parent=parent)
    entries = list(Entry.objects.order_by("-created_at", "-pk"))

    tops = chains(entries)

    assert [top.entry.remote_id for top in tops] == ["reply", "other", "1"]
    assert [below.entry.remote_id for below in tops[2].chain] == ["2", "3"]


def test_posts_that_hang_on_each_other_in_a_circle_do_no_harm(person: Person) -> None:
    post(person, "1", parent="2")
    post(person, "2", parent="1")

    chains(list(Entry.objects.all()))


def test_what_was_deleted_is_gone(visitor: Browser, person: Person) -> None:
    entry = post(person, "1", "Too soon")
    Entry.objects.filter(pk=entry.pk).update(deleted_at=timezone.now())

    assert "Too soon" not in public_page(visitor, person)


def test_newest_come_first(visitor: Browser, person: Person) -> None:
    post(person, "1", "Earlier")
    later = post(person, "2", "Later")
    Entry.objects.filter(pk=later.pk).update(created_at=timezone.now() + timedelta(minutes=1))

    page = public_page(visitor, person)

    assert page.index("Later") < page.index("Earlier")


def test_a_page_asks_no_more_for_more(visitor: Browser, person: Person) -> None:
    for number in range(30):
        post(person, str(number), "x").attach([picture(person, f"p{number}")])

    with assertNumQueries(6):
        public_page(visitor, person)


def test_one_post_has_a_page_with_the_thread_below(visitor: Browser, person: Person) -> None:
    post(person, "1", "One")
    post(person, "2", "Two", parent="1")
    post(person, "3", "Elsewhere")
    names = {"network": "mastodon", "handle": person.handle}

    page = visitor.get(reverse("sandbox-post", kwargs={**names, "remote_id": "1"})).content.decode()

    assert "One" in page
    assert "Two" in page
    assert "Elsewhere" not in page
    assert visitor.get(reverse("sandbox-post", kwargs={**names, "remote_id": "9"})).status_code == 404


@pytest.mark.parametrize(
    "path", ["mastodon/@nobody/", "myspace/@moonrise/", "mastodon/uploads/1", "x/@nobody/avatar.png"]
)
def test_what_is_not_there_is_not_found(visitor: Browser, path: str) -> None:
    assert visitor.get(f"/sandbox/{path}").status_code == 404


# --- files ---


@pytest.mark.parametrize(
    ("kind", "served"),
    [
        ("image/png", "image/png"),
        ("image/webp", "image/webp"),
        ("image/svg+xml", "application/octet-stream"),
        ("text/html", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_bytes_are_served_as_pictures_or_as_nothing(
    visitor: Browser, person: Person, kind: str, served: str
) -> None:
    picture(person, "p1", kind)

    response = visitor.get("/sandbox/mastodon/uploads/p1")

    assert (response.content, response["Content-Type"]) == (b"bytes", served)
    assert response["X-Content-Type-Options"] == "nosniff"


def test_an_avatar_is_a_picture_without_script(visitor: Browser, person: Person) -> None:
    person.name, person.colour = "<Ada", "<red>"
    person.save()

    response = visitor.get(f"/sandbox/mastodon/@{person.handle}/avatar.png")

    assert response["Content-Type"] == "image/png"
    assert Image.open(io.BytesIO(response.content)).size == (256, 256)


# --- the command ---


def test_the_sandbox_does_not_start_where_it_is_off(settings: Settings) -> None:
    settings.SANDBOX = False

    with pytest.raises(CommandError, match="is off"):
        call_command("sandbox")
