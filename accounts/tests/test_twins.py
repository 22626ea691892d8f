"""Connecting, renewing and letting go, with the real clients against the sandbox over HTTP."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from accounts.connections import platform_client
from accounts.factories import client_of
from accounts.models import Account, User
from accounts.tasks import refresh_tokens
from accounts.tokens import ensure_fresh
from platforms.errors import TokenExpired
from platforms.registry import PLATFORMS
from platforms.sandbox.models import Fault, Grant, Person
from platforms.sandbox.visitor import allow
from platforms.tests.connected import typed

pytestmark = pytest.mark.django_db(transaction=True)
ASKED = [name for name, platform in PLATFORMS.items() if platform.can("authorize")]
BY_CONSENT = pytest.mark.parametrize("network", ASKED)


@pytest.fixture
def desk(sandbox: str, ada: User) -> Client:
    return client_of(ada)


# Where the second inhabitant looks after the same page as the first, somebody else is somebody else.
ELSEWHERE = {"linkedin": 3}


def begin(desk: Client, network: str, which: int = 0, **fields: object) -> HttpResponse:
    form = {**typed(inhabitant(network, which)), **fields}
    return desk.post(reverse("accounts:account-connect", args=[network, "oauth"]), form)


def finish(desk: Client, network: str, url: str, answer: str = "allow", which: int = 0) -> str:
    """What the accounts page says in the end."""
    person = inhabitant(network, which)
    query = allow(url, person, answer)
    page = desk.get(reverse("accounts:account-callback", args=[network]), query, follow=True)
    return chosen(desk, page, person).content.decode()


def chosen(desk: Client, page: HttpResponse, person: Person) -> HttpResponse:
    """The page after choosing the person among several profiles, where there are several."""
    if not page.redirect_chain or "/choose/" not in page.redirect_chain[-1][0]:
        return page
    profiles = page.context["grant"].profiles
    wanted = next((profile for profile in profiles if profile.handle == person.handle), profiles[0])
    return desk.post(page.redirect_chain[-1][0], {"profile": wanted.remote_id}, follow=True)


def connect(desk: Client, network: str) -> Account:
    if network in ASKED:
        finish(desk, network, begin(desk, network)["Location"])
    else:
        desk.post(by_hand(network), typed(inhabitant(network)))
    return Account.objects.get(platform_name=network)


def by_hand(network: str) -> str:
    """Where a person logs in with what is typed."""
    method = next(method for method in PLATFORMS[network].connect_methods if not method.asks_consent)
    return reverse("accounts:account-connect", args=[network, method.name])


def inhabitant(network: str, which: int = 0) -> Person:
    people = list(Person.objects.filter(network=network).order_by("pk"))
    return people[ELSEWHERE.get(network, which) if which else 0]


@BY_CONSENT
def test_person_connects_through_the_consent_page(desk: Client, network: str) -> None:
    person = inhabitant(network)

    page = finish(desk, network, begin(desk, network)["Location"])

    account = Account.objects.get()
    assert (account.platform_name, account.state) == (network, Account.State.CONNECTED)
    assert account.remote_id.startswith(person.remote_id)
    assert account.name == person.name
    assert f"{account.handle} is connected." in page
    assert account.token


def test_a_network_with_several_consent_pages_leads_to_the_one_that_was_chosen(desk: Client) -> None:
    several = [
        (platform, method)
        for platform in PLATFORMS.values()
        for method in platform.connect_methods
        if method.flavour
    ]

    for platform, method in several:
        there = desk.post(reverse("accounts:account-connect", args=[platform.name, method.name]))["Location"]
        finish(desk, platform.name, there)
        account = Account.objects.get(platform_name=platform.name)
        assert account.token
        assert account.token.extra["flavour"] == method.flavour
        assert works(account)


@BY_CONSENT
def test_person_who_says_no_is_told_what_to_do(desk: Client, network: str) -> None:
    page = finish(desk, network, begin(desk, network)["Location"], "deny")

    assert "was not allowed to connect." in page
    assert "Connect the account again and allow everything that is asked." in page
    assert not Account.objects.exists()


@BY_CONSENT
def test_answer_counts_once(desk: Client, network: str) -> None:
    url = begin(desk, network)["Location"]
    query = allow(url, inhabitant(network))
    callback = reverse("accounts:account-callback", args=[network])
    desk.get(callback, query)
    Account.objects.all().delete()

    page = desk.get(callback, query, follow=True)

    assert "was finished or given up already" in page.content.decode()
    assert not Account.objects.exists()


@BY_CONSENT
def test_network_that_breaks_off_leaves_nothing_half_connected(desk: Client, network: str) -> None:
    url = begin(desk, network)["Location"]
    query = allow(url, inhabitant(network))
    Fault.objects.create(network=network, kind=Fault.Kind.BROKEN, path="oken", times=9)

    page = desk.get(reverse("accounts:account-callback", args=[network]), query, follow=True)

    assert "Try again in a moment." in page.content.decode()
    assert not Account.objects.exists()


@BY_CONSENT
def test_account_connected_again_is_the_same_row(desk: Client, network: str) -> None:
    before = connect(desk, network)
    Account.objects.update(state=Account.State.EXPIRED, trouble="It ended.")

    finish(desk, network, begin(desk, network, account=before.pk)["Location"])

    after = Account.objects.get()
    assert (after.pk, after.state, after.trouble) == (before.pk, Account.State.CONNECTED, "")


@BY_CONSENT
def test_somebody_else_is_an_account_of_their_own(desk: Client, network: str) -> None:
    before = connect(desk, network)
    Account.objects.update(state=Account.State.EXPIRED)

    page = finish(desk, network, begin(desk, network, 1, account=before.pk)["Location"], which=1)

    assert Account.objects.get(pk=before.pk).state == Account.State.EXPIRED
    assert Account.objects.count() == 2
    assert "still has to be connected again" in page


@pytest.mark.parametrize("network", [name for name, platform in PLATFORMS.items() if platform.can("revoke")])
def test_disconnecting_revokes_the_grant(desk: Client, network: str) -> None:
    account = connect(desk, network)

    desk.post(reverse("accounts:account-disconnect", args=[account.pk]))

    account.refresh_from_db()
    assert (account.state, account.token) == (Account.State.DISCONNECTED, None)
    assert Grant.objects.filter(network=network, revoked_at=None, person__isnull=False).count() == 0


@pytest.mark.parametrize("network", [name for name, platform in PLATFORMS.items() if platform.can("login")])
def test_person_logs_in_with_what_is_typed(desk: Client, network: str) -> None:
    person = inhabitant(network)
    method = next(method for method in PLATFORMS[network].connect_methods if not method.asks_consent)
    [secret] = [field.name for field in method.fields if field.secret]
    form = {"password": person.facts.get("app_password", ""), **typed(person)}
    form.pop("server", None)

    wrong = desk.post(by_hand(network), {**form, secret: "not-that-one"})
    desk.post(by_hand(network), form)

    account = Account.objects.get()
    assert wrong.status_code == 422
    assert "not-that-one" not in wrong.content.decode()
    assert account.handle == person.handle
    assert works(account)


@pytest.fixture
def renewing(desk: Client) -> Iterator[list[Account]]:
    """Connected accounts of all networks whose tokens end and can be renewed; all are due."""
    accounts = [connect(desk, network) for network in PLATFORMS]
    with time_machine.travel(now() + timedelta(days=2)):  # some networks renew no token of the same day
        Account.objects.filter(refresh_at__isnull=False).update(refresh_at=now(), expires_at=now())
        due = [Account.objects.get(pk=account.pk) for account in accounts if account.refresh_at]
        assert len(due) >= 2
        yield due


def works(account: Account) -> bool:
    return account.remote_id in {profile.remote_id for profile in platform_client(account).profiles()}


def test_tokens_are_renewed_by_the_clock_and_work(renewing: list[Account]) -> None:
    renewed = refresh_tokens()

    assert renewed == len(renewing)
    for before in renewing:
        after = Account.objects.get(pk=before.pk)
        assert after.credentials["access"] != before.credentials["access"]
        assert after.refresh_at
        assert after.refresh_at > now()
        assert works(after)


@pytest.mark.parametrize("kind", [Fault.Kind.BROKEN, Fault.Kind.DROP_BEFORE, Fault.Kind.LIMITED])
def test_blip_while_renewing_disconnects_nobody(renewing: list[Account], kind: Fault.Kind) -> None:
    Fault.objects.create(kind=kind, times=50, path="oken")
    Fault.objects.create(kind=kind, times=50, path="refreshSession")

    refresh_tokens()
    in_between = set(Account.objects.values_list("state", flat=True))
    Fault.objects.all().delete()
    Account.objects.filter(refresh_at__isnull=False).update(refresh_at=now())
    refresh_tokens()

    assert in_between == {Account.State.CONNECTED}
    for before in renewing:
        after = Account.objects.get(pk=before.pk)
        assert (after.state, after.refresh_failures) == (Account.State.CONNECTED, 0)
        assert works(after)


@BY_CONSENT
def test_grant_that_was_taken_back_is_said_and_can_be_given_again(desk: Client, network: str) -> None:
    account = connect(desk, network)
    Grant.objects.filter(network=network).update(revoked_at=now())
    with pytest.raises(TokenExpired):
        platform_client(account).profiles()
    Account.objects.update(refreshed_at=account.connected_at.replace(year=2020))

    with pytest.raises(TokenExpired):
        ensure_fresh(account, force=True)
    page = desk.get(reverse("accounts:account-list")).content.decode()
    finish(desk, network, begin(desk, network, account=account.pk)["Location"])

    account.refresh_from_db()
    assert "Connect again." in page
    assert account.state == Account.State.CONNECTED
    assert works(account)
