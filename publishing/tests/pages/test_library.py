"""The library: found again by words, kinds and labels, and what a medium is used for."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Membership, Workspace
from publishing import labels
from publishing.factories import DeliveryFactory, MediaFactory, PostFactory
from publishing.library_rows import MediaLabel
from publishing.models import DeliveryMedia, Media, PostMedia

pytestmark = pytest.mark.django_db


def shown(client: Client, **asked: object) -> set[str]:
    answer = client.get("/library/", asked)
    assert answer.status_code == 200
    return {row.name for row in answer.context["page"]}


@pytest.fixture
def shelf(workspace: Workspace) -> dict[str, Media]:
    bread = MediaFactory.create(workspace=workspace, name="bread.jpg", alt_text="A loaf of rye on a board")
    film = MediaFactory.create(workspace=workspace, name="oven.mp4", content_type="video/mp4", alt_text="")
    menu = MediaFactory.create(
        workspace=workspace, name="menu.pdf", content_type="application/pdf", alt_text=""
    )
    labels.put(bread, ["Autumn", "Rye"])
    labels.put(film, ["autumn"])
    PostMedia.objects.create(post=PostFactory.create(workspace=workspace), media=bread, position=0)
    return {"bread": bread, "film": film, "menu": menu}


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({}, {"bread.jpg", "oven.mp4", "menu.pdf"}),
        ({"q": "RYE board"}, {"bread.jpg"}),
        ({"q": "autumn"}, {"bread.jpg", "oven.mp4"}),
        ({"q": "autumn oven"}, {"oven.mp4"}),
        ({"kind": "video"}, {"oven.mp4"}),
        ({"kind": "document"}, {"menu.pdf"}),
        ({"kind": "nonsense"}, {"bread.jpg", "oven.mp4", "menu.pdf"}),
        ({"only": "used"}, {"bread.jpg"}),
        ({"only": "unused"}, {"oven.mp4", "menu.pdf"}),
        ({"only": "undescribed"}, {"oven.mp4", "menu.pdf"}),
    ],
)
def test_media_are_found(
    ada_browser: Client, shelf: dict[str, Media], asked: dict[str, str], names: set[str]
) -> None:
    assert shown(ada_browser, **asked) == names


def test_a_label_shows_what_carries_it(ada_browser: Client, shelf: dict[str, Media]) -> None:
    label = MediaLabel.objects.get(name="Rye")

    assert shown(ada_browser, label=label.pk) == {"bread.jpg"}


def test_a_label_of_another_workspace_narrows_nothing(ada_browser: Client, shelf: dict[str, Media]) -> None:
    label = MediaLabel.objects.create(workspace=MediaFactory.create().workspace, name="Theirs")

    assert len(shown(ada_browser, label=label.pk)) == 3


def test_labels_are_one_however_they_are_capitalised(shelf: dict[str, Media]) -> None:
    assert set(MediaLabel.objects.values_list("name", flat=True)) == {"Autumn", "Rye"}


def test_a_label_that_nothing_carries_is_gone(shelf: dict[str, Media]) -> None:
    labels.put(shelf["bread"], ["Autumn"])

    assert not MediaLabel.objects.filter(name="Rye").exists()


def test_typed_labels_are_read_kindly() -> None:
    assert labels.parse(" #Rye,  rye , Autumn   bread,,\nMenu") == ["Rye", "Autumn bread", "Menu"]


@pytest.mark.parametrize(
    ("typed", "code"), [("x" * 41, "label_too_long"), (",".join(map(str, range(13))), "too_many_labels")]
)
def test_labels_that_cannot_be_are_refused(typed: str, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        labels.parse(typed)

    assert caught.value.code == code


def test_a_medium_is_described_and_labelled_on_its_page(ada_browser: Client, shelf: dict[str, Media]) -> None:
    film = shelf["film"]

    answer = ada_browser.post(
        f"/library/{film.pk}/", {"name": "oven.mp4", "alt_text": "The oven at four", "labels": "Oven, Night"}
    )

    assert answer.status_code == 302
    film.refresh_from_db()
    assert film.alt_text == "The oven at four"
    assert [label.name for label in film.labels.all()] == ["Night", "Oven"]


def test_a_refused_label_is_said_beside_the_field_and_changes_nothing(
    ada_browser: Client, shelf: dict[str, Media]
) -> None:
    film = shelf["film"]

    answer = ada_browser.post(f"/library/{film.pk}/", {"name": "other", "labels": "x" * 41})

    assert answer.status_code == 422
    assert "A label has 40 characters at most." in answer.content.decode()
    film.refresh_from_db()
    assert film.name == "oven.mp4"


def test_the_page_lists_the_posts_that_hold_it(
    ada_browser: Client, shelf: dict[str, Media], workspace: Workspace
) -> None:
    delivery = DeliveryFactory.create(post__workspace=workspace, post__text="Only for one account")
    DeliveryMedia.objects.create(delivery=delivery, media=shelf["bread"], position=0)

    answer = ada_browser.get(f"/library/{shelf['bread'].pk}/")

    assert "In 2 posts" in answer.content.decode()
    assert "Only for one account" in answer.content.decode()


def test_a_viewer_reads_and_changes_nothing(onlooker: Client, shelf: dict[str, Media]) -> None:
    url = f"/library/{shelf['film'].pk}/"

    assert onlooker.get(url).status_code == 200
    assert onlooker.post(url, {"name": "x"}).status_code == 403


def test_another_workspaces_medium_is_not_there(ada_browser: Client) -> None:
    assert ada_browser.get(f"/library/{MediaFactory.create().pk}/").status_code == 404


def test_the_library_asks_the_same_number_of_questions_however_full(
    ada_browser: Client, member: Membership, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(40):
        labels.put(MediaFactory.create(workspace=member.workspace), [f"Label {n % 5}"])

    with django_assert_num_queries(6):
        ada_browser.get("/library/")


def test_pages_of_the_library_keep_what_was_asked(ada_browser: Client, member: Membership) -> None:
    for _n in range(37):
        MediaFactory.create(workspace=member.workspace, name="Rye & more")

    page = ada_browser.get("/library/", {"q": "Rye &"}).content.decode()

    assert 'href="?q=Rye+%26&amp;page=2"' in page
