"""Members and their roles; invitations and the one gate into the desk."""

import itertools
import re
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from accounts import invitations, members
from accounts.factories import PASSWORD, MembershipFactory, UserFactory, client_of
from accounts.models import ApiToken, AuditEvent, Invitation, Membership, User, Workspace, digest
from accounts.permissions import GRANTED, Permission, Role, allows

PAGE = "/accounts/settings/members/"
ROLES = ["owner", "admin", "editor", "viewer"]


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def abe(workspace: Workspace) -> User:
    """The admin."""
    return MembershipFactory.create(user__name="Abe", workspace=workspace, role=Role.ADMIN).user


def member(user: User) -> Membership:
    return user.memberships.select_related("workspace", "user").get()


def invited(actor: User, email: str = "dana@example.org", role: str = Role.EDITOR) -> Invitation:
    return invitations.invite(member(actor), email, role)


def code_in(mail: EmailMessage) -> str:
    found = re.search(r"/accounts/join/([\w-]+)/", mail.body)
    assert found
    return found[1]


class TestRoles:
    def test_each_role_may_what_stands_here(self) -> None:
        may = {role: {str(wanted) for wanted in Permission if allows(role, wanted)} for role in ROLES}

        assert may == {
            "owner": {"view", "write", "connect", "manage", "own"},
            "admin": {"view", "write", "connect", "manage"},
            "editor": {"view", "write"},
            "viewer": {"view"},
        }
        assert set(GRANTED) == set(ROLES)
        assert not allows("emperor", Permission.VIEW)

    @pytest.mark.parametrize("actor", ROLES)
    def test_only_owners_say_who_is_one(self, workspace: Workspace, ada: User, actor: str) -> None:
        client = client_of(MembershipFactory.create(workspace=workspace, role=actor).user)
        target = MembershipFactory.create(workspace=workspace)
        refusal = {"admin": 422, "owner": 302}.get(actor, 403)

        for before, after in itertools.product(ROLES, ROLES):
            Membership.objects.filter(pk=target.pk).update(role=before)
            may = actor == "owner" or (actor == "admin" and "owner" not in {before, after})

            answer = client.post(f"{PAGE}{target.pk}/role/", {"role": after})

            target.refresh_from_db()
            assert answer.status_code == (302 if may else refusal), (before, after)
            assert target.role == (after if may else before)

    @pytest.mark.parametrize(("role", "may"), [("owner", False), ("admin", True), ("viewer", True)])
    def test_admin_takes_out_all_but_owners(
        self, workspace: Workspace, ada: User, abe: User, role: str, may: bool
    ) -> None:
        target = MembershipFactory.create(workspace=workspace, role=role)

        client_of(abe).post(f"{PAGE}{target.pk}/remove/")

        assert Membership.objects.filter(pk=target.pk).exists() is not may

    def test_role_is_changed_and_noted(self, ada: User, ben: User) -> None:
        client_of(ada).post(f"{PAGE}{member(ben).pk}/role/", {"role": Role.OWNER})

        event = AuditEvent.objects.get()
        assert member(ben).role == Role.OWNER
        assert (event.action, event.details) == ("member.role_changed", {"role": "owner", "before": "editor"})

    def test_unknown_role_is_refused(self, ada: User, ben: User) -> None:
        assert client_of(ada).post(f"{PAGE}{member(ben).pk}/role/", {"role": "emperor"}).status_code == 422


