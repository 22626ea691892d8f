"""The composer, as a browser uses it."""

import html
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.factories import AccountFactory
from accounts.models import Account, Workspace
from publishing.factories import CampaignFactory, MediaFactory, PostFactory, upload
from publishing.models import Delivery, Media, Post, PostMedia, State
from publishing.tests.pages.conftest import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
NEW = "/posts/new/"
CHECK = "/posts/check/"
HTMX = {"HX-Request": "true"}


def typed(*accounts: Account, action: str = "draft", **fields: Any) -> dict[str, Any]:
    """What a browser sends."""
    form = {"key": str(uuid.uuid4()), "text": "Good morning", "timezone": "Europe/Berlin", "action": action}
    return {**form, "accounts": [account.pk for account in accounts], **fields}


def form_of(page: str) -> dict[str, Any]:
    """Every field of the composer's form as a browser would send it back untouched."""
    body = page[page.index('id="composer"') : page.index("</form>", page.index('id="composer"'))]
    fields: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", body):
        values = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        is_box = values.get("type") in {"checkbox", "radio"}
        if "name" in values and values.get("type") != "file" and (not is_box or " checked" in tag):
            fields.setdefault(values["name"], []).append(values.get("value", "on"))
    for name, text in re.findall(r'<textarea[^>]*? name="([^"]+)"[^>]*>([^<]*)</textarea>', body):
        fields[name] = [html.unescape(text)]
    for name, options in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', body, re.DOTALL):
        fields[name] = re.findall(r'<option value="([^"]*)" selected', options)
    return fields


def at_nine() -> dict[str, str]:
    return {"date": "2030-05-07", "time": "09:00"}


NINE_IN_BERLIN = datetime(2030, 5, 7, 7, tzinfo=UTC)


# --- opening ---


def test_an_empty_composer_offers_the_workspace_s_accounts_and_zone(
    ada_browser: Client, roomy: Account, terse: Account
) -> None:
    AccountFactory.create(handle="somebody.else")

    page = ada_browser.get(NEW).text

    assert "ada.roomy" in page
    assert "ada.terse" in page
    assert "somebody.else" not in page
    assert '<option value="Europe/Berlin" selected>' in page


def test_a_link_may_bring_a_day_an_account_and_a_picture(
    ada_browser: Client, workspace: Workspace, roomy: Account, terse: Account
) -> None:
    media = MediaFactory.create(workspace=workspace)

    page = ada_browser.get(f"{NEW}?date=2030-05-07&account={terse.pk}&media={media.pk}").text

    fields = form_of(page)
    assert (fields["date"], fields["accounts"], fields["media"]) == (
        ["2030-05-07"],
        [str(terse.pk)],
        [str(media.pk)],
    )


def test_a_link_may_name_a_network_and_what_is_chosen_there(
    ada_browser: Client, roomy: Account, terse: Account
) -> None:
    page = ada_browser.get(f"{NEW}?network=terse&audience=friends&title=no+choice").text

    fields = form_of(page)
    assert fields["accounts"] == [str(terse.pk)]
    assert fields[f"share-{terse.pk}-option-audience"] == ["friends"]
    assert "no choice" not in page


@pytest.mark.parametrize(
    "query",
    [
        "date=tomorrow",
        "network=nowhere&audience=nobody",
        "account=x",
        "media=0&media=zz",
        "account=99999999999999999999",
    ],
)
def test_a_link_that_makes_no_sense_opens_an_empty_composer(ada_browser: Client, query: str) -> None:
    assert ada_browser.get(f"{NEW}?{query}").status_code == 200


def test_viewers_do_not_write_and_strangers_see_nothing(
    onlooker: Client, stranger: Client, delivery: Callable[..., Delivery]
) -> None:
    edit = f"/posts/{delivery().post_id}/edit/"

    assert onlooker.get(NEW).status_code == 403
    assert onlooker.post(edit, typed()).status_code == 403
    assert stranger.get(edit).status_code == 404
    assert stranger.post(edit, typed()).status_code == 404
    assert Client().get(NEW).status_code == 302


# --- saving ---


