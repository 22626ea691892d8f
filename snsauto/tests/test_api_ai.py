"""Help with writing and templates, for programs."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from accounts.factories import AccountFactory, client_of
from accounts.models import Account, User, Workspace
from publishing.ai_rows import AiProfile, AiUse
from publishing.factories import CampaignFactory, DeliveryFactory, MediaFactory, PostFactory
from publishing.models import Post
from publishing.post_templates import Part, TemplateInput, save_template
from publishing.template_rows import Template
from publishing.tests.ai import fake
from publishing.tests.ai.fake import FakeClaude, Reply
from snsauto.tests.test_api import API, api

pytestmark = pytest.mark.django_db


@pytest.fixture
def claude(settings: Settings) -> Iterator[FakeClaude]:
    with fake.running() as server:
        settings.ANTHROPIC_API_KEY = "key-of-a-test"
        settings.ANTHROPIC_BASE_URL = server.url
        yield server


@pytest.fixture
def account(workspace: Workspace) -> Account:
    """On the network with the shortest texts."""
    return AccountFactory(workspace=workspace, platform_name="x")


def test_a_brief_becomes_a_text(ada: User, account: Account, claude: FakeClaude) -> None:
    claude.says("Rye until Sunday.")

    answer = api(ada).post(f"{API}/ai/generate/", {"brief": "rye", "accounts": [account.pk], "tone": "dry"})

    assert answer.status_code == 200
    assert answer.json() == {
        "text": "Rye until Sunday.",
        "hashtags": [],
        "changes": [],
        "notes": [],
        "by": "claude-sonnet-5-5",
        "is_ai": True,
    }
    assert "at most 280" in claude.question()


def test_a_text_is_mended_until_it_fits_by_the_network_s_own_counting(
    ada: User, account: Account, claude: FakeClaude
) -> None:
    claude.says("語" * 141, "語" * 140)  # each counts two

    answer = api(ada).post(f"{API}/ai/rewrite/", {"text": "語" * 200, "account": account.pk})

    assert answer.json()["text"] == "語" * 140
    assert "2 characters too long" in claude.question(1)


@pytest.mark.parametrize(
    ("path", "body", "reply", "found"),
    [
        ("hashtags", {"text": "Rye bread"}, json.dumps({"hashtags": ["rye"]}), {"hashtags": ["rye"]}),
        (
            "optimize",
            {"text": "Good bread"},
            json.dumps({"changes": [{"before": "Good", "after": "Dark", "why": "Say how."}]}),
            {"text": "Dark bread", "changes": [{"before": "Good", "after": "Dark", "why": "Say how."}]},
        ),
        ("reply", {"message": "Open?", "author": "Maria"}, "We are.", {"text": "We are."}),
    ],
)
def test_each_question_has_its_answer(
    ada: User, claude: FakeClaude, path: str, body: dict[str, Any], reply: str, found: dict[str, Any]
) -> None:
    claude.says(reply)

    answer = api(ada).post(f"{API}/ai/{path}/", body)

    assert answer.status_code == 200
    assert found.items() <= answer.json().items()


def test_an_answer_streams(ada: User, claude: FakeClaude) -> None:
    claude.says("Rye until Sunday.")

    answer = api(ada).post(
        f"{API}/ai/generate/?stream=1", {"brief": "rye"}, headers={"Accept": "text/event-stream"}
    )

    said = b"".join(answer.streaming_content).decode()
    assert answer["Content-Type"] == "text/event-stream"
    assert 'event: delta\ndata: {"text": "Rye"}\n\n' in said
    assert said.rstrip().rpartition("event: ")[2].startswith('done\ndata: {"text": "Rye until Sunday."')


def test_a_stream_that_breaks_off_ends_with_failed(ada: User, claude: FakeClaude) -> None:
    claude.says(Reply("One two three", breaks_after=1))

    answer = api(ada).post(f"{API}/ai/generate/?stream=1", {"brief": "rye"})

    said = b"".join(answer.streaming_content).decode()
    assert 'event: failed\ndata: {"code": "ai_cut_off"' in said
    assert "event: done" not in said


@pytest.mark.parametrize("stream", ["", "?stream=1"])
@pytest.mark.parametrize(
    ("reply", "status", "code"),
    [(Reply(status=401), 503, "ai_unavailable"), (Reply(status=400), 503, "ai_unavailable")],
)
def test_what_is_refused_before_it_begins_is_a_problem(
    ada: User, claude: FakeClaude, reply: Reply, status: int, code: str, stream: str
) -> None:
    claude.says(reply)

    answer = api(ada).post(f"{API}/ai/generate/{stream}", {"brief": "rye"})

    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["code"] == code


@pytest.mark.parametrize(
    ("reply", "status", "code"),
    [
        (Reply("No", "refusal"), 422, "ai_refused"),
        (Reply("One", "max_tokens"), 502, "ai_cut_off"),
        (Reply("One two", breaks_after=1), 502, "ai_cut_off"),
    ],
)
def test_no_answer_has_a_code(ada: User, claude: FakeClaude, reply: Reply, status: int, code: str) -> None:
    claude.says(reply)

    answer = api(ada).post(f"{API}/ai/reply/", {"message": "Open?"})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["detail"]


def test_a_spent_budget_is_a_problem(ada: User, workspace: Workspace, claude: FakeClaude) -> None:
    AiProfile.objects.create(workspace=workspace, monthly_budget=0)

    answer = api(ada).post(f"{API}/ai/generate/?stream=1", {"brief": "rye"})

    assert (answer.status_code, answer.json()["code"]) == (402, "ai_budget_spent")


def test_without_a_key_the_built_in_helper_answers_and_says_so(ada: User, workspace: Workspace) -> None:
    media = MediaFactory(workspace=workspace, name="rye_loaf.png")

    answer = api(ada).post(f"{API}/ai/alt-text/", {"media": media.pk}).json()

    assert (answer["text"], answer["by"], answer["is_ai"]) == ("rye loaf", "built-in", False)
    assert not AiUse.objects.exists()


def test_what_belongs_to_others_does_not_exist(cho: User, account: Account, workspace: Workspace) -> None:
    media = MediaFactory(workspace=workspace)

    for path, body in (
        ("rewrite", {"text": "x", "account": account.pk}),
        ("alt-text", {"media": media.pk}),
        ("generate", {"brief": "x", "accounts": [account.pk]}),
    ):
        answer = api(cho).post(f"{API}/ai/{path}/", body)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "does_not_exist"), path


def test_onlookers_ask_nothing(vic: User) -> None:
    assert api(vic).post(f"{API}/ai/generate/", {"brief": "x"}).status_code == 403


@pytest.mark.parametrize("body", [{}, {"brief": ""}, {"brief": "x" * 5000}])
def test_a_brief_that_makes_no_sense_is_refused(ada: User, body: dict[str, str]) -> None:
    answer = api(ada).post(f"{API}/ai/generate/", body)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "brief")


# --- templates ---


def template(user: User, **fields: Any) -> Template:
    content = {"name": "Loaf", "text": "Try {loaf}, {weekday}", **fields}
    return save_template(user.memberships.get(), TemplateInput(**content))


def test_a_template_is_made_changed_and_deleted(ada: User, account: Account, workspace: Workspace) -> None:
    client, media = api(ada), MediaFactory(workspace=workspace)
    campaign = CampaignFactory(workspace=workspace)
    body = {
        "name": "Loaf",
        "text": "Try {loaf}",
        "hashtags": "#bread",
        "parts": [{"platform": "x", "text": "{loaf}!", "options": {"a": 1}}],
        "media": [media.pk],
        "campaign": campaign.pk,
    }

    made = client.post(f"{API}/templates/", body)
    url = f"{API}/templates/{made.json()['id']}/"
    patched = client.patch(url, {"text": "Taste {loaf}"})
    put = client.put(url, {"name": "Other", "text": "Plain"})

    assert made.status_code == 201
    assert body.items() <= made.json().items()
    assert made.json()["variables"] == ["loaf"]
    assert {**body, "text": "Taste {loaf}"}.items() <= patched.json().items()
    assert (put.json()["name"], put.json()["parts"], put.json()["media"]) == ("Other", [], [])
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404


def test_a_repeated_key_makes_one_template(ada: User) -> None:
    client = api(ada)

    answers = [
        client.post(f"{API}/templates/", {"name": "Loaf"}, headers={"Idempotency-Key": "k"}) for _ in range(2)
    ]

    assert answers[0].json() == answers[1].json()
    assert Template.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "loaf"}, "name"),
        ({"text": "x"}, "name"),
        ({"name": "x", "parts": [{"platform": "nowhere"}]}, "parts.0.platform"),
        ({"name": "x", "parts": [{"platform": "x"}, {"platform": "x"}]}, "parts"),
        ({"name": "x", "media": [1]}, "media"),
    ],
)
def test_a_wrong_template_is_refused_field_by_field(ada: User, body: dict[str, Any], field: str) -> None:
    template(ada)

    answer = api(ada).post(f"{API}/templates/", body)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field
    assert Template.objects.count() == 1


def test_a_template_becomes_a_draft_or_is_only_shown(ada: User, account: Account) -> None:
    row = template(ada, parts=[Part("x", "{loaf}!", {})], hashtags="#bread")
    asked = {"variables": {"loaf": "rye"}, "date": "2030-05-10"}

    shown = api(ada).post(f"{API}/templates/{row.pk}/use/", {**asked, "save": False})
    assert not Post.objects.exists()
    made = api(ada).post(f"{API}/templates/{row.pk}/use/", asked)

    assert shown.json()["text"] == made.json()["text"] == "Try rye, Friday\n\n#bread"
    assert shown.json()["accounts"] == [{"account": account.pk, "text": "rye!", "options": {}}]
    assert (made.status_code, made.json()["id"]) == (201, Post.objects.get().pk)
    assert Post.objects.get().deliveries.get().text == "rye!"


def test_a_missing_variable_is_named_and_nothing_is_made(ada: User, account: Account) -> None:
    row = template(ada)

    answer = api(ada).post(f"{API}/templates/{row.pk}/use/", {"variables": {"bread": "rye"}})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "variables.loaf")
    assert answer.json()["errors"][0]["code"] == "variable_missing"
    assert not Post.objects.exists()


def test_a_template_is_made_from_a_post(ada: User, cho: User, account: Account, workspace: Workspace) -> None:
    post = PostFactory(workspace=workspace, text="Good {morning}")
    DeliveryFactory(post=post, account=account, text="Short")

    made = api(ada).post(f"{API}/templates/from-post/{post.pk}/")

    assert (made.status_code, made.json()["text"]) == (201, "Good {{morning}}")
    assert (made.json()["created_from"], made.json()["parts"][0]["text"]) == (post.pk, "Short")
    assert api(cho).post(f"{API}/templates/from-post/{post.pk}/").status_code == 404


@pytest.mark.parametrize("count", [1, 7])
def test_the_list_takes_as_many_queries_for_many(
    ada: User, workspace: Workspace, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    for number in range(count):
        template(ada, name=f"T {number}", parts=[Part("x", "x")], media=[MediaFactory(workspace=workspace)])
    client = api(ada)
    client.get(f"{API}/me/")

    with django_assert_num_queries(8):
        answer = client.get(f"{API}/templates/?q=T")

    assert len(answer.json()["results"]) == count
    assert client.get(f"{API}/templates/?q=nowhere").json()["results"] == []


def test_whoever_writes_templates_reads_them_fresh(ada: User) -> None:
    client = api(ada)
    made = client.post(f"{API}/templates/", {"name": "Loaf", "text": "Rye."}, format="json").json()
    address = f"{API}/templates/{made['id']}/"

    def listed() -> list[tuple[str, str]]:
        return [(row["name"], row["text"]) for row in client.get(f"{API}/templates/").json()["results"]]

    assert listed() == [("Loaf", "Rye.")]
    client.patch(address, {"text": "Spelt."}, format="json")
    assert listed() == [("Loaf", "Spelt.")]
    client_of(ada).post(f"/templates/{made['id']}/duplicate/")
    assert len(listed()) == 2
    client.delete(address)
    assert len(listed()) == 1
