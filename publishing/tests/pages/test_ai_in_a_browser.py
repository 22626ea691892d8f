"""The helper and the templates in a real browser: words that come one by one, cancelled, undone, used."""

import json
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.template.loader import render_to_string
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings

from accounts.models import Account, Membership, Workspace
from publishing.ai import claude as wire
from publishing.factories import MediaFactory
from publishing.models import Delivery, Post
from publishing.post_templates import Part, TemplateInput, save_template
from publishing.tests.ai import fake
from publishing.tests.ai.fake import FakeClaude, Reply
from publishing.tests.pages.test_in_a_browser import (
    AXE,
    choose,
    database_beside_the_browser,
    desk,
    write,
)

__all__ = ["database_beside_the_browser", "desk"]  # fixtures
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def loaded() -> None:
    """The first question would load a large package."""
    wire._client("key-of-a-test", "http://127.0.0.1:9")


@pytest.fixture
def claude(settings: Settings) -> Iterator[FakeClaude]:
    with fake.running() as server:
        settings.ANTHROPIC_API_KEY = "key-of-a-test"
        settings.ANTHROPIC_BASE_URL = server.url
        yield server


def ask(page: Page, brief: str) -> None:
    page.locator("#ai > summary").click()
    page.get_by_label("What is the post about?").fill(brief)
    page.get_by_role("button", name="Write it").click()


def test_a_text_is_written_cancelled_written_again_used_and_undone(
    desk: Callable[..., Page], roomy: Account, claude: FakeClaude
) -> None:
    claude.says(Reply("One two three four", pauses_after=2), "Rye until Sunday.")
    page = desk("/posts/new/")
    choose(page, roomy)
    write(page, "Mine")
    ask(page, "rye")
    suggestion = page.get_by_label("Suggestion")

    expect(suggestion).to_have_value("One two")
    page.locator("[data-ai-stop]").click()
    expect(page.get_by_text("Cancelled. What stands here is not whole.")).to_be_visible()
    expect(page.get_by_role("button", name="Replace the text")).to_be_hidden()
    assert claude.hung_up.wait(5)

    page.get_by_role("button", name="Write it").click()
    expect(suggestion).to_have_value("Rye until Sunday.")
    page.get_by_role("button", name="Replace the text").click()
    expect(page.get_by_label("Text", exact=True)).to_have_value("Rye until Sunday.")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Text", exact=True)).to_have_value("Mine")

    page.get_by_role("button", name="Write it").click()
    page.get_by_role("button", name="Add below").click()
    page.get_by_role("button", name="Save draft").click()
    page.wait_for_url("**/posts/*/edit/")
    assert Post.objects.get().text.startswith("Mine\n\n")


def test_a_text_is_shortened_into_the_account_s_own_and_a_picture_described(
    desk: Callable[..., Page], terse: Account, workspace: Workspace, claude: FakeClaude
) -> None:
    picture = MediaFactory(workspace=workspace, alt_text="")
    claude.says("Bread is ready.", "A loaf on a board.", Reply("One two three", breaks_after=2))
    page = desk(f"/posts/new/?media={picture.pk}&account={terse.pk}")
    write(page, "The bread is out of the oven now")

    page.get_by_role("button", name="Shorten for Terse").click()
    own = page.get_by_label("Text for ada.terse")
    expect(own).to_have_value("Bread is ready.")
    page.get_by_role("button", name="Describe").click()
    described = page.get_by_label(f"Description of {picture.name}")
    expect(described).to_have_value("A loaf on a board.")
    page.get_by_role("button", name="Describe").click()
    expect(page.get_by_text("The answer broke off in the middle")).to_be_visible()
    expect(described).to_have_value("A loaf on a board.")  # nothing half-written stays

    page.get_by_role("button", name="Save draft").click()
    page.wait_for_url("**/posts/*/edit/")
    picture.refresh_from_db()
    assert (Delivery.objects.get().text, picture.alt_text) == ("Bread is ready.", "A loaf on a board.")


