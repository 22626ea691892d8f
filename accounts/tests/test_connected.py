"""The accounts page: what it says, and what can be done there."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from accounts.factories import client_of
from accounts.models import Account, AppCredential, AuditEvent, User
from accounts.tests.village import World
from platforms.errors import Unavailable
from publishing.factories import DeliveryFactory, PostFactory
from publishing.models import State

Make = Callable[..., Account]
LIST = "/accounts/"


def text_of(client: Client, path: str = LIST) -> str:
    return " ".join(client.get(path).content.decode().split())


class TestList:
    def test_first_visit_says_what_to_do(self, ada: User, world: World) -> None:
        page = text_of(client_of(ada))

        assert "No account is connected yet" in page
        assert "Connect Village" in page

    def test_viewer_is_told_who_can_connect(self, vic: User, world: World) -> None:
        page = text_of(client_of(vic))

        assert "An owner of this workspace can connect accounts." in page
        assert "Connect Village" not in page

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"refreshed_at": now() - timedelta(minutes=20)}, "Renews itself; last renewed"),
            ({"refreshed_at": None}, "Renews itself.<"),
            ({"refresh_at": None, "left": timedelta(days=3, hours=1)}, ": connect again"),
            ({"refresh_at": None, "left": timedelta(days=30, hours=1)}, "Ends"),
            ({"refresh_at": None, "expires_at": None}, "Stays connected until you end it"),
            ({"refresh_failures": 2}, "Could not be renewed just now"),
            ({"is_paused": True}, "Paused: nothing goes out"),
            ({"limited_until": now() + timedelta(hours=1)}, "asks us to wait"),
            ({"state": Account.State.EXPIRED, "trouble": "Village ended it."}, "Village ended it."),
        ],
    )
    def test_every_condition_is_said_in_words(
        self, ada: User, account: Make, fields: dict[str, object], sentence: str
    ) -> None:
        account(**fields)

        assert sentence in text_of(client_of(ada))

    def test_expired_account_leads_to_connecting_it_again(self, ada: User, account: Make) -> None:
        expired = account(state=Account.State.EXPIRED)

        assert f"/accounts/connect/village/oauth/?account={expired.pk}" in text_of(client_of(ada))

    def test_administrator_reads_what_to_set(self, ada: User, world: World, settings: Settings) -> None:
        settings.NETWORKS["village"] = {**settings.NETWORKS["village"], "client_id": ""}
        User.objects.filter(pk=ada.pk).update(is_staff=True)

        page = text_of(client_of(ada))

        assert "VILLAGE_CLIENT_ID, VILLAGE_CLIENT_SECRET" in page
        assert f"{settings.SITE_URL}/accounts/callback/village/" in page

    def test_others_read_whom_to_ask(self, ada: User, world: World, settings: Settings) -> None:
        settings.NETWORKS["village"] = {**settings.NETWORKS["village"], "client_id": ""}

        page = text_of(client_of(ada))

        assert "Not set up yet: ask your administrator." in page
        assert "VILLAGE_CLIENT_ID" not in page

    def test_credentials_in_the_admin_are_enough(self, ada: User, world: World, settings: Settings) -> None:
        settings.NETWORKS["village"] = {**settings.NETWORKS["village"], "client_id": ""}
        AppCredential.objects.create(platform_name="village", client_id="own", client_secret="own-secret")

        assert "ask your administrator" not in text_of(client_of(ada))

    def test_strangers_accounts_are_not_shown(self, cho: User, account: Make) -> None:
        account(handle="ada-of-the-bakery")

        assert "ada-of-the-bakery" not in text_of(client_of(cho))

    def test_query_count_does_not_grow_with_the_accounts(
        self, ada: User, account: Make, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(12):
            row = account(remote_id=str(number), handle=f"ada-{number}")
            DeliveryFactory.create(post=PostFactory.create(workspace=row.workspace), account=row)
        client = client_of(ada)

        with django_assert_max_num_queries(9):  # five of the frame; accounts, apps, unfinished ones
            client.get(LIST)


class TestPause:
    def test_paused_account_can_be_resumed(self, ada: User, account: Make) -> None:
        row, client = account(), client_of(ada)

        client.post(f"/accounts/{row.pk}/pause/")
        row.refresh_from_db()
        paused = row.is_paused
        client.post(f"/accounts/{row.pk}/resume/")
        row.refresh_from_db()

        assert (paused, row.is_paused) == (True, False)
        assert [event.action for event in AuditEvent.objects.all()] == ["account.resumed", "account.paused"]

    def test_pausing_twice_is_one_event(self, ada: User, account: Make) -> None:
        row, client = account(), client_of(ada)

        client.post(f"/accounts/{row.pk}/pause/")
        client.post(f"/accounts/{row.pk}/pause/")

        assert AuditEvent.objects.count() == 1


class TestDisconnect:
    def test_page_says_how_many_posts_it_stops(self, ada: User, account: Make) -> None:
        row = account()
        for state in (State.SCHEDULED, State.SCHEDULED, State.CANCELLED):
            post = PostFactory.create(workspace=row.workspace)
            DeliveryFactory.create(post=post, account=row, state=state, due_at=now())

        page = text_of(client_of(ada), f"/accounts/{row.pk}/disconnect/")

        assert "2 planned posts will not go out" in page

    def test_token_is_given_back_and_forgotten_and_the_history_stays(
        self, ada: User, account: Make, world: World
    ) -> None:
        row = account(is_paused=True)
        delivery = DeliveryFactory.create(post=PostFactory.create(workspace=row.workspace), account=row)

        client_of(ada).post(f"/accounts/{row.pk}/disconnect/")

        row.refresh_from_db()
        assert world.revoked == ["access-1"]
        assert (row.state, row.token, row.scopes) == (Account.State.DISCONNECTED, None, [])
        assert (row.expires_at, row.refresh_at, row.is_paused) == (None, None, False)
        assert row.deliveries.get() == delivery
        assert AuditEvent.objects.get().action == "account.disconnected"

    def test_network_that_is_down_does_not_stop_it(self, ada: User, account: Make, world: World) -> None:
        row = account()
        world.trouble = Unavailable("Down.")

        client_of(ada).post(f"/accounts/{row.pk}/disconnect/")

        row.refresh_from_db()
        assert row.state == Account.State.DISCONNECTED

    def test_a_token_that_another_account_lives_on_is_not_given_back(
        self, ada: User, account: Make, world: World
    ) -> None:
        first, second = account(), account(remote_id="2", handle="ada's other page")
        Account.objects.filter(pk=second.pk).update(credentials=first.credentials)

        client_of(ada).post(f"/accounts/{first.pk}/disconnect/")
        kept = list(world.revoked)
        client_of(ada).post(f"/accounts/{second.pk}/disconnect/")

        assert (kept, len(world.revoked)) == ([], 1)

    def test_disconnected_account_is_listed_with_a_way_back(self, ada: User, account: Make) -> None:
        row = account()
        row.disconnect()

        page = text_of(client_of(ada))

        assert "1 disconnected account" in page
        assert f"?account={row.pk}" in page


ACTIONS = ["pause/", "resume/", "disconnect/"]


class TestWhoMay:
    @pytest.mark.parametrize("action", ACTIONS)
    @pytest.mark.parametrize("person", ["ben", "vic"])
    def test_editor_and_viewer_are_refused(
        self, request: pytest.FixtureRequest, account: Make, person: str, action: str
    ) -> None:
        row = account()

        response = client_of(request.getfixturevalue(person)).post(f"/accounts/{row.pk}/{action}")

        assert response.status_code == 403

    @pytest.mark.parametrize("person", ["ben", "vic"])
    def test_editor_and_viewer_cannot_connect(
        self, request: pytest.FixtureRequest, world: World, person: str
    ) -> None:
        client = client_of(request.getfixturevalue(person))

        assert client.post("/accounts/connect/village/oauth/").status_code == 403
        assert client.get("/accounts/connect/village/password/").status_code == 403

    @pytest.mark.parametrize("action", ACTIONS)
    def test_stranger_finds_nothing(self, cho: User, account: Make, action: str) -> None:
        row = account()

        assert client_of(cho).post(f"/accounts/{row.pk}/{action}").status_code == 404

    def test_actions_are_not_links(self, ada: User, account: Make) -> None:
        row, client = account(), client_of(ada)

        assert client.get(f"/accounts/{row.pk}/pause/").status_code == 405
        assert client.get("/accounts/workspace/switch/").status_code == 405


def test_pages_that_lead_to_networks_may_send_forms_there(ada: User, world: World) -> None:
    client = client_of(ada)

    policies = [
        client.get(path)["Content-Security-Policy"]
        for path in (LIST, "/accounts/connect/village/password/", "/accounts/settings/")
    ]

    wide = [
        next(part for part in policy.split("; ") if part.startswith("form-action")) for policy in policies
    ]
    assert wide[0] == wide[1]
    assert "https:" in wide[0]
    assert "https://village.example" in wide[0]
    assert wide[2] == "form-action 'self'"
