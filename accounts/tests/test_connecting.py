"""The way to a network and back: every turn it can take is said in words, and nothing is half connected."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from accounts.factories import MembershipFactory, client_of
from accounts.models import Account, AppCredential, AuditEvent, OAuthState, PendingConnection, User, Workspace
from accounts.permissions import Role
from accounts.tests.village import World
from platforms.content import Profile
from platforms.errors import Unavailable
from platforms.registry import PLATFORMS

Make = Callable[..., Account]
CALLBACK = "/accounts/callback/village/"
LIST = "/accounts/"


@pytest.fixture
def desk(ada: User, world: World) -> Client:
    return client_of(ada)


def connect(desk: Client, network: str = "village", method: str = "oauth", **fields: object) -> HttpResponse:
    return desk.post(reverse("accounts:account-connect", args=[network, method]), fields)


def state_of(response: HttpResponse) -> str:
    return parse_qs(urlsplit(response["Location"]).query)["state"][0]


def come_back(desk: Client, state: str, path: str = CALLBACK, **answer: str) -> HttpResponse:
    return desk.get(path, {"state": state, "code": "code", **answer}, follow=True)


class TestThereAndBack:
    def test_person_is_sent_to_the_consent_page(self, desk: Client) -> None:
        response = connect(desk)

        assert response.status_code == 302
        assert response["Location"].startswith("https://village.example/consent?state=")

    def test_state_is_stored_as_a_hash(self, desk: Client) -> None:
        state = state_of(connect(desk))

        stored = OAuthState.objects.get()
        assert len(state) >= 43
        assert state not in (stored.state_hash, str(stored.kept))

    def test_account_is_connected_at_once(self, desk: Client, ada: User) -> None:
        page = come_back(desk, state_of(connect(desk)))

        account = Account.objects.get()
        assert (account.handle, account.name, account.state) == ("ada", "Ada's Bakery", "connected")
        assert account.workspace == ada.current_workspace
        assert account.connected_by == ada
        assert account.credentials == {"access": "access-1", "refresh": "refresh-1", "extra": {}}
        assert "ada is connected." in page.content.decode()
        assert AuditEvent.objects.get().action == "account.connected"

    def test_password_is_used_and_not_kept(self, desk: Client) -> None:
        connect(desk, method="password", handle="ada", password="open sesame")

        account = Account.objects.get()
        assert account.handle == "ada"
        assert "open sesame" not in str(account.credentials)

    def test_wrong_password_is_said_beside_the_form(self, desk: Client) -> None:
        response = connect(desk, method="password", handle="ada", password="12345")

        assert response.status_code == 422
        assert "Handle or password is wrong." in response.content.decode()
        assert "12345" not in response.content.decode()

    def test_missing_field_is_said_beside_it(self, desk: Client) -> None:
        response = connect(desk, method="password", handle="", password="open sesame")

        assert response.status_code == 422
        assert "This field is required." in response.content.decode()

    def test_network_that_cannot_be_reached_is_said_beside_the_form(self, desk: Client, world: World) -> None:
        world.trouble = Unavailable("Village could not be reached.")

        response = connect(desk)

        assert response.status_code == 422
        assert "Village could not be reached." in response.content.decode()
        assert not OAuthState.objects.exists()

    @pytest.mark.parametrize("path", ["nowhere/oauth", "village/telepathy"])
    def test_unknown_network_or_way_is_not_found(self, desk: Client, path: str) -> None:
        assert desk.post(f"/accounts/connect/{path}/").status_code == 404


class TestWhatGoesWrong:
    def refused(self, page: HttpResponse, sentence: str) -> None:
        assert page.redirect_chain[-1][0] == LIST
        assert sentence in page.content.decode()
        assert not Account.objects.exists()

    def test_denial(self, desk: Client) -> None:
        page = come_back(desk, state_of(connect(desk)), error="access_denied")

        self.refused(page, "Village was not allowed to connect.")

    def test_replayed_answer(self, desk: Client) -> None:
        state = state_of(connect(desk))
        come_back(desk, state)
        Account.objects.all().delete()

        page = come_back(desk, state)

        self.refused(page, "was finished or given up already")

    @pytest.mark.parametrize("state", ["", "invented"])
    def test_answer_that_nobody_asked_for(self, desk: Client, state: str) -> None:
        self.refused(come_back(desk, state), "was finished or given up already")

    def test_answer_after_ten_minutes(self, desk: Client) -> None:
        state = state_of(connect(desk))

        with time_machine.travel(now() + timedelta(minutes=10, seconds=1)):
            page = come_back(desk, state)

        self.refused(page, "took longer than ten minutes")

    def test_answer_to_somebody_else(self, desk: Client, cho: User) -> None:
        state = state_of(connect(desk))

        page = come_back(client_of(cho), state)

        self.refused(page, "begun by somebody else")
        assert OAuthState.objects.exists()

    def test_answer_at_another_network(self, desk: Client) -> None:
        state = state_of(connect(desk))

        page = come_back(desk, state, "/accounts/callback/hamlet/")

        self.refused(page, "came from another network")

    def test_network_that_fails_in_the_middle(self, desk: Client, world: World) -> None:
        state = state_of(connect(desk))
        world.trouble = Unavailable("Village is not available just now.")

        page = come_back(desk, state)

        self.refused(page, "Village is not available just now.")

    def test_role_that_was_taken_away_meanwhile(self, desk: Client, ada: User) -> None:
        state = state_of(connect(desk))
        ada.memberships.update(role=Role.EDITOR)

        page = come_back(desk, state)

        self.refused(page, "does not allow connecting accounts any more")

    def test_nobody_to_post_as(self, desk: Client, world: World) -> None:
        state = state_of(connect(desk))
        world.people = []

        self.refused(come_back(desk, state), "did not name any profile")

    def test_visitor_logs_in_first(self, db: None) -> None:
        response = Client().get(CALLBACK, {"state": "x"})

        assert response.status_code == 302
        assert response["Location"].startswith("/auth/login/")


def test_answer_lands_in_the_workspace_it_was_begun_in(desk: Client, ada: User, workspace: Workspace) -> None:
    state = state_of(connect(desk))
    MembershipFactory.create(user=ada, workspace__name="Second")

    come_back(desk, state)

    assert Account.objects.get().workspace == workspace


class TestSeveralProfiles:
    @pytest.fixture(autouse=True)
    def pages(self, world: World) -> None:
        world.people = [
            Profile("1", "ada", "Ada"),
            Profile("2", "bakery", "Bakery"),
            Profile("3", "club", "Club"),
        ]

    def test_person_chooses_which_to_connect(self, desk: Client) -> None:
        page = come_back(desk, state_of(connect(desk)))
        shown = page.content.decode()

        after = desk.post(page.redirect_chain[-1][0], {"profile": ["2", "3"]}, follow=True)

        assert "Bakery" in shown
        assert "bakery, club are connected." in after.content.decode()
        assert set(Account.objects.values_list("handle", flat=True)) == {"bakery", "club"}
        assert not PendingConnection.objects.exists()

    def test_token_waits_encrypted_and_unseen(self, desk: Client) -> None:
        page = come_back(desk, state_of(connect(desk)))

        assert PendingConnection.objects.get().kept["token"]["access"] == "access-1"
        assert "access-1" not in page.content.decode()

    def test_choosing_nothing_is_asked_again(self, desk: Client) -> None:
        page = come_back(desk, state_of(connect(desk)))

        response = desk.post(page.redirect_chain[-1][0], {})

        assert response.status_code == 422
        assert "Choose at least one." in response.content.decode()

    def test_profile_that_was_not_granted_cannot_be_chosen(self, desk: Client) -> None:
        page = come_back(desk, state_of(connect(desk)))

        response = desk.post(page.redirect_chain[-1][0], {"profile": "99"})

        assert response.status_code == 422
        assert not Account.objects.exists()

    def test_unfinished_choice_is_shown_on_the_accounts_page(self, desk: Client) -> None:
        come_back(desk, state_of(connect(desk)))

        assert "You have not chosen yet" in desk.get(LIST).content.decode()

    def test_choice_expires(self, desk: Client) -> None:
        page = come_back(desk, state_of(connect(desk)))

        with time_machine.travel(now() + timedelta(minutes=31)):
            after = desk.post(page.redirect_chain[-1][0], {"profile": "2"}, follow=True)

        assert "has expired" in after.content.decode()
        assert not Account.objects.exists()

    def test_role_that_was_taken_away_before_the_choice(self, desk: Client, ada: User) -> None:
        page = come_back(desk, state_of(connect(desk)))
        ada.memberships.update(role=Role.VIEWER)

        after = desk.post(page.redirect_chain[-1][0], {"profile": "2"}, follow=True)

        assert "does not allow connecting accounts any more" in after.content.decode()
        assert not Account.objects.exists()

    def test_choice_is_the_persons_own(self, desk: Client, cho: User) -> None:
        page = come_back(desk, state_of(connect(desk)))

        client_of(cho).post(page.redirect_chain[-1][0], {"profile": "2"})

        assert not Account.objects.exists()

    def test_account_that_is_renewed_is_picked_by_itself(self, desk: Client, account: Make) -> None:
        expired = account(remote_id="2", handle="bakery", state=Account.State.EXPIRED)

        come_back(desk, state_of(connect(desk, account=expired.pk)))

        expired.refresh_from_db()
        assert expired.state == Account.State.CONNECTED
        assert Account.objects.count() == 1


class TestAgain:
    def test_same_row_gets_the_new_token_and_keeps_its_history(self, desk: Client, account: Make) -> None:
        before = account(
            state=Account.State.EXPIRED, trouble="It ended.", refresh_failures=3, handle="old-name"
        )
        AuditEvent.objects.all().delete()

        come_back(desk, state_of(connect(desk, account=before.pk)))

        after = Account.objects.get()
        assert after.pk == before.pk
        assert (after.state, after.trouble, after.handle) == ("connected", "", "ada")
        assert after.refresh_failures == 0
        assert AuditEvent.objects.get().action == "account.reconnected"

    def test_disconnected_account_comes_back(self, desk: Client, account: Make) -> None:
        before = account()
        before.disconnect()

        come_back(desk, state_of(connect(desk)))

        assert Account.objects.get().pk == before.pk

    def test_somebody_elses_log_in_is_an_account_of_its_own_and_said(
        self, desk: Client, account: Make
    ) -> None:
        expired = account(remote_id="7", handle="bakery", state=Account.State.EXPIRED)

        page = come_back(desk, state_of(connect(desk, account=expired.pk)))

        expired.refresh_from_db()
        assert expired.state == Account.State.EXPIRED
        assert Account.objects.get(remote_id="1").state == Account.State.CONNECTED
        assert "You logged in as ada" in page.content.decode()
        assert "bakery still has to be connected again" in page.content.decode()

    def test_another_workspaces_account_is_not_touched(self, desk: Client, account: Make, cho: User) -> None:
        theirs = account(workspace=cho.current_workspace, state=Account.State.EXPIRED)

        come_back(desk, state_of(connect(desk, account=theirs.pk)))

        theirs.refresh_from_db()
        assert theirs.state == Account.State.EXPIRED
        assert Account.objects.count() == 2


class TestManyServers:
    def test_installation_registers_once_per_server(self, desk: Client, world: World) -> None:
        for server in ("one.example", "https://One.example/", "two.example"):
            connect(desk, "hamlet", server=server)

        assert list(AppCredential.objects.values_list("server", "client_id").order_by("server")) == [
            ("one.example", "client-1"),
            ("two.example", "client-2"),
        ]

    def test_person_is_sent_to_their_own_server(self, desk: Client) -> None:
        response = connect(desk, "hamlet", server="one.example")

        assert response["Location"].startswith("https://one.example/consent")

    def test_account_knows_its_server(self, desk: Client) -> None:
        state = state_of(connect(desk, "hamlet", server="one.example"))

        come_back(desk, state, "/accounts/callback/hamlet/")

        assert Account.objects.get().server == "one.example"

    def test_server_that_has_forgotten_us_is_registered_at_again(self, desk: Client, world: World) -> None:
        connect(desk, "hamlet", server="one.example")
        world.forgotten = True

        connect(desk, "hamlet", server="one.example")

        assert AppCredential.objects.get().client_id == "client-2"

    def test_server_that_forgets_us_meanwhile_is_registered_at_by_the_next_try(
        self, desk: Client, world: World
    ) -> None:
        state = state_of(connect(desk, "hamlet", server="one.example"))
        world.forgotten = True

        page = come_back(desk, state, "/accounts/callback/hamlet/")

        assert "Hamlet does not know this installation." in page.content.decode()
        assert not AppCredential.objects.exists()

    def test_installation_that_moved_registers_with_its_new_address(
        self, desk: Client, world: World, settings: object
    ) -> None:
        connect(desk, "hamlet", server="one.example")
        settings.SITE_URL = "https://desk.example.org"  # type: ignore[attr-defined]

        connect(desk, "hamlet", server="one.example")

        credential = AppCredential.objects.get()
        assert credential.redirect_uri == "https://desk.example.org/accounts/callback/hamlet/"
        assert credential.client_id == "client-2"

    def test_nonsense_for_a_server_is_said_beside_the_form(self, desk: Client) -> None:
        response = connect(desk, "hamlet", server="not a server")

        assert response.status_code == 422
        assert "This is not a server" in response.content.decode()

    def test_server_that_refuses_leaves_nothing_behind(self, desk: Client, world: World) -> None:
        world.trouble = Unavailable("one.example is not available just now.")

        response = connect(desk, "hamlet", server="one.example")

        assert response.status_code == 422
        assert not AppCredential.objects.exists()


class TestWhoWeAre:
    """The document that introduces this installation to networks that look it up."""

    def test_it_is_open_to_everybody_and_names_our_address(
        self, client: Client, db: None, settings: object
    ) -> None:
        settings.SITE_URL = "https://desk.example.org"  # type: ignore[attr-defined]
        introduced = [name for name, platform in PLATFORMS.items() if not platform.needs_client_id]

        documents = [client.get(f"/accounts/{name}/client.json") for name in introduced]

        served = [document.json() for document in documents if document.status_code == 200]
        assert served
        assert all(
            answer["redirect_uris"][0].startswith("https://desk.example.org/accounts/callback/")
            for answer in served
        )

    @pytest.mark.parametrize("network", ["village", "nowhere"])
    def test_network_that_looks_nothing_up_has_none(
        self, client: Client, db: None, world: World, network: str
    ) -> None:
        assert client.get(f"/accounts/{network}/client.json").status_code == 404