def test_a_draft_is_saved_with_own_text_options_and_descriptions(
    ada_browser: Client, workspace: Workspace, roomy: Account, terse: Account
) -> None:
    first, second = MediaFactory.create_batch(2, workspace=workspace)
    campaign = CampaignFactory.create(workspace=workspace)
    form = typed(
        roomy,
        terse,
        text="Good morning\r\neverybody",
        media=[second.pk, first.pk],
        campaign=campaign.pk,
        **at_nine(),
        **{
            f"picture-{first.pk}-alt_text": "Bread",
            f"share-{terse.pk}-own": "on",
            f"share-{terse.pk}-text": "Morning",
            f"share-{terse.pk}-option-audience": "friends",
            f"share-{terse.pk}-option-quiet": "on",
            f"share-{terse.pk}-option-title": "",
        },
    )

    response = ada_browser.post(NEW, form)

    post = Post.objects.get()
    assert response.headers["Location"] == f"/posts/{post.pk}/edit/"
    assert (post.text, post.campaign, post.scheduled_at) == (
        "Good morning\neverybody",
        campaign,
        NINE_IN_BERLIN,
    )
    assert post.pictures == [second, first]
    own = post.deliveries.get(account=terse)
    assert (own.text, own.options) == ("Morning", {"audience": "friends", "quiet": True})
    assert post.deliveries.get(account=roomy).text is None
    assert Media.objects.get(pk=first.pk).alt_text == "Bread"


def test_opening_and_saving_again_changes_nothing(
    ada_browser: Client, workspace: Workspace, roomy: Account, terse: Account
) -> None:
    post = PostFactory.create(
        workspace=workspace,
        text="Good <morning> & \n\n  all",
        media=MediaFactory.create_batch(2, workspace=workspace),
        campaign=CampaignFactory.create(workspace=workspace),
        scheduled_at=NINE_IN_BERLIN,
        timezone="Asia/Seoul",
    )
    Delivery.objects.create(post=post, account=roomy, text="")
    Delivery.objects.create(post=post, account=terse, text="Own", options={"title": "Hi", "quiet": False})

    def stored() -> list[Any]:
        rows = [Post.objects.defer("updated_at"), Delivery.objects.all(), PostMedia.objects.defer("pk")]
        skip = {"id", "updated_at"}
        return [[{k: v for k, v in row.items() if k not in skip} for row in query.values()] for query in rows]

    before = stored()
    fields = form_of(ada_browser.get(f"/posts/{post.pk}/edit/").text)
    fields["text"] = [text.replace("\n", "\r\n") for text in fields["text"]]

    response = ada_browser.post(f"/posts/{post.pk}/edit/", {**fields, "action": "draft"})

    assert response.status_code == 302
    assert stored() == before


def test_the_same_form_sent_twice_makes_one_post_that_goes_out_once(
    ada_browser: Client, roomy: Account
) -> None:
    form = typed(roomy, action="publish")

    first = ada_browser.post(NEW, form)
    again = ada_browser.post(NEW, form)

    assert Post.objects.count() == Delivery.objects.count() == 1
    assert first.headers["Location"] == again.headers["Location"]


def test_sending_it_again_after_it_went_out_leads_to_the_post(ada_browser: Client, roomy: Account) -> None:
    form = typed(roomy, action="publish")
    ada_browser.post(NEW, form)
    Delivery.objects.update(state=State.PUBLISHED, remote_id="1")

    response = ada_browser.post(NEW, form, follow=True)

    assert "out already" in response.text
    assert Delivery.objects.get().state == State.PUBLISHED


def test_pictures_sent_with_the_form_are_taken_in(ada_browser: Client, roomy: Account) -> None:
    ada_browser.post(NEW, typed(roomy, uploads=[upload()]))

    assert Post.objects.get().pictures == [Media.objects.get()]


def test_of_two_pictures_the_broken_one_is_named_and_the_sound_one_kept(
    ada_browser: Client, roomy: Account
) -> None:
    form = typed(roomy, text="Keep me", uploads=[upload("good.png"), upload("bad.png", b"MZ" * 99)])

    response = ada_browser.post(NEW, form)

    assert response.status_code == 422
    assert "bad.png: This is not a picture" in response.text
    assert "Keep me" in response.text
    assert f'name="media" value="{Media.objects.get().pk}"' in response.text
    assert not Post.objects.exists()


