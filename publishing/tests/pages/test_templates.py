"""Templates: written, made from a post, filled in, and never at the cost of what stands there."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.factories import AccountFactory
from accounts.models import Account, Membership, User, Workspace
from publishing.factories import CampaignFactory, DeliveryFactory, MediaFactory, PostFactory, upload
from publishing.models import Delivery, Post, State
from publishing.post_templates import (
    Filling,
    MissingVariables,
    Part,
    TemplateInput,
    asked_for,
    filled,
    plain,
    save_template,
    use,
    variables_in,
)
from publishing.template_rows import Template
from publishing.tests.pages.test_composer import NEW, form_of, typed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
LIST = "/templates/"
Make = Callable[..., Template]


@pytest.fixture
def make(member: Membership) -> Make:
    """Makes a template in Ada's workspace."""

    def made(
        text: str = "Loaf of the week: {loaf}", name: str = "Loaf of the week", **fields: Any
    ) -> Template:
        template = save_template(member, TemplateInput(name, text, **fields))
        return Template.objects.whole().get(pk=template.pk)

    return made


# --- variables ---


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{loaf} for {price of it}, {loaf}!", ["loaf", "price of it"]),
        ("{{loaf}} and {}", []),
        ("{1} {a:b} {über}", ["über"]),
        ("{" * 50, []),
    ],
)
def test_variables_are_names_in_braces(text: str, names: list[str]) -> None:
    assert variables_in(text) == names


@pytest.mark.parametrize(
    ("text", "result"),
    [("{a} {b}", "1 {b}"), ("{{a}} {a}", "{a} 1"), ("}} {a", "} {a"), ("{}", "{}")],
)
def test_what_has_no_value_stays_as_it_is(text: str, result: str) -> None:
    assert filled(text, {"a": "1"}) == result


def test_values_are_not_filled_in_again() -> None:
    assert filled("{a}", {"a": "{b}", "b": "2"}) == "{b}"


@pytest.mark.parametrize("text", ["{a} and {{b}}", "code: { }", "plain"])
def test_a_text_made_plain_gives_itself_again(text: str) -> None:
    assert filled(plain(text), {"a": "1", "b": "2"}) == text


def test_the_desk_knows_day_account_and_campaign_itself(
    make: Make, member: Membership, roomy: Account, terse: Account
) -> None:
    campaign = CampaignFactory(workspace=member.workspace, name="Advent")
    template = make("{weekday}, {date}: {account} has {campaign}", campaign=campaign, hashtags="#{campaign}")

    post = use(member, template, Filling(accounts=[roomy, terse]))

    assert asked_for(template) == []
    assert post.text == "Monday, 6 May: Bakery has Advent\n\n#Advent"
    assert {target.account: target.text for target in post.targets} == {
        roomy: f"Monday, 6 May: {roomy.name} has Advent\n\n#Advent",
        terse: f"Monday, 6 May: {terse.name} has Advent\n\n#Advent",
    }


def test_a_campaign_that_nobody_named_is_asked_for(make: Make, member: Membership) -> None:
    template = make("Part of {campaign}")

    with pytest.raises(MissingVariables, match="Say what"):
        use(member, template, Filling())

    campaign = CampaignFactory(workspace=member.workspace, name="Advent")
    assert use(member, template, Filling(campaign=campaign)).text == "Part of Advent"


def test_what_was_said_wins_over_what_the_desk_knows(make: Make, member: Membership) -> None:
    template = make("{weekday}: {loaf}")

    assert use(member, template, Filling({"loaf": "rye", "weekday": "Today"})).text == "Today: rye"


def test_networks_get_their_own_texts_and_options(
    make: Make, member: Membership, roomy: Account, terse: Account
) -> None:
    parts = [Part("terse", "Try {loaf}", {"title": "New"}), Part("roomy", None, {})]
    template = make("Loaf of the week: {loaf}", parts=parts, hashtags="#bread")

    post = use(member, template, Filling({"loaf": "rye"}, accounts=[roomy, terse]))

    assert post.text == "Loaf of the week: rye\n\n#bread"
    assert [(target.text, target.options) for target in post.targets] == [
        (None, {}),
        ("Try rye", {"title": "New"}),
    ]


# --- the page ---


def test_templates_are_written_and_listed(ada_browser: Client, terse: Account, workspace: Workspace) -> None:
    answer = ada_browser.post(
        "/templates/new/",
        {"name": "Loaf", "text": "Try {loaf}\r\nnow", "hashtags": "bread #rye", "part-terse": "Try it"},
    )

    template = Template.objects.get()
    assert answer.status_code == 302
    assert (template.name, template.text, template.hashtags) == ("Loaf", "Try {loaf}\nnow", "#bread #rye")
    assert [(part.platform_name, part.text) for part in template.parts.all()] == [("terse", "Try it")]
    page = ada_browser.get(LIST).text
    assert "Loaf" in page
    assert '<span class="badge">loaf</span>' in page


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": "", "text": "x"}, "This field is required"),
        ({"name": "Empty", "text": " "}, "Write a text or add a picture."),
        ({"name": "loaf OF the week", "text": "x"}, "There is a template of this name already."),
        ({"name": "x" * 81, "text": "x"}, "at most 80 characters"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    ada_browser: Client, make: Make, fields: dict[str, str], sentence: str
) -> None:
    make()

    page = ada_browser.post("/templates/new/", {**fields, "hashtags": "#kept"})

    assert page.status_code == 422
    assert sentence in page.text
    assert "#kept" in page.text
    assert Template.objects.count() == 1


