"""Every network is connected, renewed and let go again, and says in words why it will not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from platforms.base import Connection, Platform
from platforms.content import Token
from platforms.errors import OutcomeUnknown, RateLimited, TokenExpired, Unavailable
from platforms.ledger import MemoryLedger
from platforms.registry import PLATFORMS
from platforms.sandbox.models import Call, Fault, Grant
from platforms.tests.connected import connected, known_at, token_of, way_out
from platforms.tests.contract import desk
from platforms.tests.contract.drafts import Shelf, draft_of, plain_kind

pytestmark = pytest.mark.django_db(transaction=True)

NETWORKS = list(PLATFORMS)
NEVER_END = {"mastodon", "facebook"}  # such tokens are renewed only once they were refused
RENEWED = [name for name in NETWORKS if PLATFORMS[name].can("refresh")]


def speaking(name: str, world: str, token: Token) -> Platform:
    return PLATFORMS[name](Connection(known_at(world, PLATFORMS[name]), way_out(world), token))


@pytest.mark.cell("{name}:connect")
@pytest.mark.parametrize("name", NETWORKS)
def test_a_person_connects_and_is_named(name: str, world: str) -> None:
    person = desk.first_person(name)
    token = token_of(PLATFORMS[name], world, person)

    profiles = speaking(name, world, token).profiles()

    assert profiles
    assert all(profile.remote_id and profile.handle and profile.name for profile in profiles)


@pytest.mark.parametrize("name", RENEWED)
def test_a_connection_is_renewed_and_goes_on(name: str, world: str) -> None:
    client = connected(name, world)
    token = client.token
    assert token is not None
    mature(name)
    if name in NEVER_END and token.expires_at is None:
        return

    renewed = client.refresh()

    assert renewed.access
    assert renewed.refresh or not token.refresh
    assert speaking(name, world, renewed).profiles()


def mature(name: str) -> None:
    """Some networks renew no token that is younger than a day."""
    for grant in Grant.objects.filter(network=name):
        yesterday = (timezone.now() - timedelta(hours=30)).isoformat()
        Grant.objects.filter(pk=grant.pk).update(
            facts={**grant.facts, **({"issued_at": yesterday} if "issued_at" in grant.facts else {})}
        )


@pytest.mark.parametrize("name", [name for name in NETWORKS if PLATFORMS[name].can("revoke")])
def test_a_connection_that_was_given_back_is_gone(name: str, world: str) -> None:
    token = token_of(PLATFORMS[name], world, desk.first_person(name))
    client = speaking(name, world, token)

    client.revoke()

    with pytest.raises(TokenExpired):
        client.refresh() if client.can("refresh") else client.profiles()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_that_asks_to_slow_down_is_left_alone_for_a_while(
    name: str, world: str, shelf: Shelf
) -> None:
    client = connected(name, world)
    draft = draft_of(type(client), plain_kind(type(client)), client.connection.limits, shelf)

    with desk.fault(name, Fault.Kind.LIMITED), pytest.raises(RateLimited):
        desk.publish(client, draft, MemoryLedger())

    assert desk.standing(name) == 0


@pytest.mark.parametrize("name", [name for name in NETWORKS if PLATFORMS[name].failures])
def test_every_refusal_means_what_the_table_says(name: str, world: str, shelf: Shelf) -> None:
    client, wrong = connected(name, world), []
    Call.objects.all().delete()
    desk.publish(
        client,
        draft_of(type(client), plain_kind(type(client)), client.connection.limits, shelf),
        MemoryLedger(),
    )
    call = desk.writes(name)[0]
    url = world + call.path

    for failure in client.failures:
        code = failure.code or failure.words
        with desk.fault(name, Fault.Kind.REFUSED, path=call.path, code=code):
            answer = client.connection.transport.request(call.method, url, headers=client.headers())
        error = client.classify(answer)
        meant = {(other.kind, other.message) for other in client.failures if other.code == failure.code}
        if (type(error), error.message) not in meant:
            wrong.append(f"{code}: {type(error).__name__} {error.message!r}, not {failure.kind.__name__}")

    assert wrong == []


@pytest.mark.parametrize("name", NETWORKS)
def test_every_failure_is_a_sentence_and_says_what_to_press(name: str) -> None:
    failures = PLATFORMS[name].failures

    assert [f.code or f.words for f in failures if not f.message.endswith((".", "!", "?"))] == []
    assert [f.code or f.words for f in failures if not (f.action or f.kind.action)] == []
    assert not any(issubclass(f.kind, Unavailable | OutcomeUnknown) and f.again for f in failures)


@pytest.mark.cell("{name}:account_limits")
@pytest.mark.parametrize("name", [name for name in NETWORKS if PLATFORMS[name].can("account_limits")])
def test_what_an_account_may_choose_is_read_afresh(name: str, world: str) -> None:
    client = connected(name, world)

    limits = client.account_limits()

    lists = {option.choices_from for option in client.options if option.choices_from}
    assert lists <= set(limits.get("choices", {}))