def test_a_picture_is_taken_out_without_script(
    ada_browser: Client, workspace: Workspace, roomy: Account
) -> None:
    kept, gone = MediaFactory.create_batch(2, workspace=workspace)

    response = ada_browser.post(NEW, typed(roomy, media=[kept.pk, gone.pk], remove=str(gone.pk)))

    assert response.status_code == 200
    assert form_of(response.text)["media"] == [str(kept.pk)]
    assert not Post.objects.exists()


def test_who_changes_what_somebody_else_has_changed_is_told_first(
    ada_browser: Client, delivery: Callable[..., Delivery], clock: time_machine.Traveller
) -> None:
    post = delivery("Good morning").post
    url = f"/posts/{post.pk}/edit/"
    fields = {**form_of(ada_browser.get(url).text), "text": "Ada's words", "action": "draft"}
    clock.shift(60)
    post.text = "Ben's words"
    post.save()

    first = ada_browser.post(url, fields)
    kept = Post.objects.get().text
    second = ada_browser.post(url, {**form_of(first.text), "action": "draft"})

    assert first.status_code == 422
    assert "changed meanwhile" in first.text
    assert kept == "Ben's words"
    assert second.status_code == 302
    assert Post.objects.get().text == "Ada's words"


# --- going out ---


def test_publishing_now(ada_browser: Client, roomy: Account, terse: Account) -> None:
    response = ada_browser.post(NEW, typed(roomy, terse, action="publish"), follow=True)

    assert "2 posts are going out." in response.text
    assert {(row.state, row.due_at) for row in Delivery.objects.all()} == {(State.SCHEDULED, NOON)}


def test_scheduling_in_a_zone(ada_browser: Client, roomy: Account) -> None:
    form = typed(roomy, action="schedule", **{**at_nine(), "timezone": "Asia/Seoul"})

    response = ada_browser.post(NEW, form, follow=True)

    assert "1 post goes out Tue 09:00." in response.text
    assert Delivery.objects.get().due_at == datetime(2030, 5, 7, tzinfo=UTC)
    assert Post.objects.get().timezone == "Asia/Seoul"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"date": "2030-05-06", "time": "13:00"}, "This time is in the past."),
        ({"date": "2031-03-30", "time": "02:30"}, "does not exist on 30 March in Berlin"),
        ({"date": "", "time": ""}, "Choose a date and a time."),
        ({"date": "2030-05-07", "time": ""}, "Choose a date and a time."),
        ({"date": "soon", "time": "09:00"}, "Enter a valid date."),
        ({"date": "2030-05-07", "time": "25:00"}, "Enter a valid time."),
        ({"date": "2050-05-07", "time": "09:00"}, "more than five years ahead"),
        ({**at_nine(), "timezone": "Moon/Crater"}, "Moon/Crater"),
        ({**at_nine(), "accounts": []}, "Choose at least one account."),
        ({**at_nine(), "text": " "}, "Write something or add a picture."),
        ({**at_nine(), "text": "x" * 21}, "1 character too long"),
        ({**at_nine(), "text": "y" * 100_001}, "at most 100000 characters"),
        ({**at_nine(), "accounts": ["999"]}, "not connected any more"),
        ({**at_nine(), "accounts": ["x"]}, "not connected any more"),
        ({**at_nine(), "media": ["999"]}, "not in the library any more"),
        ({**at_nine(), "media": ["zz"]}, "not in the library any more"),
        ({**at_nine(), "campaign": "999"}, "not one of the available choices"),
        ({**at_nine(), "key": "not a key"}, "Enter a valid UUID."),
    ],
)
def test_bad_input_is_refused_in_its_place_and_nothing_is_lost_or_half_written(
    ada_browser: Client, terse: Account, fields: dict[str, Any], sentence: str
) -> None:
    form = {**typed(terse, action="schedule", text="Keep these words"), **fields}

    response = ada_browser.post(NEW, form)

    assert response.status_code == 422
    assert sentence in response.text
    assert form["text"].strip() in response.text
    assert not Post.objects.exists()
    assert not Delivery.objects.exists()


def test_nobody_is_told_to_write_before_they_wrote_or_pressed(ada_browser: Client, terse: Account) -> None:
    empty = typed(terse, text="")

    checked, pressed = ada_browser.post(CHECK, empty), ada_browser.post(NEW, {**empty, "action": "publish"})

    assert "Write something" not in checked.text
    assert "Nothing written yet." in checked.text
    assert "Write something or add a picture." in pressed.text