def test_editing_keeps_options_and_pictures(
    ada_browser: Client, make: Make, workspace: Workspace, terse: Account
) -> None:
    pictures = MediaFactory.create_batch(2, workspace=workspace)
    template = make(parts=[Part("terse", "Old", {"title": "Kept"})], media=pictures)

    ada_browser.post(
        f"/templates/{template.pk}/edit/",
        {"name": "New name", "text": "x", "part-terse": "", "media": [pictures[1].pk, pictures[0].pk]},
    )

    template = Template.objects.whole().get()
    assert template.name == "New name"
    assert [(part.text, part.options) for part in template.parts.all()] == [(None, {"title": "Kept"})]
    assert template.pictures == [pictures[1], pictures[0]]


def test_pictures_come_along_and_go_without_script(ada_browser: Client, make: Make) -> None:
    template = make()
    url = f"/templates/{template.pk}/edit/"

    ada_browser.post(url, {"name": "With", "text": "x", "uploads": [upload("cake.png")]})
    picture = Template.objects.get().pictures[0]
    page = ada_browser.post(url, {"name": "With", "text": "x", "media": [picture.pk], "remove": picture.pk})
    refused = ada_browser.post(url, {"name": "With", "text": "x", "uploads": [upload("x.png", b"MZ" * 99)]})

    assert picture.name == "cake.png"
    assert (page.status_code, 'data-picture="' in page.text) == (200, False)
    assert (refused.status_code, "This is not a picture" in refused.text) == (422, True)
    assert Template.objects.get().pictures == [picture]


def test_a_picture_of_a_template_stays_in_the_library(
    ada_browser: Client, make: Make, workspace: Workspace
) -> None:
    picture = MediaFactory(workspace=workspace)
    make(media=[picture])

    page = ada_browser.post(f"/library/{picture.pk}/delete/", follow=True)

    assert "A post holds this, or a template: it stays." in page.text
    assert "In use" in page.text


def test_a_template_is_made_from_a_post(
    ada_browser: Client, delivery: Callable[..., Delivery], workspace: Workspace, terse: Account
) -> None:
    campaign, picture = CampaignFactory(workspace=workspace), MediaFactory(workspace=workspace)
    post = PostFactory(workspace=workspace, text="Good {morning}", campaign=campaign, media=[picture])
    delivery(post=post)
    DeliveryFactory(post=post, account=terse, text="Morning {x}", options={"title": "Hi"})

    answer = ada_browser.post(f"/posts/{post.pk}/template/")
    again = ada_browser.post(f"/posts/{post.pk}/template/")

    first, second = Template.objects.whole().order_by("pk")
    assert answer["Location"] == f"/templates/{first.pk}/edit/"
    assert (first.name, second.name) == ("Good {morning}", "Good {morning} 2")
    assert again.status_code == 302
    assert (first.text, first.campaign, first.pictures, first.created_from) == (
        "Good {{morning}}",
        campaign,
        [picture],
        post,
    )
    assert asked_for(first) == []
    assert [(part.platform_name, part.text, part.options) for part in first.parts.all()] == [
        ("terse", "Morning {{x}}", {"title": "Hi"})
    ]


def test_a_template_is_copied_and_deleted(ada_browser: Client, make: Make, terse: Account) -> None:
    template = make(parts=[Part("terse", "Own")])

    ada_browser.post(f"/templates/{template.pk}/duplicate/")
    asks = ada_browser.get(f"/templates/{template.pk}/delete/")
    ada_browser.post(f"/templates/{template.pk}/delete/")

    copy = Template.objects.get()
    assert "stay as they are" in asks.text
    assert (copy.name, copy.parts.get().text) == ("Loaf of the week, copy", "Own")


def test_templates_are_found_by_their_words(ada_browser: Client, make: Make) -> None:
    make()
    make("Closed on {day}", "Holiday")

    page = ada_browser.get(LIST, {"q": "closed"}).text

    assert "Holiday" in page
    assert "Loaf of the week" not in page
    assert "No template has these words" in ada_browser.get(LIST, {"q": "nowhere"}).text


