"""Links that say where readers came from: which are tagged, with what, and that it stays so."""

import pytest
from django.test import Client

from accounts.factories import AccountFactory, client_of
from accounts.models import Account, User, Workspace
from campaigns.links import Tags, tags_of
from campaigns.models import Campaign
from platforms.base import Platform
from platforms.content import Draft
from platforms.registry import PLATFORMS
from publishing.drafts import draft_for, keep_tags, make_draft
from publishing.factories import CampaignFactory, DeliveryFactory, PostFactory
from publishing.models import Delivery, State
from publishing.preflight import stored_draft
from publishing.previews import preview, stored_preview
from publishing.writing import PostInput, Target, save_post

ONE = Tags({"utm_source": "s"})
ADDED = "utm_source=s"


@pytest.mark.parametrize(
    ("text", "tagged"),
    [
        ("Read https://a.com.", f"Read https://a.com/?{ADDED}."),
        ("https://a.com/b?c=d#e", f"https://a.com/b?c=d&{ADDED}#e"),
        ("(https://a.com/x_(y))", f"(https://a.com/x_(y)?{ADDED})"),
        ("여기https://a.com를 보세요", f"여기https://a.com/?{ADDED}를 보세요"),
        ("https://münchen.de/x!", f"https://münchen.de/x?{ADDED}!"),
        ("http://a.com:8080 and https://b.org/,", f"http://a.com:8080/?{ADDED} and https://b.org/?{ADDED},"),
        ("https://a.com/?q=%20ä&x", f"https://a.com/?q=%20ä&x&{ADDED}"),
        ("https://a.com/?UTM_medium=mail", "https://a.com/?UTM_medium=mail"),
        ("https://a.com/?utm_id=", "https://a.com/?utm_id="),
        ("a.com and mail@a.com", "a.com and mail@a.com"),
        ("https://user:word@a.com/x", "https://user:word@a.com/x"),
        ("ftp://a.com https://", "ftp://a.com https://"),
        ("https://[::1 https://[", "https://[::1 https://["),
        ("", ""),
    ],
)
def test_links_in_a_text_are_tagged_and_nothing_else_is_touched(text: str, tagged: str) -> None:
    assert ONE.text(text) == tagged
    assert ONE.text(tagged) == tagged, "twice is once"


def test_a_long_text_that_is_no_link_takes_no_time() -> None:
    text = "https://" + "a" * 50_000 + "_ " + "https://a" * 5_000

    assert len(ONE.text(text)) >= len(text)


@pytest.mark.parametrize(
    ("link", "is_tagged"),
    [
        ("https://t.me/x", False),
        ("https://www.T.ME/x", False),
        ("https://not-t.me/x", True),
        ("https://t.me.example.org/x", True),
    ],
)
def test_excluded_hosts_and_what_lies_under_them_stay_as_they_are(link: str, is_tagged: bool) -> None:
    tags = Tags({"utm_source": "s"}, frozenset({"t.me"}))

    assert (tags.link(link) != link) is is_tagged


def test_empty_values_take_their_defaults_and_the_networks_name(workspace: Workspace) -> None:
    campaign = CampaignFactory.build(
        workspace=workspace, name="Spring Sale!", tags_links=True, utm_term="a b&c"
    )

    link = tags_of(campaign, "wire").link("https://a.com/")

    assert link == (
        "https://a.com/?utm_source=wire&utm_medium=social&utm_campaign=spring-sale&utm_term=a+b%26c"
    )


def test_a_campaign_that_does_not_tag_changes_nothing(workspace: Workspace) -> None:
    campaign = CampaignFactory.build(workspace=workspace, utm_source="typed")

    assert tags_of(campaign, "wire").text("https://a.com") == "https://a.com"
    assert tags_of(None, "wire").values == {}


def test_what_a_row_keeps_is_what_it_was() -> None:
    tags = Tags({"utm_source": "s"}, frozenset({"t.me"}))

    assert Tags.of_kept(tags.kept()) == tags
    assert Tags.of_kept({}).values == {}


# --- in options ---

PRESSED = [
    pytest.param(platform, option.name, id=f"{platform.name} {option.name}")
    for platform in PLATFORMS.values()
    for option in platform.options
    if option.kind in {"url", "lines"} or option.is_pressed
]
STAYS = {"reshare", "quote", "first_comment_picture"}  # these name a thing; nobody comes to a page by them


@pytest.mark.parametrize(("platform", "name"), PRESSED)
def test_options_that_lead_to_a_page_are_tagged_and_those_that_name_a_thing_are_not(
    platform: type[Platform], name: str
) -> None:
    option = next(option for option in platform.options if option.name == name)
    typed = ["https://a.com/b"] if option.kind == "list" else "https://a.com/b"
    account = Account(platform_name=platform.name, limits={})

    draft = make_draft(
        key="",
        created_at=None,
        account=account,
        text="",
        media=[],
        options={name: typed},
        tags=ONE,  # type: ignore[arg-type]
    )

    assert (ADDED in str(draft.options[name])) is (name not in STAYS)


# --- in posts ---


@pytest.fixture
def campaign(workspace: Workspace) -> Campaign:
    return CampaignFactory.create(workspace=workspace, name="Advent", tags_links=True, utm_source="desk")


@pytest.fixture
def account(workspace: Workspace) -> Account:
    return AccountFactory.create(workspace=workspace)


@pytest.fixture
def delivery(workspace: Workspace, campaign: Campaign, account: Account) -> Delivery:
    post = PostFactory.create(workspace=workspace, campaign=campaign, text="New: https://a.com/bread")
    return DeliveryFactory.create(post=post, account=account, scheduled=True)