def test_where_nothing_is_connected_that_comes_first(ada_browser: Client) -> None:
    refused = ada_browser.post(NEW, {**typed(action="publish"), "text": "Keep these words"})

    assert refused.status_code == 422
    assert "Connect an account first." in refused.text
    assert "Keep these words" in refused.text
    assert not Post.objects.exists()


def test_a_past_time_is_said_once_and_not_after_it_was_changed(ada_browser: Client, terse: Account) -> None:
    late = typed(terse, action="schedule", date="2030-05-06", time="13:00")

    refused = ada_browser.post(NEW, late)
    checked = ada_browser.post("/posts/check/", {**late, **at_nine()})

    assert refused.text.count("This time is in the past.") == 1
    assert "in the past" not in checked.text
    assert 'id="time-note"' in checked.text


def test_an_option_that_is_none_is_refused(ada_browser: Client, terse: Account) -> None:
    form = typed(terse, action="publish", **{f"share-{terse.pk}-option-audience": "enemies"})

    response = ada_browser.post(NEW, form)

    assert response.status_code == 422
    assert "enemies is not one of the available choices" in response.text


@pytest.mark.parametrize("what", ["account", "media", "campaign"])
def test_another_workspace_s_rows_do_not_exist(ada_browser: Client, roomy: Account, what: str) -> None:
    fields = {
        "account": lambda: {"accounts": [AccountFactory.create().pk]},
        "media": lambda: {"media": [MediaFactory.create().pk]},
        "campaign": lambda: {"campaign": CampaignFactory.create().pk},
    }[what]()

    response = ada_browser.post(NEW, {**typed(roomy, action="publish"), **fields})

    assert response.status_code == 422
    assert not Post.objects.exists()


def test_an_account_that_was_disconnected_meanwhile_is_said(ada_browser: Client, roomy: Account) -> None:
    Account.objects.update(state=Account.State.DISCONNECTED)

    response = ada_browser.post(NEW, typed(roomy, action="publish"))

    assert response.status_code == 422
    assert "not connected any more" in response.text


def test_a_time_that_comes_twice_is_said_while_typing(ada_browser: Client, roomy: Account) -> None:
    page = ada_browser.post(CHECK, typed(roomy, date="2030-10-27", time="02:30")).text

    assert "comes twice" in page


# --- what is out ---


def test_only_what_is_open_is_edited(
    ada_browser: Client, delivery: Callable[..., Delivery], terse: Account
) -> None:
    out = delivery("Good morning", published=True)
    still_open = delivery(post=out.post, account=terse, failed=True)
    url = f"/posts/{out.post_id}/edit/"
    page = ada_browser.get(url).text

    response = ada_browser.post(url, {**form_of(page), "text": "Good night", "action": "publish"})

    assert response.status_code == 302
    assert "1 post is out already" in page
    assert Delivery.objects.get(pk=out.pk).effective_text == "Good morning"
    after = Delivery.objects.get(pk=still_open.pk)
    assert (after.state, after.effective_text) == (State.SCHEDULED, "Good night")


def test_save_draft_takes_a_scheduled_post_back(
    ada_browser: Client, delivery: Callable[..., Delivery]
) -> None:
    row = delivery(scheduled=True, due_at=NINE_IN_BERLIN)
    Post.objects.update(scheduled_at=NINE_IN_BERLIN)
    url = f"/posts/{row.post_id}/edit/"

    ada_browser.post(url, {**form_of(ada_browser.get(url).text), "action": "draft"})

    row.refresh_from_db()
    assert (row.state, row.due_at) == (State.DRAFT, None)
    assert Post.objects.get().scheduled_at == NINE_IN_BERLIN


# --- while somebody types ---


def test_the_check_counts_and_previews_by_the_networks_own_rules(
    ada_browser: Client, roomy: Account, terse: Account
) -> None:
    page = ada_browser.post(
        CHECK, typed(roomy, terse, text="A sentence of thirty characters. And some more of it.")
    ).text

    assert "thread of 2" in page
    assert "33 characters too long" in page
    assert "1/2" in page
    assert "Publish 2 posts now" in page
    assert not Post.objects.exists()