@pytest.mark.parametrize("count", [1, 9])
def test_the_list_takes_as_many_queries_for_many(
    ada_browser: Client,
    make: Make,
    workspace: Workspace,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    for number in range(count):
        make(name=f"T {number}", parts=[Part("terse", "Own")], media=[MediaFactory(workspace=workspace)])

    with django_assert_num_queries(7):
        page = ada_browser.get(LIST)

    assert page.text.count("template__name") == count


# --- using one ---


def test_a_template_becomes_a_draft(
    ada_browser: Client, make: Make, workspace: Workspace, terse: Account, roomy: Account
) -> None:
    campaign, picture = CampaignFactory(workspace=workspace), MediaFactory(workspace=workspace)
    template = make(parts=[Part("terse", "Try {loaf}")], campaign=campaign, media=[picture])
    page = ada_browser.get(f"/templates/{template.pk}/use/")

    answer = ada_browser.post(
        f"/templates/{template.pk}/use/", {"var-0": "rye & honey", "accounts": [terse.pk]}
    )

    post = Post.objects.get()
    assert re.findall(r'name="accounts" value="(\d+)"[^>]*checked', page.text) == [str(terse.pk)]
    assert answer["Location"] == f"/posts/{post.pk}/edit/"
    assert (post.text, post.campaign, post.pictures) == ("Loaf of the week: rye & honey", campaign, [picture])
    share = post.deliveries.get()
    assert (share.account, share.text, share.state) == (terse, "Try rye & honey", State.DRAFT)


def test_a_missing_variable_is_said_and_nothing_is_lost(ada_browser: Client, make: Make) -> None:
    template = make("{loaf} for {price}")

    page = ada_browser.post(f"/templates/{template.pk}/use/", {"var-0": "rye", "var-1": " "})

    assert page.status_code == 422
    assert "Say what {price} is." in page.text
    assert 'value="rye"' in page.text
    assert not Post.objects.exists()


def test_in_the_composer_a_template_joins_what_is_there(
    ada_browser: Client, make: Make, workspace: Workspace, terse: Account, roomy: Account
) -> None:
    campaign, picture = CampaignFactory(workspace=workspace), MediaFactory(workspace=workspace)
    parts = [Part("terse", "Try {loaf}", {"title": "New", "quiet": True})]
    template = make("{loaf} on {weekday}", parts=parts, campaign=campaign, media=[picture])

    page = ada_browser.post(
        NEW,
        typed(
            terse,
            roomy,
            text="Mine",
            template=template.pk,
            date="2030-05-10",
            time="09:00",
            **{"var-0": "Rye"},
        ),
    )

    form = form_of(page.text)
    assert page.status_code == 200
    assert form["text"] == ["Mine\n\nRye on Friday"]
    assert form[f"share-{terse.pk}-text"] == ["Mine\n\nTry Rye"]
    assert form[f"share-{terse.pk}-option-title"] == ["New"]
    assert form[f"share-{terse.pk}-option-quiet"] == ["on"]
    assert form["media"] == [str(picture.pk)]
    assert form["campaign"] == [str(campaign.pk)]
    assert "data-template-used" in page.text
    assert not Post.objects.exists()


def test_in_the_composer_a_missing_variable_changes_nothing(
    ada_browser: Client, make: Make, roomy: Account
) -> None:
    template = make("{loaf} for {price}")

    page = ada_browser.post(NEW, typed(roomy, text="Mine", template=template.pk, **{"var-0": "Rye"}))

    assert page.status_code == 422
    assert form_of(page.text)["text"] == ["Mine"]
    assert "Say what {price} is." in page.text
    assert "data-dialog-auto" in page.text
    assert 'value="Rye"' in page.text


def test_an_own_text_that_is_there_is_not_replaced(ada_browser: Client, make: Make, terse: Account) -> None:
    template = make("{loaf}", parts=[Part("terse", "Try {loaf}")])
    own = {f"share-{terse.pk}-open": "on", f"share-{terse.pk}-own": "on", f"share-{terse.pk}-text": "Mine"}

    page = ada_browser.post(NEW, typed(terse, text="", template=template.pk, **{"var-0": "Rye"}, **own))

    assert form_of(page.text)[f"share-{terse.pk}-text"] == ["Mine"]


def test_without_accounts_those_of_the_template_s_networks_are_ticked(
    ada_browser: Client, make: Make, terse: Account, roomy: Account
) -> None:
    AccountFactory(workspace=terse.workspace, platform_name="terse", state=Account.State.EXPIRED)
    template = make("Hello", parts=[Part("terse", "Hi")])

    page = ada_browser.post(NEW, typed(text="", template=template.pk))

    assert form_of(page.text)["accounts"] == [str(terse.pk)]


def test_the_dialog_lists_and_asks(ada_browser: Client, make: Make) -> None:
    template = make()

    assert "Loaf of the week" in ada_browser.get("/templates/pick/").text
    assert "No template here" in ada_browser.get("/templates/pick/", {"q": "nowhere"}).text
    asked = ada_browser.get(f"/templates/{template.pk}/ask/").text
    assert 'name="var-0"' in asked
    assert 'form="composer"' in asked


def test_strangers_and_onlookers_use_nothing(
    stranger: Client, onlooker: Client, make: Make, cho: User
) -> None:
    template = make()

    assert stranger.post(NEW, typed(text="x", template=template.pk)).status_code == 404
    assert "Loaf of the week" not in stranger.get(LIST).text
    assert "Loaf of the week" in onlooker.get(LIST).text
    assert "Use" not in onlooker.get(LIST).text.partition("<main")[2]
    assert onlooker.get("/templates/new/").status_code == 403
