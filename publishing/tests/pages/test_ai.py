"""The helper on the pages: streamed for script, posted without, and the workspace's settings for it."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from accounts.factories import client_of
from accounts.models import Account, AuditEvent, Membership, User, Workspace
from publishing.ai.budget import reserve
from publishing.ai.prices import Tokens
from publishing.ai_rows import AiProfile, AiUse
from publishing.factories import MediaFactory
from publishing.models import Post
from publishing.tests.ai import fake
from publishing.tests.ai.fake import FakeClaude, Reply
from publishing.tests.pages.test_composer import NEW, form_of, typed

pytestmark = pytest.mark.django_db
STREAM = "/posts/ai/"
REPLY = "/ai/reply/"
SETTINGS = "/ai/settings/"


@pytest.fixture
def claude(settings: Settings) -> Iterator[FakeClaude]:
    with fake.running() as server:
        settings.ANTHROPIC_API_KEY = "key-of-a-test"
        settings.ANTHROPIC_BASE_URL = server.url
        yield server


def events(answer: Any) -> list[tuple[str, dict[str, Any]]]:
    """What a stream says, by name."""
    assert answer["Content-Type"] == "text/event-stream"
    blocks = b"".join(answer.streaming_content).decode().split("\n\n")
    parts = [block.split("\n") for block in blocks if block.startswith("event: ")]
    return [(name.removeprefix("event: "), json.loads(said.removeprefix("data: "))) for name, said in parts]


def suggested(form: dict[str, Any]) -> str:
    """Browsers leave out the line that a textarea begins with."""
    return str(form["ai-suggestion"][0]).removeprefix("\n")


# --- streamed ---


def test_a_brief_becomes_a_text_word_by_word(ada_browser: Client, roomy: Account, claude: FakeClaude) -> None:
    claude.says("Rye until Sunday.")
    form = typed(roomy, ai="generate", text="", **{"ai-brief": "rye", "ai-tone": "festive", "ai-voice": "on"})

    said = events(ada_browser.post(STREAM, form))

    assert [text["text"] for name, text in said if name == "delta"] == ["Rye", " until", " Sunday."]
    assert said[-1][0] == "done"
    assert said[-1][1]["text"] == "Rye until Sunday."
    assert "Roomy: at most 40 characters" in claude.question()
    assert not Post.objects.exists()


def test_only_networks_that_share_the_text_limit_it(
    ada_browser: Client, roomy: Account, terse: Account, claude: FakeClaude
) -> None:
    own = {f"share-{terse.pk}-open": "on", f"share-{terse.pk}-own": "on", f"share-{terse.pk}-text": "Short"}
    events(ada_browser.post(STREAM, typed(roomy, terse, ai="generate", **{"ai-brief": "rye"}, **own)))

    assert "Roomy" in claude.question()
    assert "Terse" not in claude.question()


def test_a_text_is_shortened_for_one_account(ada_browser: Client, terse: Account, claude: FakeClaude) -> None:
    claude.says("Still more than twenty characters", "Bread is ready.")
    form = typed(terse, ai=f"rewrite-{terse.pk}", text="The bread is out of the oven now")

    said = events(ada_browser.post(STREAM, form))

    assert "again" in dict(said)
    assert said[-1][1]["text"] == "Bread is ready."
    assert "The bread is out of the oven now" in claude.question(0)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply("One two three", breaks_after=2), "ai_cut_off"),
        (Reply("One two three", "max_tokens"), "ai_cut_off"),
        (Reply("No", "refusal"), "ai_refused"),
        (Reply(status=401), "ai_unavailable"),
    ],
)
def test_a_stream_that_fails_ends_with_a_sentence_and_never_with_a_text(
    ada_browser: Client, claude: FakeClaude, reply: Reply, code: str
) -> None:
    claude.says(reply)

    said = events(ada_browser.post(STREAM, typed(ai="generate", **{"ai-brief": "rye"})))

    assert said[-1][0] == "failed"
    assert said[-1][1]["code"] == code
    assert said[-1][1]["message"]
    assert "done" not in dict(said)


@pytest.mark.parametrize(
    ("pressed", "sentence"), [("generate", "what the post is about"), ("optimise", "Write something first")]
)
def test_without_material_nobody_is_asked(
    ada_browser: Client, claude: FakeClaude, pressed: str, sentence: str
) -> None:
    said = events(ada_browser.post(STREAM, typed(ai=pressed, text=" ")))

    assert [name for name, _said in said] == ["failed"]
    assert sentence in said[0][1]["message"]
    assert claude.asked == []


def test_a_brief_that_is_too_long_is_said_to_be(ada_browser: Client, claude: FakeClaude) -> None:
    said = events(ada_browser.post(STREAM, typed(ai="generate", **{"ai-brief": "x" * 5000})))

    assert "at most 4000 characters" in said[0][1]["message"]


def test_a_spent_budget_is_said(ada_browser: Client, workspace: Workspace, claude: FakeClaude) -> None:
    AiProfile.objects.create(workspace=workspace, monthly_budget=0)

    said = events(ada_browser.post(STREAM, typed(ai="optimise")))

    assert said[-1][1]["code"] == "ai_budget_spent"


def test_who_goes_away_ends_the_answer(ada_browser: Client, claude: FakeClaude) -> None:
    claude.says(Reply("One two three four", pauses_after=2))
    answer = ada_browser.post(STREAM, typed(ai="generate", **{"ai-brief": "rye"}))
    words = iter(answer.streaming_content)
    while b"One" not in next(words):
        pass

    answer._iterator.close()  # what a server does; `close` would take the test's connection along

    assert claude.hung_up.wait(5)
    assert AiUse.objects.get().outcome == "cancelled"


def test_what_belongs_to_others_cannot_be_worked_on(
    stranger: Client, terse: Account, workspace: Workspace
) -> None:
    media = MediaFactory(workspace=workspace)

    for pressed in (f"rewrite-{terse.pk}", f"alt_text-{media.pk}", "nonsense", "rewrite-x"):
        form = typed(terse, ai=pressed, media=[media.pk])
        assert stranger.post(STREAM, form).status_code == 404, pressed


def test_an_onlooker_is_not_helped(onlooker: Client) -> None:
    assert onlooker.post(STREAM, typed(ai="optimise")).status_code == 403


# --- without script ---


def test_without_script_the_suggestion_comes_back_in_the_page(
    ada_browser: Client, roomy: Account, claude: FakeClaude
) -> None:
    claude.says("Rye until Sunday.")

    page = ada_browser.post(NEW, typed(roomy, ai="generate", text="Mine", **{"ai-brief": "rye"}))

    form = form_of(page.text)
    assert suggested(form) == "Rye until Sunday."
    assert form["text"] == ["Mine"]
    assert 'id="ai" data-url="/posts/ai/" open' in page.text
    assert not Post.objects.exists()


@pytest.mark.parametrize(
    ("pressed", "text"),
    [("insert", "Mine\n\nBetter"), ("replace", "Better"), ("discard", "Mine")],
)
def test_a_suggestion_is_used_or_put_away(ada_browser: Client, pressed: str, text: str) -> None:
    page = ada_browser.post(NEW, typed(ai=pressed, text="Mine", **{"ai-suggestion": "Better"}))

    assert form_of(page.text)["text"] == [text]
    assert suggested(form_of(page.text)) == ""


def test_a_shortened_text_becomes_the_account_s_own(
    ada_browser: Client, terse: Account, claude: FakeClaude
) -> None:
    claude.says("Bread is ready.")

    page = ada_browser.post(
        NEW, typed(terse, ai=f"rewrite-{terse.pk}", text="The bread is out of the oven now")
    )

    form = form_of(page.text)
    assert form[f"share-{terse.pk}-text"] == ["Bread is ready."]
    assert form[f"share-{terse.pk}-own"] == ["on"]
    assert form["text"] == ["The bread is out of the oven now"]


def test_a_description_goes_to_its_picture(
    ada_browser: Client, workspace: Workspace, claude: FakeClaude
) -> None:
    media = MediaFactory(workspace=workspace, alt_text="")
    claude.says("A loaf on a board.")

    page = ada_browser.post(NEW, typed(ai=f"alt_text-{media.pk}", media=[media.pk]))

    assert form_of(page.text)[f"picture-{media.pk}-alt_text"] == ["A loaf on a board."]
    media.refresh_from_db()
    assert media.alt_text == ""


def test_what_went_wrong_stands_in_the_page_and_nothing_is_lost(
    ada_browser: Client, claude: FakeClaude
) -> None:
    claude.says(Reply("No", "refusal"))

    page = ada_browser.post(NEW, typed(ai="optimise", text="Mine"))

    assert "The AI declined to write this." in page.text
    assert form_of(page.text)["text"] == ["Mine"]


def test_changes_stand_there_with_their_reasons(ada_browser: Client, claude: FakeClaude) -> None:
    claude.says(json.dumps({"changes": [{"before": "good", "after": "<dark>", "why": "Say how."}]}))

    page = ada_browser.post(NEW, typed(ai="optimise", text="A good loaf"))

    assert "<del>good</del> <ins>&lt;dark&gt;</ins>" in page.text
    assert suggested(form_of(page.text)) == "A <dark> loaf"


def test_a_desk_without_a_key_says_what_helps(ada_browser: Client) -> None:
    page = ada_browser.post(NEW, typed(ai="hashtags", text="Sourdough bread"))

    assert "This desk has no key for an AI." in page.text
    assert "by the built-in helper" in page.text


# --- answers ---


def test_an_answer_is_drafted_as_a_stream_and_as_a_page(ada_browser: Client, claude: FakeClaude) -> None:
    claude.says("We do.", "We do, yes.")
    asked = {"ai-message": "Open on Sunday?", "ai-author": "Maria", "ai-post": "Hours", "ai-most": "100"}

    streamed = events(ada_browser.post(REPLY, asked, headers={"Accept": "text/event-stream"}))
    page = ada_browser.post(REPLY, asked, headers={"Referer": "http://testserver/inbox/7/"})

    assert streamed[-1][1]["text"] == "We do."
    assert "We do, yes." in page.text
    assert 'href="http://testserver/inbox/7/"' in page.text


def test_an_answer_to_nothing_is_refused_and_leads_nowhere_else(ada_browser: Client) -> None:
    page = ada_browser.post(REPLY, {}, headers={"Referer": "https://elsewhere.example/"})

    assert page.status_code == 422
    assert "elsewhere.example" not in page.text
    assert events(ada_browser.post(REPLY, {}, headers={"Accept": "text/event-stream"}))[0][0] == "failed"


# --- settings ---


def test_an_owner_says_how_the_workspace_sounds(ada_browser: Client, workspace: Workspace) -> None:
    said = {"voice": "Dry.", "forbidden_words": "cheap\n\n must have \n", "monthly_budget": "7.50"}

    answer = ada_browser.post(SETTINGS, said)

    profile = AiProfile.objects.get(workspace=workspace)
    assert answer.status_code == 302
    assert (profile.voice, profile.forbidden_words, profile.budget) == (
        "Dry.",
        ["cheap", "must have"],
        Decimal("7.50"),
    )
    assert AuditEvent.objects.filter(action="ai.changed").exists()


@pytest.mark.parametrize("budget", ["-1", "1000", "lots"])
def test_a_budget_that_makes_no_sense_is_refused(
    ada_browser: Client, workspace: Workspace, budget: str
) -> None:
    page = ada_browser.post(SETTINGS, {"voice": "Dry.", "monthly_budget": budget})

    assert page.status_code == 422
    assert 'aria-invalid="true"' in page.text
    assert not AiProfile.objects.exists()


def test_members_look_and_owners_change(ben: User, onlooker: Client, workspace: Workspace) -> None:
    AiProfile.objects.create(workspace=workspace, voice="Dry.", forbidden_words=["cheap"])

    page = client_of(ben).get(SETTINGS)

    assert "Dry." in page.text
    assert "<textarea" not in page.text
    assert client_of(ben).post(SETTINGS, {"voice": "Loud."}).status_code == 403
    assert onlooker.get(SETTINGS).status_code == 200
    assert AiProfile.objects.get().voice == "Dry."


@pytest.mark.parametrize("count", [1, 12])
def test_the_month_is_shown_in_few_queries(
    ada_browser: Client, member: Membership, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    for _number in range(count):
        reserve(member, "reply", "claude-sonnet-5-5", Tokens(output=10_000))

    with django_assert_num_queries(7):
        page = ada_browser.get(SETTINGS)

    assert f"${count * 0.1:.2f}" in page.text
    assert "Since 1 " in page.text
    assert "Draft an answer" in page.text
