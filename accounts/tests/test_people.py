"""Signing up, logging in and out, and setting a new password."""

import re

import pytest
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.factories import PASSWORD, UserFactory, client_of
from accounts.models import User, Workspace
from accounts.permissions import Role

pytestmark = pytest.mark.django_db
FORM = {
    "name": "Dana Okafor",
    "email": "Dana@Example.org",
    "password1": PASSWORD,
    "password2": PASSWORD,
    "workspace_name": "Dana's Studio",
    "timezone": "Asia/Seoul",
}


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


class TestSignUp:
    def test_person_gets_a_workspace_in_their_zone(self, client: Client) -> None:
        response = client.post("/auth/signup/", FORM)

        user = User.objects.get(email="dana@example.org")
        membership = user.memberships.get()
        assert response.status_code == 302
        assert user.name == "Dana Okafor"
        assert (membership.role, membership.workspace.name) == (Role.OWNER, "Dana's Studio")
        assert membership.workspace.timezone == "Asia/Seoul"
        assert user.current_workspace == membership.workspace
        assert client.get("/accounts/settings/").status_code == 200

    def test_form_lets_the_browser_guess_the_zone(self, client: Client) -> None:
        page = client.get("/auth/signup/").content.decode()

        assert 'data-guess="timezone"' in page
        assert "js/timezone" in page
        assert '<option value="UTC" selected>' in page

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("workspace_name", ""),
            ("timezone", "Mars/Olympus"),
            ("email", "dana"),
            ("password1", "12345"),
        ],
    )
    def test_wrong_field_makes_nobody_and_nothing(self, client: Client, field: str, value: str) -> None:
        response = client.post("/auth/signup/", {**FORM, field: value})

        assert response.context["form"].errors.keys() == {field}
        assert not User.objects.exists()
        assert not Workspace.objects.exists()

    def test_no_placeholder_repeats_a_label(self, ada: User) -> None:
        page = client_of(ada).get("/auth/password/change/").content.decode()

        assert "New password again" in page
        assert "placeholder" not in page.partition("<main")[2].partition("</main>")[0]

    def test_closed_sign_up_lets_nobody_in(self, client: Client, settings: Settings) -> None:
        settings.SIGNUP_OPEN = False

        page = client.get("/auth/signup/")
        client.post("/auth/signup/", FORM)

        assert "Sign-up is closed" in page.content.decode()
        assert not User.objects.exists()


class TestLogIn:
    def test_person_logs_in_by_e_mail_and_out_again(self, client: Client, ada: User) -> None:
        client.post("/auth/login/", {"login": "ADA@example.org", "password": PASSWORD})
        inside = client.get("/accounts/settings/").status_code
        client.post("/auth/logout/")

        assert inside == 200
        assert client.get("/accounts/settings/").status_code == 302

    def test_wrong_password_is_said(self, client: Client, ada: User) -> None:
        response = client.post("/auth/login/", {"login": ada.email, "password": "wrong"})

        assert response.context["form"].non_field_errors()

    def test_person_without_a_workspace_gets_one(self) -> None:
        user = UserFactory.create(name="Eve")

        response = client_of(user).get("/accounts/settings/")

        assert response.status_code == 200
        assert user.memberships.get().workspace.name == "Eve"


def test_new_password_is_set_through_a_mail(
    client: Client, ada: User, mailoutbox: list[EmailMessage]
) -> None:
    client.post("/auth/password/reset/", {"email": ada.email})
    address = re.search(r"https?://\S+", mailoutbox[0].body)
    assert address
    form = client.get(address.group(), follow=True)
    client.post(
        form.redirect_chain[-1][0], {"password1": "another fine battery", "password2": "another fine battery"}
    )

    ada.refresh_from_db()
    assert ada.check_password("another fine battery")


def test_unknown_address_is_not_told_apart(client: Client, db: None) -> None:
    known = UserFactory.create()

    answers = [
        re.sub(r'(nonce=|value=|CSRFToken": )"[^"]+"', "", page.content.decode())
        for email in (known.email, "nobody@example.org")
        for page in [client.post("/auth/password/reset/", {"email": email}, follow=True)]
    ]

    assert answers[0] == answers[1]
