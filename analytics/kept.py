"""What is dear to count is kept for a quarter of an hour, as long as nothing new was told."""

import hashlib
from collections.abc import Callable
from typing import TypeVar, cast
from uuid import UUID

from django.core.cache import cache

from accounts.models import Workspace
from analytics.models import Edition

T = TypeVar("T")
SECONDS = 15 * 60


def edition_of(workspace: Workspace) -> UUID | None:
    """Which state of its numbers this is; None before there are any."""
    return Edition.objects.filter(workspace=workspace).values_list("token", flat=True).first()


def kept(workspace: Workspace, edition: UUID | None, what: str, asked: object, make: Callable[[], T]) -> T:
    """What was made for the same question while the workspace's numbers were the same; else made now.

    The key carries the edition of the numbers, which every count renews: nothing old is ever found.
    """
    if edition is None:
        return make()
    question = hashlib.sha256(repr(asked).encode()).hexdigest()[:24]
    key = f"analytics:{what}:{workspace.pk}:{edition}:{question}"
    found = cache.get(key)
    if found is None:
        found = make()
        cache.set(key, found, SECONDS)
    return cast("T", found)
