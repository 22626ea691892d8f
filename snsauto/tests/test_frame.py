"""The frame around every page: what it shows, what it costs, and the look it fetches."""

import gzip

import pytest
from django.test import Client

from accounts.factories import MembershipFactory, UserFactory, client_of
from accounts.models import User, Workspace
from accounts.templatetags.interface import STATES
from publishing.factories import DeliveryFactory
from publishing.models import State
from snsauto.context import Frame
from snsauto.stylesheet import FOLDER, stylesheet


def staff(workspace: Workspace) -> Client:
    person = UserFactory.create(name="Sue", is_staff=True)
    MembershipFactory.create(user=person, workspace=workspace)
    return client_of(person)


def test_deliveries_are_called_the_same_in_the_look_and_in_the_engine() -> None:
    words = {state: STATES[state][0] for state in State.values}

    assert words == dict(State.choices)


# --- the rail ---


def test_the_rail_counts_what_needs_a_person_in_this_workspace(ada: User, workspace: Workspace) -> None:
    for trait in ("failed", "unknown", "missed", "scheduled", "published"):
        DeliveryFactory.create(post__workspace=workspace, **{trait: True})
    DeliveryFactory.create(failed=True)

    frame = Frame(ada.memberships.get())

    assert frame.trouble == 3


def test_the_rail_offers_all_workspaces_of_the_person_and_no_other(ada: User, cho: User) -> None:
    MembershipFactory.create(user=ada, workspace__name="Aviary")

    page = client_of(ada).get("/accounts/settings/").content.decode()

    assert "Aviary" in page
    assert "Bakery" in page
    assert "Elsewhere" not in page


def test_the_rail_costs_one_query(ada: User, django_assert_num_queries: pytest.FixtureRequest) -> None:
    frame = Frame(ada.memberships.select_related("user").get())

    with django_assert_num_queries(1):  # type: ignore[operator]
        twice = [(frame.trouble, frame.unread, len(frame.memberships)) for _ in range(2)]

    assert twice == [(0, 0, 1), (0, 0, 1)]


def test_a_viewer_is_not_offered_to_write(vic: User) -> None:
    page = client_of(vic).get("/accounts/settings/").content.decode()

    assert "New post" not in page


def test_a_page_names_its_section(ada: User) -> None:
    page = client_of(ada).get("/accounts/settings/").content.decode()

    assert 'data-section="settings"' in page.split('<a class="skip"')[0]


# --- the theme ---


def test_a_theme_is_kept_and_used_before_any_script_runs(client: Client, db: None) -> None:
    answer = client.post("/theme/", {"theme": "dark"}, headers={"referer": "http://testserver/auth/login/"})
    page = client.get("/auth/login/").content.decode()

    assert answer.url == "http://testserver/auth/login/"
    assert '<html lang="en" data-theme="dark">' in page


def test_as_the_system_has_it_is_the_end_of_a_theme(client: Client, db: None) -> None:
    client.cookies["theme"] = "dark"

    client.post("/theme/", {"theme": ""})

    assert client.cookies["theme"].value == ""


def test_a_theme_that_does_not_exist_is_none(client: Client, db: None) -> None:
    client.cookies["theme"] = '"><script>'

    page = client.get("/auth/login/").content.decode()

    assert '<html lang="en">' in page


def test_a_theme_never_leads_elsewhere(client: Client, db: None) -> None:
    answer = client.post("/theme/", {"theme": "dark"}, headers={"referer": "https://elsewhere.example/"})

    assert answer.url == "/"


# --- the sheet ---


def test_the_sheet_is_one_file_that_browsers_keep_for_good(client: Client) -> None:
    sheet = stylesheet()

    answer = client.get(f"/style/{sheet.digest}.css", headers={"accept-encoding": "gzip"})

    assert answer["Content-Type"] == "text/css"
    assert "immutable" in answer["Cache-Control"]
    assert gzip.decompress(answer.content) == sheet.text
    assert "Cookie" not in answer["Vary"]


def test_a_browser_that_cannot_unpack_gets_the_sheet_plain(client: Client) -> None:
    answer = client.get(f"/style/{stylesheet().digest}.css", headers={"accept-encoding": "identity"})

    assert answer.content == stylesheet().text
    assert "Content-Encoding" not in answer


def test_an_old_address_gives_the_sheet_of_today_and_is_not_kept(client: Client) -> None:
    answer = client.get("/style/0123456789ab.css")

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-cache"


def test_the_sheet_holds_every_component_in_its_layer_and_weighs_little() -> None:
    text = stylesheet().text.decode()

    assert text.startswith("@layer tokens, base, components, states, pages, utilities;")
    assert text.count("@layer components {") == len(list((FOLDER / "components").glob("*.css")))
    assert len(text) < 60 * 1024


def test_each_page_links_the_sheet_of_today(client: Client, db: None) -> None:
    page = client.get("/auth/login/").content.decode()

    assert f'href="/style/{stylesheet().digest}.css"' in page


# --- pages of the house ---


def test_staff_see_every_component_in_every_state(workspace: Workspace) -> None:
    page = staff(workspace).get("/styleguide/").content.decode()

    assert all(f'data-state="{state}"' in page for state in State.values)
    assert " style=" not in page
    assert "<script>" not in page


def test_others_do_not_see_the_style_guide(ada: User) -> None:
    answer = client_of(ada).get("/styleguide/")

    assert answer.status_code == 403
    assert "Only staff may see this page." in answer.content.decode()


def test_a_visitor_is_led_to_the_log_in(client: Client, db: None) -> None:
    assert client.get("/styleguide/").url == "/auth/login/?next=/styleguide/"


def test_what_is_not_there_says_so_to_members_and_visitors(ada: User, client: Client) -> None:
    reasons = {client_of(ada): "workspace that you are not in", client: "deleted or taken back"}
    for browser, why in reasons.items():
        answer = browser.get("/nothing/here/")

        assert answer.status_code == 404
        assert "There is nothing at this address" in answer.content.decode()
        assert why in answer.content.decode()


def test_a_stale_form_says_what_to_do(db: None) -> None:
    answer = Client(enforce_csrf_checks=True).post("/theme/", {"theme": "dark"})

    assert answer.status_code == 403
    assert "Please try again" in answer.content.decode()


@pytest.mark.parametrize(
    "path",
    [
        "login/",
        "signup/",
        "password/reset/",
        "password/reset/done/",
        "password/reset/key/1-x/",
        "inactive/",
        "confirm-email/",
    ],
)
def test_the_pages_of_logging_in_stand_in_one_look(client: Client, db: None, path: str) -> None:
    page = client.get(f"/auth/{path}").content.decode()

    assert 'class="bare__card"' in page
    assert page.count("<h1") == 1


@pytest.mark.parametrize("path", ["password/change/", "email/", "logout/", "reauthenticate/"])
def test_the_pages_about_ones_log_in_stand_in_one_look(ada: User, path: str) -> None:
    page = client_of(ada).get(f"/auth/{path}").content.decode()

    assert page.count("<h1") == 1
    assert "/style/" in page
