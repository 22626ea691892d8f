"""What is done once, before anything runs: the tables, what runs by the clock, the sandbox's people."""

import time
from collections.abc import Callable

from django.conf import settings
from django.core.management import call_command
from django.db import Error, connection

from platforms.sandbox import world
from snsauto import health, schedules

LOOK_SECONDS = 1.0


def prepare(*, migrate: bool = True) -> None:
    """Make the database what this code expects; a second run changes nothing."""
    if migrate:
        call_command("migrate", interactive=False, verbosity=0)
    schedules.install()
    if settings.SANDBOX:
        world.seed()


def await_prepared(say: Callable[[], None]) -> None:
    """Come back when the database is as this code expects it; until then another machine is still at it."""
    while not is_prepared():
        say()
        say = nothing
        time.sleep(LOOK_SECONDS)
    connection.close()


def is_prepared() -> bool:
    """Whether the database answers and lacks no migration of this code (it may have newer ones)."""
    try:
        return not health.missing_migrations()
    except Error:
        connection.close()
        return False


def nothing() -> None:
    """It was said once."""
