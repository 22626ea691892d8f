"""The library: what comes in, who sees it, what goes out."""

import io
from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.test import Client
from django.urls import reverse
from PIL import Image
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from accounts.models import Membership, Workspace
from platforms.rules import Images
from publishing import media as library
from publishing import renditions
from publishing.factories import MediaFactory, PostFactory, picture, upload
from publishing.models import Delivery, Media, Variant

pytestmark = pytest.mark.django_db
UPLOAD = "/library/upload/"
HTMX = {"HX-Request": "true"}


def files(folder: str) -> list[str]:
    return default_storage.listdir(folder)[1] if default_storage.exists(folder) else []


def test_a_picture_comes_in_with_its_facts_and_a_thumbnail(member: Membership) -> None:
    media = library.take_in(member, upload("cake.png", picture((1000, 500))))

    assert (media.name, media.content_type, media.width, media.height) == ("cake.png", "image/png", 1000, 500)
    assert media.size == media.file.size
    assert Image.open(media.thumbnail).size == (480, 240)
    assert "cake" not in media.file.name
    assert len(media.file.name) > 30


def test_the_same_file_again_is_the_same_picture(member: Membership) -> None:
    first = library.take_in(member, upload("one.png"))

    again = library.take_in(member, upload("two.png"))

    assert again == first
    assert Media.objects.count() == 1


def test_the_same_file_in_another_workspace_is_another_picture(member: Membership, cho: object) -> None:
    first = library.take_in(member, upload())

    other = library.take_in(cho.memberships.get(), upload())  # type: ignore[attr-defined]

    assert other.pk != first.pk


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "empty_file"), (b"MZ" * 400, "not_a_picture"), (b"x" * 2000, "file_too_large")],
)
def test_of_a_refused_file_nothing_is_left(
    member: Membership, settings: Settings, content: bytes, code: str
) -> None:
    settings.UPLOAD_MOST_BYTES = 1500

    with pytest.raises(ValidationError) as caught:
        library.take_in(member, upload("cake.png", content))

    assert caught.value.code == code
    assert not Media.objects.exists()
    assert files(str(member.workspace_id)) == []


def test_files_of_a_failed_transaction_are_removed(member: Membership) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise DatabaseError

    with connection.execute_wrapper(fail), pytest.raises(DatabaseError):
        library._store(member, upload(), "digest")

    assert files(str(member.workspace_id)) == []


def test_a_picture_that_fits_is_sent_as_it_is(member: Membership) -> None:
    media = library.take_in(member, upload())

    fitted = renditions.fit(media, Images(at_most=1))

    assert fitted.open().read() == media.file.open().read()
    assert not Variant.objects.exists()


def test_a_picture_that_does_not_fit_is_rendered_once(member: Membership) -> None:
    media = library.take_in(member, upload(content=picture((800, 400))))
    limits = Images(at_most=1, max_side=200, formats=("image/jpeg",))

    first = renditions.fit(media, limits)
    again = renditions.fit(media, limits)

    assert (first.width, first.height, first.content_type) == (200, 100, "image/jpeg")
    assert Image.open(io.BytesIO(first.open().read())).size == (200, 100)
    assert first.size == len(again.open().read())
    assert Variant.objects.count() == 1
    assert media.file.size == media.size


def test_of_two_who_render_at_once_one_wins_and_no_file_is_left_over(member: Membership) -> None:
    media = library.take_in(member, upload(content=picture((800, 400))))
    limits = Images(at_most=1, max_side=200)
    renditions.fit(media, limits)
    winner = media.variants.get()

    loser = renditions._render(media, limits, winner.key)

    assert loser == winner
    assert len(files(f"{member.workspace_id}/variants")) == 1


def test_renderings_are_prepared_for_every_account(
    member: Membership, delivery: Callable[..., Delivery], terse: object
) -> None:
    media = library.take_in(member, upload(content=picture((800, 400))))
    post = PostFactory.create(workspace=member.workspace, media=[media])
    delivery(post=post, account=terse)

    renditions.prepare(post.pk)

    assert [(variant.width, variant.height) for variant in media.variants.all()] == [(100, 50)]