def test_improvements_are_ticked_one_by_one(desk: Callable[..., Page], claude: FakeClaude) -> None:
    changes = [
        {"before": "good", "after": "dark", "why": "How?"},
        {"before": "", "after": "Yours?", "why": "Ask."},
    ]
    claude.says(json.dumps({"changes": changes}))
    page = desk("/posts/new/")
    write(page, "A good loaf")
    page.locator("#ai > summary").click()
    page.get_by_role("button", name="Improve").click()
    suggestion = page.get_by_label("Suggestion")

    expect(suggestion).to_have_value("A dark loaf\n\nYours?")
    page.locator("#ai-changes input").nth(1).uncheck()

    expect(suggestion).to_have_value("A dark loaf")


def test_a_template_is_chosen_filled_in_and_kept(
    desk: Callable[..., Page], member: Membership, roomy: Account, terse: Account
) -> None:
    content = TemplateInput("Loaf of the week", "{loaf} is here", parts=[Part("terse", "Try {loaf}")])
    save_template(member, content)
    page = desk(f"/posts/new/?account={roomy.pk}&account={terse.pk}")
    write(page, "Hello")
    page.get_by_role("link", name="Template", exact=True).click()
    page.get_by_role("button", name="Loaf of the week").click()

    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_text("Say what {loaf} is.")).to_be_visible()
    expect(page.locator("#id_text")).to_have_value("Hello")
    page.get_by_label("loaf", exact=True).fill("Rye")
    page.get_by_label("loaf", exact=True).press("Enter")

    expect(page.locator("#id_text")).to_have_value("Hello\n\nRye is here")
    expect(page.get_by_label("Text for ada.terse")).to_have_value("Hello\n\nTry Rye")
    expect(page.locator("#saved")).to_contain_text("Saved")
    assert Post.objects.get().text == "Hello\n\nRye is here"


def test_an_answer_is_drafted_into_a_reply_box_and_taken_back(
    desk: Callable[..., Page], claude: FakeClaude
) -> None:
    asked = {"message": "Open on </input> Sunday?", "author": "Maria", "field": "box"}
    piece = render_to_string("publishing/ai_reply.html", asked)
    claude.says("We are, until two.", Reply("No", "refusal"))
    page = desk("/templates/")
    page.evaluate(
        """([piece]) => {
          const form = document.createElement("form");
          const token = document.createElement("input");
          const box = document.createElement("textarea");
          Object.assign(token, { name: "csrfmiddlewaretoken", type: "hidden" });
          token.value = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
          Object.assign(box, { id: "box", value: "Mine" });
          form.innerHTML = piece;
          form.append(token, box);
          document.querySelector("main").append(form);
        }""",
        [piece],
    )
    page.add_script_tag(url="/static/js/ai-reply.js", type="module")

    page.get_by_role("button", name="Draft an answer").click()
    expect(page.locator("#box")).to_have_value("We are, until two.")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#box")).to_have_value("Mine")
    page.get_by_role("button", name="Draft an answer").click()
    expect(page.get_by_text("The AI declined to write this.")).to_be_visible()
    expect(page.locator("#box")).to_have_value("Mine")
    assert "Open on &lt;/input&gt; Sunday?" in claude.question(0)


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_the_pages_have_no_faults_for_people_who_listen_and_fit_their_screen(
    desk: Callable[..., Page], member: Membership, terse: Account, claude: FakeClaude, width: int, scheme: str
) -> None:
    template = save_template(
        member, TemplateInput("Loaf", "{loaf} on {weekday}", "#bread", [Part("terse", "Try {loaf}")])
    )
    page = desk("/templates/", width, color_scheme=scheme)

    paths = [f"/templates/{template.pk}/{what}/" for what in ("edit", "use", "delete")]
    for path in ("/templates/", *paths, "/ai/settings/", "/posts/new/"):
        page.goto(path)
        if path == "/posts/new/":
            ask(page, "rye")
            expect(page.get_by_role("button", name="Replace the text")).to_be_visible()
        found = Axe().run(page, options=AXE)
        assert found.violations_count == 0, f"{path}\n{found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
