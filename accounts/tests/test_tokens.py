"""Tokens renew themselves, one refresh at a time, and no passing fault ends a connection."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import connections
from django.utils.timezone import now

from accounts.models import Account
from accounts.tests.village import Village, World
from accounts.tokens import LEASE, ensure_fresh, refresh_at, renew_due, token_columns
from platforms.content import Token
from platforms.errors import (
    ClientRefused,
    NotReady,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    TokenExpired,
    Unavailable,
)

Make = Callable[..., Account]
BLIPS = [
    Unavailable("The network could not be reached."),
    OutcomeUnknown("The connection broke off."),
    RateLimited("Slow down."),
    ClientRefused("The client id is wrong."),
]


def access(account: Account) -> str:
    return account.token.access if account.token else ""


def test_two_hour_token_is_renewed_after_eighty_minutes() -> None:
    moment = now()

    due = refresh_at(Village, Token("a", "r", moment + timedelta(hours=2)), moment)

    assert due == moment + timedelta(minutes=80)


@pytest.mark.parametrize("token", [Token("a", "r", None), Token("a", "", now() + timedelta(hours=2))])
def test_token_that_does_not_end_or_cannot_be_renewed_is_left_alone(token: Token) -> None:
    assert refresh_at(Village, token, now()) is None


@pytest.mark.django_db
class TestEnsureFresh:
    def test_good_token_is_used_without_asking_the_network(self, account: Make, world: World) -> None:
        fresh = ensure_fresh(account(left=timedelta(minutes=10)))

        assert access(fresh) == "access-1"
        assert world.refreshes == 0

    def test_token_that_ends_soon_is_renewed_and_saved(self, account: Make) -> None:
        fresh = ensure_fresh(account(left=timedelta(minutes=2)))

        stored = Account.objects.get(pk=fresh.pk)
        assert fresh.token == stored.token == Token("access-2", "refresh-2", stored.expires_at, ("write",))
        assert stored.refresh_at is not None
        assert timedelta(minutes=79) < stored.refresh_at - now() < timedelta(minutes=81)
        assert stored.refresh_lease_until is None

    def test_empty_refresh_token_does_not_replace_the_one_we_have(self, account: Make, world: World) -> None:
        world.rotates = False

        fresh = ensure_fresh(account(left=timedelta(0)))

        assert fresh.token
        assert (fresh.token.access, fresh.token.refresh) == ("access-2", "refresh-1")

    @pytest.mark.parametrize("blip", BLIPS, ids=lambda blip: blip.code)
    def test_token_that_is_still_good_is_used_when_it_cannot_be_renewed(
        self, account: Make, world: World, blip: PlatformError
    ) -> None:
        world.trouble = blip

        fresh = ensure_fresh(account(left=timedelta(minutes=2)))

        assert access(fresh) == "access-1"

    @pytest.mark.parametrize("blip", BLIPS, ids=lambda blip: blip.code)
    def test_passing_fault_leaves_the_account_connected(
        self, account: Make, world: World, blip: PlatformError
    ) -> None:
        kept = account(left=timedelta(0))
        world.trouble = blip

        with pytest.raises((Unavailable, RateLimited, ClientRefused)):
            ensure_fresh(kept)

        kept.refresh_from_db()
        assert kept.state == Account.State.CONNECTED
        assert kept.credentials["refresh"] == "refresh-1"
        assert kept.refresh_lease_until is None

    def test_definite_refusal_ends_the_connection_in_words(self, account: Make, world: World) -> None:
        kept = account(left=timedelta(0))
        world.refresh_token = "another"

        with pytest.raises(TokenExpired):
            ensure_fresh(kept)

        kept.refresh_from_db()
        assert kept.state == Account.State.EXPIRED
        assert kept.trouble == "Village no longer accepts this connection."
        assert kept.refresh_at is None

    def test_ended_connection_is_not_asked_about_again(self, account: Make, world: World) -> None:
        ended = account(state=Account.State.EXPIRED, trouble="It ended.")

        with pytest.raises(TokenExpired, match="It ended"):
            ensure_fresh(ended, force=True)

        assert world.refreshes == 0

    def test_disconnected_account_is_not_asked_about(self, account: Make) -> None:
        gone = account()
        gone.disconnect()
        gone.refresh_from_db()

        with pytest.raises(TokenExpired):
            ensure_fresh(gone)


@pytest.mark.django_db
class TestRefusedToken:
    def test_refused_token_is_renewed_though_it_should_be_good(self, account: Make) -> None:
        fresh = ensure_fresh(account(), force=True)

        assert access(fresh) == "access-2"

    def test_token_that_somebody_else_renewed_is_used(self, account: Make, world: World) -> None:
        stale = account()
        ensure_fresh(Account.objects.get(pk=stale.pk), force=True)

        fresh = ensure_fresh(stale, force=True)

        assert access(fresh) == "access-2"
        assert world.refreshes == 1

    def test_brand_new_token_is_not_renewed_again_at_once(self, account: Make, world: World) -> None:
        new = account(refreshed_at=now())

        with pytest.raises(Unavailable):
            ensure_fresh(new, force=True)

        assert world.refreshes == 0

    def test_refused_token_that_cannot_be_renewed_ends_the_connection(self, account: Make) -> None:
        kept = account(credentials={"access": "access-1", "refresh": "", "extra": {}}, expires_at=None)

        with pytest.raises(TokenExpired):
            ensure_fresh(kept, force=True)

        kept.refresh_from_db()
        assert kept.state == Account.State.EXPIRED


@pytest.mark.django_db
class TestOneLock:
    def test_whoever_finds_the_lock_taken_comes_back_in_a_moment(self, account: Make, world: World) -> None:
        held = account(left=timedelta(0), refresh_lease_until=now() + LEASE)

        with pytest.raises(NotReady) as raised:
            ensure_fresh(held)

        assert raised.value.retry_at - now() < timedelta(seconds=3)
        assert world.refreshes == 0

    def test_token_that_is_still_good_is_used_while_somebody_renews_it(self, account: Make) -> None:
        held = account(left=timedelta(minutes=1), refresh_lease_until=now() + LEASE)

        fresh = ensure_fresh(held)

        assert access(fresh) == "access-1"

    def test_lock_of_a_worker_that_died_opens_by_itself(self, account: Make) -> None:
        held = account(left=timedelta(0), refresh_lease_until=now() + LEASE)

        with time_machine.travel(now() + LEASE):
            fresh = ensure_fresh(held)

        assert access(fresh) == "access-2"

    def test_account_that_was_reconnected_meanwhile_keeps_its_new_token(
        self, account: Make, world: World
    ) -> None:
        kept = account(left=timedelta(0))
        new = token_columns(Village, Token("by-hand", "by-hand-too", now() + timedelta(hours=2)))
        world.while_asked = lambda: Account.objects.filter(pk=kept.pk).update(**new) and None

        with pytest.raises(Unavailable):
            ensure_fresh(kept)

        kept.refresh_from_db()
        assert access(kept) == "by-hand"

    def test_late_refusal_does_not_end_a_connection_that_was_renewed(
        self, account: Make, world: World
    ) -> None:
        kept = account(left=timedelta(0))
        new = token_columns(Village, Token("by-hand", "by-hand-too", now() + timedelta(hours=2)))
        world.while_asked = lambda: Account.objects.filter(pk=kept.pk).update(**new) and None
        world.trouble = TokenExpired("Gone.")

        with pytest.raises(Unavailable):
            ensure_fresh(kept)

        kept.refresh_from_db()
        assert kept.state == Account.State.CONNECTED

    def test_account_that_was_disconnected_meanwhile_stays_so(self, account: Make, world: World) -> None:
        kept = account(left=timedelta(0))
        world.while_asked = lambda: kept.disconnect() and None

        with pytest.raises(Unavailable):
            ensure_fresh(kept)

        kept.refresh_from_db()
        assert (kept.state, kept.token) == (Account.State.DISCONNECTED, None)


@pytest.mark.django_db(transaction=True)
def test_threads_that_meet_an_expired_token_renew_it_once(account: Make, world: World) -> None:
    kept = account(left=timedelta(0))
    inside, others_done = threading.Event(), threading.Event()
    outcomes: list[object] = []

    def slow_network() -> None:
        inside.set()
        assert others_done.wait(10)

    def renew() -> None:
        try:
            outcomes.append(ensure_fresh(Account.objects.get(pk=kept.pk)).token)
        except NotReady as error:
            outcomes.append(error)
        finally:
            connections.close_all()

    world.while_asked = slow_network
    first = threading.Thread(target=renew)
    first.start()
    assert inside.wait(10)
    others = [threading.Thread(target=renew) for _ in range(4)]
    for thread in others:
        thread.start()
    for thread in others:
        thread.join(10)
    others_done.set()
    first.join(10)

    assert [type(outcome) for outcome in outcomes] == [NotReady] * 4 + [Token]
    assert world.refreshes == 1


@pytest.mark.django_db
class TestBackoff:
    def test_failures_are_tried_again_ever_more_rarely(self, account: Make, world: World) -> None:
        kept = account()
        world.trouble = Unavailable("Down.")
        pauses = []
        for _ in range(7):
            due = kept.refresh_at
            with time_machine.travel(due, tick=False), pytest.raises(Unavailable):
                renew_due(kept)
            kept.refresh_from_db()
            pauses.append((kept.refresh_at - due) / timedelta(minutes=1))

        assert pauses == [1, 2, 4, 8, 16, 30, 30]

    def test_network_that_says_when_is_asked_then(self, account: Make, world: World) -> None:
        kept, later = account(), now() + timedelta(hours=3)
        world.trouble = RateLimited("Slow down.", retry_at=later)

        with pytest.raises(RateLimited):
            renew_due(kept)

        kept.refresh_from_db()
        assert kept.refresh_at == later

    def test_success_forgets_the_failures(self, account: Make) -> None:
        kept = account(refresh_failures=4)

        renew_due(kept)

        kept.refresh_from_db()
        assert kept.refresh_failures == 0
