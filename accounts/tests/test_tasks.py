"""What the clock does for accounts."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils.module_loading import import_string
from django.utils.timezone import now

from accounts.models import Account, IdempotentRequest, OAuthState, PendingConnection, User, digest
from accounts.tasks import SCHEDULES, refresh_tokens, sweep
from accounts.tests.village import World
from platforms.errors import Unavailable

Make = Callable[..., Account]
pytestmark = pytest.mark.django_db


def test_every_scheduled_function_is_there() -> None:
    assert all(callable(import_string(path)) for path, _minutes in SCHEDULES.values())


def test_token_is_renewed_when_it_is_due(account: Make) -> None:
    due = account()

    renewed = refresh_tokens()

    due.refresh_from_db()
    assert renewed == 1
    assert due.credentials["access"] == "access-2"


@pytest.mark.parametrize(
    "fields",
    [
        {"refresh_at": timedelta(hours=1)},
        {"refresh_at": None},
        {"state": Account.State.EXPIRED},
        {"refresh_lease_until": timedelta(minutes=4)},
    ],
    ids=["later", "never", "ended", "under way"],
)
def test_token_that_is_not_due_is_left_alone(account: Make, world: World, fields: dict[str, object]) -> None:
    moment = now()  # not that of reading this file: a long run is longer than four minutes
    account(**{name: moment + to if isinstance(to, timedelta) else to for name, to in fields.items()})

    refresh_tokens()

    assert world.refreshes == 0


def test_paused_account_keeps_its_token_alive(account: Make, world: World) -> None:
    account(is_paused=True)

    refresh_tokens()

    assert world.refreshes == 1


def test_network_that_is_down_does_not_hold_up_the_others(account: Make, world: World) -> None:
    asked: list[int] = []
    world.while_asked = lambda: asked.append(1)
    world.trouble = Unavailable("Down.")
    for number in range(5):
        account(remote_id=f"village-{number}")
    for number in range(2):
        account(remote_id=f"hamlet-{number}", platform_name="hamlet", server="one.example")
    account(remote_id="hamlet-9", platform_name="hamlet", server="two.example")

    refresh_tokens()

    assert len(asked) == 2 + 2 + 1


def test_connection_that_ended_and_cannot_be_renewed_is_marked(account: Make) -> None:
    ended = account(refresh_at=None, expires_at=now() - timedelta(minutes=1))

    refresh_tokens()

    ended.refresh_from_db()
    assert ended.state == Account.State.EXPIRED
    assert ended.trouble


def test_command_says_how_many_were_renewed(account: Make) -> None:
    account()
    said = StringIO()

    call_command("refresh_tokens", stdout=said)

    assert said.getvalue() == "Renewed 1.\n"


def test_only_what_has_expired_is_swept(ada: User) -> None:
    workspace = ada.current_workspace
    for age in (timedelta(minutes=1), timedelta(days=2)):
        created_at, own = now() - age, str(age)
        common = {"user": ada, "workspace": workspace, "platform_name": "village", "created_at": created_at}
        OAuthState.objects.create(state_hash=digest(own), kept={}, **common)
        PendingConnection.objects.create(kept={}, **common)
        IdempotentRequest.objects.create(workspace=workspace, key=own, created_at=created_at)

    deleted = sweep()

    assert deleted == 3
    assert OAuthState.objects.count() == PendingConnection.objects.count() == 1
    assert IdempotentRequest.objects.get().key == str(timedelta(minutes=1))