def test_an_upload_answers_with_its_place_in_the_tray(ada_browser: Client) -> None:
    response = ada_browser.post(UPLOAD, {"file": upload()}, headers=HTMX)

    media = Media.objects.get()
    assert response.status_code == 200
    assert f'name="media" value="{media.pk}"' in response.text


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("setup.png", b"MZ\x90\x00" * 50, "This is not a picture that can be sent."),
        ("x.svg", b"<svg><script>alert(1)</script></svg>", "This is not a picture that can be sent."),
        ("half.jpg", picture((300, 300), "JPEG")[:500], "The picture is damaged"),
        ("none.png", b"", "The file is empty."),
    ],
)
def test_a_refused_upload_says_why_in_place(
    ada_browser: Client, name: str, content: bytes, sentence: str
) -> None:
    response = ada_browser.post(UPLOAD, {"file": upload(name, content)}, headers=HTMX)

    assert response.status_code == 422
    assert sentence in response.text
    assert name in response.text
    assert not Media.objects.exists()


def test_an_upload_without_a_file_is_refused(ada_browser: Client) -> None:
    assert ada_browser.post(UPLOAD, {}, headers=HTMX).status_code == 422


def test_an_upload_without_script_leads_to_the_library(ada_browser: Client) -> None:
    response = ada_browser.post(UPLOAD, {"file": upload()})

    assert response.headers["Location"] == reverse("publishing:media-list")


def test_members_see_a_picture_and_browsers_may_keep_it_but_not_guess_about_it(
    ada_browser: Client, member: Membership
) -> None:
    media = library.take_in(member, upload())

    response = ada_browser.get(reverse("publishing:media-file", args=[media.pk]))

    assert b"".join(response.streaming_content) == media.file.open().read()
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "private" in response.headers["Cache-Control"]
    assert "sandbox" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["media-file", "media-thumbnail"])
def test_strangers_and_visitors_see_no_picture(stranger: Client, member: Membership, name: str) -> None:
    url = reverse(f"publishing:{name}", args=[library.take_in(member, upload()).pk])

    assert stranger.get(url).status_code == 404
    assert Client().get(url).status_code == 302


def test_a_description_is_changed_in_place(ada_browser: Client, workspace: Workspace) -> None:
    media = MediaFactory.create(workspace=workspace)
    url = reverse("publishing:media-edit", args=[media.pk])

    response = ada_browser.post(url, {f"picture-{media.pk}-alt_text": "Bread"}, headers=HTMX)

    media.refresh_from_db()
    assert media.alt_text == "Bread"
    assert "Saved" in response.text


def test_a_description_that_is_too_long_is_refused(ada_browser: Client, workspace: Workspace) -> None:
    media = MediaFactory.create(workspace=workspace)
    url = reverse("publishing:media-edit", args=[media.pk])

    response = ada_browser.post(url, {f"picture-{media.pk}-alt_text": "x" * 1501}, headers=HTMX)

    assert response.status_code == 422
    media.refresh_from_db()
    assert media.alt_text == "A cake on a table"


def test_an_unused_picture_is_deleted_with_its_files(
    ada_browser: Client, member: Membership, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    media = library.take_in(member, upload(content=picture((800, 400))))
    renditions.fit(media, Images(at_most=1, max_side=200))

    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        ada_browser.post(reverse("publishing:media-delete", args=[media.pk]))

    assert not Media.objects.exists()
    assert files(str(member.workspace_id)) == files(f"{member.workspace_id}/variants") == []


def test_a_picture_in_a_post_stays(ada_browser: Client, workspace: Workspace) -> None:
    media = MediaFactory.create(workspace=workspace)
    PostFactory.create(workspace=workspace, media=[media])

    response = ada_browser.post(reverse("publishing:media-delete", args=[media.pk]), follow=True)

    assert "A post holds this" in response.text
    assert Media.objects.exists()


@pytest.mark.parametrize("name", ["media-edit", "media-delete"])
def test_others_cannot_touch_a_picture(
    stranger: Client, onlooker: Client, workspace: Workspace, name: str
) -> None:
    url = reverse(f"publishing:{name}", args=[MediaFactory.create(workspace=workspace).pk])

    assert stranger.post(url).status_code == 404
    assert onlooker.post(url).status_code == 403
    assert Media.objects.exists()


@pytest.mark.parametrize("count", [1, 36])
def test_the_library_costs_the_same_however_full_it_is(
    ada_browser: Client,
    workspace: Workspace,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    MediaFactory.create_batch(count, workspace=workspace)
    ada_browser.get("/library/")

    with django_assert_num_queries(6):
        response = ada_browser.get("/library/")

    assert response.text.count("data-picture") == count
    assert len(response.content) < 100_000


def test_a_stranger_finds_an_empty_library(stranger: Client, workspace: Workspace) -> None:
    MediaFactory.create(workspace=workspace)

    assert "data-picture" not in stranger.get("/library/").text
