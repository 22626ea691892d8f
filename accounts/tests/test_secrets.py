"""What is secret stays so: in the table, in pages, in logs, and when the key changes."""

import logging
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.connections import platform_client
from accounts.factories import client_of
from accounts.fields import Undecryptable
from accounts.models import Account, ApiToken, AppCredential, OAuthState, User
from accounts.rotation import encrypted_columns
from accounts.tests.village import World
from accounts.tokens import ensure_fresh
from platforms.errors import TokenExpired

Make = Callable[..., Account]
TOKEN = {
    "access": "very-secret-access",
    "refresh": "very-secret-refresh",
    "extra": {"key": "very-secret-key"},
}


@pytest.fixture
def kept(account: Make) -> Account:
    return account(credentials=TOKEN)


def stored(model: type = Account, column: str = "credentials") -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {model._meta.db_table}")  # type: ignore[attr-defined]  # noqa: S608
        return str(cursor.fetchone()[0])


class TestAtRest:
    def test_table_holds_ciphertext(self, kept: Account) -> None:
        assert "very-secret" not in stored()
        assert kept.credentials == TOKEN

    def test_disconnected_account_holds_nothing(self, kept: Account) -> None:
        kept.disconnect()

        assert stored() == ""

    def test_wrong_key_hands_out_nothing(self, kept: Account, settings: Settings) -> None:
        settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

        with pytest.raises(Undecryptable):
            Account.objects.get(pk=kept.pk).credentials  # noqa: B018

    def test_damaged_value_hands_out_nothing(self, kept: Account) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE accounts_account SET credentials = 'very-secret-plain'")

        with pytest.raises(Undecryptable):
            Account.objects.get(pk=kept.pk).credentials  # noqa: B018


class TestLostKey:
    """Whoever lost the key can still see the accounts, and connect or disconnect them."""

    @pytest.fixture(autouse=True)
    def lost(self, kept: Account, settings: Settings) -> None:
        settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    def test_accounts_page_still_opens(self, ada: User) -> None:
        assert client_of(ada).get("/accounts/").status_code == 200

    def test_account_can_be_connected_again(self, ada: User) -> None:
        client_of(ada).post(
            "/accounts/connect/village/password/", {"handle": "ada", "password": "open sesame"}
        )

        assert Account.objects.get().credentials["access"] == "access-1"

    def test_account_can_be_disconnected(self, ada: User, kept: Account) -> None:
        client_of(ada).post(f"/accounts/{kept.pk}/disconnect/")

        assert Account.objects.get().state == Account.State.DISCONNECTED


class TestRotation:
    def test_old_key_still_opens_and_new_key_writes(self, kept: Account, settings: Settings) -> None:
        new = Fernet.generate_key().decode()
        settings.ENCRYPTION_KEYS = [new, *settings.ENCRYPTION_KEYS]

        call_command("rotate_keys", verbosity=0)

        settings.ENCRYPTION_KEYS = [new]
        assert Account.objects.get().credentials == TOKEN

    def test_every_encrypted_column_is_rotated(self, ada: User, kept: Account, settings: Settings) -> None:
        AppCredential.objects.create(platform_name="village", client_id="id", client_secret="app-secret")
        OAuthState.objects.create(
            state_hash="x", user=ada, workspace=ada.current_workspace, platform_name="village", kept={"a": 1}
        )
        new = Fernet.generate_key().decode()
        settings.ENCRYPTION_KEYS = [new, *settings.ENCRYPTION_KEYS]

        call_command("rotate_keys", verbosity=0)

        settings.ENCRYPTION_KEYS = [new]
        assert AppCredential.objects.get().client_secret == "app-secret"
        assert OAuthState.objects.get().kept == {"a": 1}
        assert len(list(encrypted_columns())) >= 4

    def test_key_that_is_missing_is_said_and_nothing_is_lost(self, kept: Account, settings: Settings) -> None:
        old = settings.ENCRYPTION_KEYS
        settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

        with pytest.raises(CommandError, match="1 open with no key"):
            call_command("rotate_keys", verbosity=0)

        settings.ENCRYPTION_KEYS = old
        assert Account.objects.get().credentials == TOKEN


def leaks(text: str) -> bool:
    return "very-secret" in text


class TestNeverShown:
    def test_no_page_shows_a_secret(self, ada: User, kept: Account) -> None:
        ada.is_staff = ada.is_superuser = True
        ada.save()
        _row, key = ApiToken.issue(ada.memberships.get(), "very-secret-free")
        AppCredential.objects.create(platform_name="hamlet", client_id="id", client_secret="very-secret-app")
        client = client_of(ada)

        pages = [
            client.get(path, follow=True).content.decode()
            for path in (
                "/accounts/",
                f"/accounts/{kept.pk}/disconnect/",
                f"/accounts/connect/village/oauth/?account={kept.pk}",
                f"/admin/accounts/account/{kept.pk}/change/",
                "/admin/accounts/account/",
                "/admin/accounts/appcredential/",
            )
        ]
        settings_page = client.get("/accounts/settings/").content.decode()

        assert not any(leaks(page) for page in pages)
        assert key not in settings_page

    def test_no_log_line_holds_a_secret(
        self, ada: User, kept: Account, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        client = Client(raise_request_exception=False)
        client.force_login(ada)
        world.refresh_token = "very-secret-refresh"
        ensure_fresh(kept, force=True)
        kept.refresh_from_db()
        world.trouble = TokenExpired("Ended.", detail="very-secret-detail")
        location = client.post("/accounts/connect/village/oauth/").headers.get("Location", "")
        state = parse_qs(urlsplit(location).query).get("state", [""])[0]
        client.get("/accounts/callback/village/", {"state": state, "code": "very-secret-code"})
        client.post(
            "/accounts/connect/village/password/", {"handle": "ada", "password": "very-secret-password"}
        )
        client.post(f"/accounts/{kept.pk}/disconnect/")

        assert caplog.records
        assert not leaks(caplog.text)

    def test_printing_a_client_shows_no_secret(self, kept: Account) -> None:
        client = platform_client(kept)

        assert not leaks(repr(client.connection) + repr(client.app) + repr(kept.token))