def fresh(delivery: Delivery) -> Delivery:
    return Delivery.objects.select_related("post__campaign__workspace", "account").get(pk=delivery.pk)


def said(draft: Draft) -> str:
    return "\n".join(part.text for part in draft.parts)


TAGGED = "New: https://a.com/bread?utm_source=desk&utm_medium=social&utm_campaign=advent"


def test_what_is_shown_and_counted_is_what_is_sent(delivery: Delivery, ben: User, campaign: Campaign) -> None:
    target = Target(delivery.account)
    shown = preview(PostInput(text=delivery.post.text, targets=[target], campaign=campaign), target)

    drafts = [said(draft) for draft in (shown.draft, stored_draft(delivery), draft_for(delivery))]

    assert drafts == [TAGGED] * 3
    rules = delivery.account.platform.rules_with({}, {}, ())
    assert shown.counter.used == rules.text.length(TAGGED)


def test_after_the_first_try_whoever_edits_the_campaign_changes_nothing(
    delivery: Delivery, campaign: Campaign
) -> None:
    keep_tags(fresh(delivery))
    Campaign.objects.filter(pk=campaign.pk).update(utm_source="other")

    assert said(draft_for(fresh(delivery))) == TAGGED
    assert said(stored_preview(fresh(delivery)).draft) == TAGGED


def test_before_it_the_campaigns_present_values_count(delivery: Delivery, campaign: Campaign) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(utm_source="other")

    assert "utm_source=other" in said(draft_for(fresh(delivery)))


@pytest.mark.parametrize("becomes", ["another campaign", "none"])
def test_what_is_out_keeps_its_links_when_the_post_changes_its_campaign(
    becomes: str, delivery: Delivery, ben: User, workspace: Workspace
) -> None:
    keep_tags(fresh(delivery))
    Delivery.objects.update(state=State.PUBLISHED, remote_id="1")
    another = CampaignFactory.create(workspace=workspace, tags_links=True)
    content = PostInput(
        text=delivery.post.text,
        targets=[Target(delivery.account)],
        campaign=another if becomes == "another campaign" else None,
    )

    save_post(ben.memberships.get(), content, delivery.post)

    assert said(stored_draft(fresh(delivery))) == TAGGED


def test_what_went_out_without_a_campaign_gets_no_tags_by_joining_one(
    delivery: Delivery, ben: User, campaign: Campaign
) -> None:
    delivery.post.campaign = None
    delivery.post.save()
    Delivery.objects.update(state=State.PUBLISHED, remote_id="1")
    content = PostInput(text=delivery.post.text, targets=[Target(delivery.account)], campaign=campaign)

    save_post(ben.memberships.get(), content, delivery.post)

    assert said(stored_draft(fresh(delivery))) == "New: https://a.com/bread"


def test_a_refused_post_that_moves_to_another_campaign_begins_afresh(
    delivery: Delivery, ben: User, workspace: Workspace
) -> None:
    keep_tags(fresh(delivery))
    Delivery.objects.update(state=State.FAILED)
    another = CampaignFactory.create(workspace=workspace, name="Easter", tags_links=True)
    content = PostInput(text=delivery.post.text, targets=[Target(delivery.account)], campaign=another)

    save_post(ben.memberships.get(), content, delivery.post)

    assert "utm_campaign=easter" in said(draft_for(fresh(delivery)))


def test_a_refused_post_that_is_saved_again_goes_out_as_the_composer_shows_it(
    delivery: Delivery, ben: User, campaign: Campaign
) -> None:
    keep_tags(fresh(delivery))
    Delivery.objects.update(state=State.FAILED)
    Campaign.objects.filter(pk=campaign.pk).update(utm_source="other")
    campaign.refresh_from_db()
    content = PostInput(text=delivery.post.text, targets=[Target(delivery.account)], campaign=campaign)

    save_post(ben.memberships.get(), content, delivery.post)

    assert said(draft_for(fresh(delivery))) == said(preview(content, content.targets[0]).draft)
    assert "utm_source=other" in said(draft_for(fresh(delivery)))


@pytest.mark.parametrize("pk", ["9" * 30, "0", "x", ""])
def test_a_link_to_the_composer_with_a_strange_campaign_opens_it_all_the_same(pk: str, ben: User) -> None:
    assert client_of(ben).get(f"/posts/new/?campaign={pk}").status_code == 200


def test_a_late_worker_keeps_nothing(delivery: Delivery) -> None:
    late = fresh(delivery)
    Delivery.objects.update(fence=7)

    keep_tags(late)

    assert fresh(delivery).link_tags is None


# --- hosts left alone ---

LINKS = "/campaigns/links/"


def test_hosts_left_alone_are_those_of_the_workspace(ada: User, delivery: Delivery) -> None:
    client_of(ada).post(LINKS, {"untagged_hosts": "T.me, A.com\n"})

    assert said(draft_for(fresh(delivery))) == "New: https://a.com/bread"


def test_what_is_no_host_is_said_beside_the_field(ada: User, workspace: Workspace) -> None:
    response = client_of(ada).post(LINKS, {"untagged_hosts": "a.com\nhttps://b.org/x"})

    workspace.refresh_from_db()
    assert response.status_code == 422
    assert (
        "“https://b.org/x” is not the name of a host." in response.context["form"].errors["untagged_hosts"][0]
    )
    assert workspace.untagged_hosts == ""


def test_who_does_not_manage_the_workspace_changes_none(ben: User, db: None) -> None:
    assert client_of(ben).post(LINKS, {"untagged_hosts": "a.com"}).status_code == 403
    assert Client().get(LINKS).status_code == 302