class TestLeaving:
    def test_removed_member_loses_access_and_keys(self, ada: User, ben: User) -> None:
        ApiToken.issue(member(ben), "Ben's script")

        client_of(ada).post(f"{PAGE}{member(ben).pk}/remove/")

        ben.refresh_from_db()
        assert not ben.memberships.exists()
        assert not ApiToken.objects.exists()
        assert ben.current_workspace is None

    @pytest.mark.parametrize(("action", "fields"), [("role", {"role": Role.VIEWER}), ("remove", {})])
    def test_back_door_of_an_owner_closes_with_them(
        self, ada: User, cho: User, workspace: Workspace, action: str, fields: dict[str, str]
    ) -> None:
        eve = MembershipFactory.create(workspace=workspace, role=Role.OWNER)
        address = invitations.link(eve, invitations.invite(eve, "eve.too@example.org", Role.OWNER))

        client_of(ada).post(f"{PAGE}{eve.pk}/{action}/", fields)

        assert client_of(cho).post(address.removeprefix("http://127.0.0.1:8000")).status_code == 404
        assert not workspace.memberships.filter(user=cho).exists()

    def test_who_was_invited_by_an_owner_that_is_an_admin_now_may_come(
        self, ada: User, workspace: Workspace
    ) -> None:
        eve = MembershipFactory.create(workspace=workspace, role=Role.OWNER)
        for role in ROLES:
            invitations.invite(eve, f"{role}@example.org", role)

        members.change_role(member(ada), eve, Role.ADMIN)

        assert set(Invitation.objects.values_list("role", flat=True)) == {"admin", "editor", "viewer"}

    @pytest.mark.parametrize(("action", "fields"), [("role", {"role": Role.VIEWER}), ("remove", {})])
    def test_last_owner_stays_and_it_is_said(
        self, ada: User, abe: User, action: str, fields: dict[str, str]
    ) -> None:
        answer = client_of(ada).post(f"{PAGE}{member(ada).pk}/{action}/", fields)

        assert answer.status_code == 422
        assert "A workspace needs an owner." in answer.content.decode()
        assert member(ada).role == Role.OWNER

    @pytest.mark.parametrize("person", ["ben", "vic", "abe"])
    def test_everybody_may_leave(self, request: pytest.FixtureRequest, ada: User, person: str) -> None:
        user = request.getfixturevalue(person)

        client_of(user).post(f"{PAGE}{member(user).pk}/remove/")

        assert not user.memberships.exists()
        assert AuditEvent.objects.get().action == "member.left"

    @pytest.mark.parametrize("person", ["ben", "vic"])
    def test_editor_and_viewer_change_nobody(
        self, request: pytest.FixtureRequest, ada: User, person: str
    ) -> None:
        client = client_of(request.getfixturevalue(person))
        asked = {"member-email": "dana@example.org", "member-role": "viewer"}

        answers = [client.post(f"{PAGE}{member(ada).pk}/{what}/") for what in ("role", "remove")]

        assert {answer.status_code for answer in (*answers, client.post(PAGE, asked))} == {403}

    def test_stranger_finds_nobody(self, cho: User, ben: User) -> None:
        assert client_of(cho).post(f"{PAGE}{member(ben).pk}/remove/").status_code == 404
        assert ben.email not in client_of(cho).get(PAGE).content.decode()


