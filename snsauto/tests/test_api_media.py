"""The library through the API: looked for, described, labelled."""

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.models import User, Workspace
from publishing import labels
from publishing.factories import MediaFactory, PostFactory
from publishing.library_rows import MediaLabel
from publishing.models import Media, PostMedia
from publishing.template_rows import Template, TemplateMedia
from snsauto.tests.test_api import API, api, png

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(ada: User) -> APIClient:
    return api(ada)


@pytest.fixture
def media(workspace: Workspace, ada: User, cho: User) -> dict[str, Media]:
    """Two that something holds, two that nothing holds, and one of a stranger's."""
    found = {
        "loaf": MediaFactory(workspace=workspace, name="loaf.png", alt_text="Rye on a board"),
        "oven": MediaFactory(workspace=workspace, name="oven.mp4", content_type="video/mp4"),
        "menu": MediaFactory(workspace=workspace, name="menu.pdf", content_type="application/pdf"),
        "logo": MediaFactory(workspace=workspace, name="logo.png"),
    }
    labels.put(found["loaf"], ["Bread", "spring"])
    labels.put(found["menu"], ["spring"])
    PostMedia.objects.create(post=PostFactory(workspace=workspace), media=found["loaf"], position=0)
    template = Template.objects.create(workspace=workspace, name="Weekly")
    TemplateMedia.objects.create(template=template, media=found["logo"], position=0)
    labels.put(MediaFactory(workspace=cho.memberships.get().workspace, name="loaf"), ["spring"])
    return found


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"loaf", "oven", "menu", "logo"}),
        ("q=rye", {"loaf"}),
        ("q=spring loaf", {"loaf"}),
        ("kind=image", {"loaf", "logo"}),
        ("kind=video", {"oven"}),
        ("kind=document", {"menu"}),
        ("label=spring", {"loaf", "menu"}),
        ("label=bread", {"loaf"}),
        ("label=autumn", set()),
        ("used=true", {"loaf", "logo"}),
        ("used=false", {"oven", "menu"}),
        ("used=false&label=spring", {"menu"}),
    ],
)
def test_the_library_is_narrowed_as_its_page_is(
    client: APIClient, media: dict[str, Media], query: str, names: set[str]
) -> None:
    answer = client.get(f"{API}/media/?{query}")

    assert {row["id"] for row in answer.json()["results"]} == {media[name].pk for name in names}


def test_a_kind_that_is_none_is_refused(client: APIClient) -> None:
    answer = client.get(f"{API}/media/?kind=sculpture")

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "kind")


def test_labels_are_written_all_at_once_and_each_is_there_once(
    client: APIClient, media: dict[str, Media], workspace: Workspace
) -> None:
    address = f"{API}/media/{media['loaf'].pk}/"

    answer = client.patch(address, {"labels": ["SPRING", "rye ", "Rye"], "name": "Loaf"}, format="json")

    assert (answer.json()["labels"], answer.json()["name"]) == (["rye", "spring"], "Loaf")
    assert client.get(address).json()["labels"] == ["rye", "spring"]
    assert set(MediaLabel.objects.filter(workspace=workspace).values_list("name", flat=True)) == {
        "rye",
        "spring",
    }
    assert client.patch(address, {"alt_text": "Rye"}, format="json").json()["labels"] == ["rye", "spring"]
    assert client.patch(address, {"labels": []}, format="json").json()["labels"] == []


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (["x" * 41], "label_too_long"),
        ([str(number) for number in range(13)], "too_many_labels"),
        ("spring", "not_a_list"),
    ],
)
def test_labels_that_cannot_be_are_refused_and_nothing_is_written(
    client: APIClient, media: dict[str, Media], wanted: object, code: str
) -> None:
    answer = client.patch(
        f"{API}/media/{media['loaf'].pk}/", {"labels": wanted, "alt_text": "New"}, format="json"
    )

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)
    media["loaf"].refresh_from_db()
    assert media["loaf"].alt_text == "Rye on a board"
    assert media["loaf"].labels.count() == 2


def test_a_picture_comes_with_its_labels(client: APIClient) -> None:
    answer = client.post(f"{API}/media/", {"file": png(), "labels": ["harbour", "Sea"]}, format="multipart")

    assert (answer.status_code, answer.json()["labels"]) == (201, ["Sea", "harbour"])


@pytest.mark.parametrize("count", [1, 6])
def test_the_list_takes_as_many_queries_for_many(
    client: APIClient,
    workspace: Workspace,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    for number in range(count):
        labels.put(MediaFactory(workspace=workspace), [f"label {number}", "all"])
    client.get(f"{API}/me/")

    with django_assert_num_queries(5):
        answer = client.get(f"{API}/media/")

    assert len(answer.json()["results"]) == count
