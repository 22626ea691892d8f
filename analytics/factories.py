"""Numbers for tests, written as the collector writes them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from accounts.models import Account
from analytics import days, keeping
from analytics.models import Look, PostSnapshot
from platforms.content import Metrics
from publishing.factories import DeliveryFactory, PostFactory
from publishing.models import Delivery


def published(account: Account, at: datetime, text: str = "Fresh bread", **fields: Any) -> Delivery:
    """A post that went out on an account, with its look."""
    post = PostFactory(workspace=account.workspace, text=text, **fields)
    delivery = DeliveryFactory(post=post, account=account, published=True, published_at=at, due_at=at)
    Look.objects.create(delivery=delivery, due_at=at)
    return delivery


def told(delivery: Delivery, at: datetime, **values: float) -> None:
    """The network tells these numbers of a post at a moment."""
    look, _new = Look.objects.get_or_create(delivery=delivery, defaults={"due_at": at})
    _keep(look, at, values)


def told_at_once(delivery: Delivery, looks: Sequence[tuple[datetime, dict[str, float]]]) -> None:
    """The same for many moments; `days.touch_all` counts them."""
    PostSnapshot.objects.bulk_create(
        PostSnapshot(delivery=delivery, taken_at=at, **values) for at, values in looks
    )
    if looks:
        keeping.newest(delivery)


def told_account(account: Account, at: datetime, **values: float) -> None:
    """The network tells these numbers of an account at a moment."""
    zone = account.workspace.timezone
    look, _new = Look.objects.get_or_create(account=account, defaults={"due_at": at, "zone": zone})
    _keep(look, at, values)


def _keep(look: Look, at: datetime, values: dict[str, float]) -> None:
    Look.objects.filter(pk=look.pk).update(lease_until=at + timedelta(minutes=1), fence=look.fence)
    keeping.keep(look, Metrics(values, dict(values)), at, due_at=None)  # type: ignore[arg-type]


def count() -> None:
    """Count all days that were touched."""
    while days.count_touched():
        pass