def test_the_check_says_what_the_button_will_do(ada_browser: Client, roomy: Account, terse: Account) -> None:
    page = ada_browser.post(CHECK, typed(roomy, terse, **at_nine())).text

    assert "Schedule 2 posts for Tue 09:00" in page


def test_an_own_text_is_counted_on_its_own(ada_browser: Client, roomy: Account, terse: Account) -> None:
    own = {f"share-{terse.pk}-own": "on", f"share-{terse.pk}-text": "Short"}

    page = ada_browser.post(CHECK, typed(roomy, terse, text="Longer than twenty characters", **own)).text

    assert "too long" not in page
    assert "5<span" in page.replace(" ", "")


def test_findings_about_pictures_and_accounts_stand_in_their_places(
    ada_browser: Client, workspace: Workspace, terse: Account
) -> None:
    pictures = MediaFactory.create_batch(3, workspace=workspace, alt_text="")
    Account.objects.filter(pk=terse.pk).update(state=Account.State.EXPIRED)

    page = ada_browser.post(CHECK, typed(terse, media=[media.pk for media in pictures])).text

    assert "2 pictures at most" in page
    assert "has no description" in page
    assert "must be connected again" in page


@pytest.mark.parametrize(
    "fields",
    [
        {"key": "x"},
        {"text": "\0"},
        {"timezone": ""},
        {"date": "x", "time": "y"},
        {"media": ["a"]},
        {"accounts": ["b"]},
    ],
)
def test_the_check_bears_anything(ada_browser: Client, roomy: Account, fields: dict[str, Any]) -> None:
    assert ada_browser.post(CHECK, {**typed(roomy), **fields}).status_code == 200


def test_a_draft_is_kept_while_typing_and_its_page_is_the_post_s(ada_browser: Client, roomy: Account) -> None:
    form = typed(roomy, action="autosave", date="2030-05-07")

    first = ada_browser.post(NEW, form, headers=HTMX)
    second = ada_browser.post(NEW, {**form, **_seen(first.text), "text": "More words"}, headers=HTMX)

    post = Post.objects.get()
    assert first.headers["HX-Replace-Url"] == f"/posts/{post.pk}/edit/"
    assert second.status_code == 200
    assert post.text == "More words"
    assert post.deliveries.get().state == State.DRAFT


def _seen(page: str) -> dict[str, str]:
    [value] = re.findall(r'name="seen" value="([^"]+)"', page)
    return {"seen": value}


def test_an_empty_page_is_not_kept(ada_browser: Client, roomy: Account) -> None:
    ada_browser.post(NEW, typed(roomy, action="autosave", text=" "), headers=HTMX)

    assert not Post.objects.exists()


@pytest.mark.parametrize("state", ["scheduled", "publishing", "published", "failed"])
def test_what_has_a_time_is_never_changed_by_itself(
    ada_browser: Client, delivery: Callable[..., Delivery], state: str
) -> None:
    row = delivery("Good morning", **{state: True})
    fields = {**form_of(ada_browser.get(f"/posts/{row.post_id}/edit/").text), "text": "Half a sent"}

    ada_browser.post(f"/posts/{row.post_id}/edit/", {**fields, "action": "autosave"}, headers=HTMX)

    assert Post.objects.get().text == "Good morning"
    row.refresh_from_db()
    assert row.state == state


def test_a_draft_that_cannot_be_kept_says_so(ada_browser: Client, roomy: Account) -> None:
    response = ada_browser.post(NEW, typed(roomy, action="autosave", campaign="999"), headers=HTMX)

    assert response.status_code == 422
    assert "Not saved:" in response.text


@pytest.mark.parametrize("count", [1, 20])
def test_the_composer_costs_the_same_however_many_accounts(
    ada_browser: Client,
    workspace: Workspace,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    post = PostFactory.create(workspace=workspace, media=MediaFactory.create_batch(4, workspace=workspace))
    for account in AccountFactory.create_batch(count, workspace=workspace, platform_name="terse"):
        Delivery.objects.create(post=post, account=account)
    url = f"/posts/{post.pk}/edit/"
    ada_browser.get(url)

    with django_assert_num_queries(16):
        page = ada_browser.get(url)

    assert page.text.count('class="preview"') == count