class TestInviting:
    def test_somebody_gets_a_mail_whose_code_is_kept_as_a_hash(
        self, ada: User, mailoutbox: list[EmailMessage]
    ) -> None:
        form = {"member-email": "Dana@Example.org", "member-role": Role.VIEWER}

        client_of(ada).post(PAGE, form)
        invitations.mail_due()

        invitation = Invitation.objects.get()
        assert [mail.to for mail in mailoutbox] == [["dana@example.org"]]
        assert "Ada invites you to Bakery" in mailoutbox[0].subject
        assert invitation.code_hash == digest(code_in(mailoutbox[0]))
        assert invitation.mailed_at is not None
        assert invitation.mail_due_at is None

    def test_it_is_mailed_once(self, ada: User, mailoutbox: list[EmailMessage]) -> None:
        invited(ada)

        assert [invitations.mail_due() for _time in range(3)] == [1, 0, 0]

    def test_mail_server_that_is_away_is_asked_again(
        self, ada: User, mailoutbox: list[EmailMessage], settings: Settings
    ) -> None:
        invited(ada)
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

        first = invitations.mail_due()
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        at_once = invitations.mail_due()
        with time_machine.travel(now() + timedelta(minutes=11)):
            later = invitations.mail_due()

        assert (first, at_once, later, len(mailoutbox)) == (0, 0, 1, 1)

    def test_asked_again_the_first_code_is_worth_nothing(
        self, ada: User, mailoutbox: list[EmailMessage]
    ) -> None:
        invited(ada)
        invitations.mail_due()
        client_of(ada).post(f"/accounts/settings/invitations/{Invitation.objects.get().pk}/resend/")
        invitations.mail_due()

        codes = [code_in(mail) for mail in mailoutbox]

        assert [Client().get(f"/accounts/join/{code}/").status_code for code in codes] == [404, 200]

    def test_admin_invites_no_owner(self, abe: User) -> None:
        with pytest.raises(members.OwnersMatter):
            invited(abe, role=Role.OWNER)
        answer = client_of(abe).post(PAGE, {"member-email": "d@example.org", "member-role": Role.OWNER})

        assert answer.status_code == 422
        assert not Invitation.objects.exists()

    def test_member_is_not_invited(self, ada: User, ben: User) -> None:
        answer = client_of(ada).post(PAGE, {"member-email": ben.email.upper(), "member-role": Role.OWNER})

        assert answer.status_code == 422
        assert "is a member already" in answer.content.decode()
        assert member(ben).role == Role.EDITOR

    def test_a_desk_is_no_mailing_machine(self, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(invitations, "MOST_OPEN", 1)
        invited(ada)

        with pytest.raises(invitations.TooManyOpen):
            invited(ada, "eve@example.org")


class TestJoining:
    def test_somebody_with_an_account_joins_once(
        self, ada: User, cho: User, workspace: Workspace, mailoutbox: list[EmailMessage]
    ) -> None:
        invited(ada, cho.email, Role.VIEWER)
        invitations.mail_due()
        address = f"/accounts/join/{code_in(mailoutbox[0])}/"

        asked = client_of(cho).get(address).content.decode()
        client_of(cho).post(address)

        cho.refresh_from_db()
        assert "Ada invites you, as Viewer." in asked
        assert workspace.memberships.get(user=cho).role == Role.VIEWER
        assert cho.current_workspace == workspace
        assert client_of(UserFactory.create()).post(address).status_code == 404
        assert workspace.memberships.count() == 2

    def test_nobody_joins_by_looking(
        self, ada: User, cho: User, workspace: Workspace, mailoutbox: list[EmailMessage]
    ) -> None:
        invited(ada, cho.email)
        invitations.mail_due()

        client_of(cho).get(f"/accounts/join/{code_in(mailoutbox[0])}/")
        Client().post(f"/accounts/join/{code_in(mailoutbox[0])}/")

        assert workspace.memberships.count() == 1

    @pytest.mark.parametrize("how", ["expired", "withdrawn", "made up"])
    def test_code_that_is_not_good_opens_nothing(
        self, ada: User, cho: User, workspace: Workspace, mailoutbox: list[EmailMessage], how: str
    ) -> None:
        invitation = invited(ada, cho.email)
        invitations.mail_due()
        code = "made-up" if how == "made up" else code_in(mailoutbox[0])
        if how == "withdrawn":
            client_of(ada).post(f"/accounts/settings/invitations/{invitation.pk}/withdraw/")

        with time_machine.travel(now() + timedelta(days=8 if how == "expired" else 0)):
            answers = [
                client_of(cho).get(f"/accounts/join/{code}/"),
                client_of(cho).post(f"/accounts/join/{code}/"),
            ]

        assert [answer.status_code for answer in answers] == [404, 404]
        assert workspace.memberships.count() == 1

    def test_member_who_follows_a_link_keeps_their_role_and_leaves_it_to_whom_it_was_made_for(
        self, ada: User, ben: User, cho: User, workspace: Workspace
    ) -> None:
        invitation = invited(ada, "cho.other@example.org", Role.VIEWER)
        place = invitations.link(member(ada), invitation).removeprefix("http://127.0.0.1:8000")

        page = client_of(ben).get(place).content.decode()
        client_of(ben).post(place)
        client_of(cho).post(place)

        assert "You are in Bakery" in page
        assert member(ben).role == Role.EDITOR
        assert workspace.memberships.get(user=cho).role == Role.VIEWER

    def test_link_to_hand_over_is_shown_once_and_works(
        self, ada: User, cho: User, workspace: Workspace
    ) -> None:
        invitation = invited(ada)

        page = client_of(ada).post(f"/accounts/settings/invitations/{invitation.pk}/link/").content.decode()
        found = re.search(r"/accounts/join/[\w-]+/", page)

        assert found
        assert client_of(cho).post(found[0]).status_code == 302
        assert workspace.memberships.filter(user=cho).exists()


class TestTheGate:
    FORM = {"name": "Dana Okafor", "password1": PASSWORD}

    def sign_up(self, code: str = "", **form: str) -> Client:
        client = Client()
        if code:
            client.get(f"/accounts/join/{code}/")
        client.post("/auth/signup/", {**self.FORM, **form})
        return client

    def test_closed_to_strangers_it_lets_the_invited_in(
        self, ada: User, workspace: Workspace, mailoutbox: list[EmailMessage], settings: Settings
    ) -> None:
        settings.SIGNUP_OPEN = False
        invited(ada, role=Role.VIEWER)
        invitations.mail_due()

        self.sign_up(email="eve@example.org", workspace_name="Eve", timezone="UTC")
        self.sign_up(code_in(mailoutbox[0]))

        dana = User.objects.get(email="dana@example.org")
        assert not User.objects.filter(email="eve@example.org").exists()
        assert [row.workspace for row in dana.memberships.all()] == [workspace]
        assert member(dana).role == Role.VIEWER
        assert dana.emailaddress_set.get().verified  # the code came to that address
        assert not Invitation.objects.exists()

    def test_invited_address_is_the_one_that_signs_up(
        self, ada: User, mailoutbox: list[EmailMessage], settings: Settings
    ) -> None:
        settings.SIGNUP_OPEN = False
        invited(ada)
        invitations.mail_due()

        self.sign_up(code_in(mailoutbox[0]), email="eve@example.org")

        assert not User.objects.filter(email="eve@example.org").exists()
        assert User.objects.filter(email="dana@example.org").exists()

    def test_used_code_opens_no_second_sign_up(
        self, ada: User, mailoutbox: list[EmailMessage], settings: Settings
    ) -> None:
        settings.SIGNUP_OPEN = False
        invited(ada)
        invitations.mail_due()
        late = Client()
        late.get(f"/accounts/join/{code_in(mailoutbox[0])}/")
        self.sign_up(code_in(mailoutbox[0]))

        answer = late.get("/auth/signup/")

        assert "Sign-up is closed" in answer.content.decode()

    def test_handed_over_link_confirms_no_address(self, ada: User, workspace: Workspace) -> None:
        address = invitations.link(member(ada), invited(ada))

        self.sign_up(address.rstrip("/").rpartition("/")[2])

        dana = User.objects.get(email="dana@example.org")
        assert dana.memberships.get().workspace == workspace
        assert not dana.emailaddress_set.get().verified

    def test_link_that_is_handed_over_after_a_mail_confirms_no_address_either(self, ada: User) -> None:
        invitation = invited(ada)
        invitations.mail_due()
        address = invitations.link(member(ada), Invitation.objects.get(pk=invitation.pk))

        self.sign_up(address.rstrip("/").rpartition("/")[2])

        assert not User.objects.get(email="dana@example.org").emailaddress_set.get().verified
