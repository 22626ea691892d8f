"""Telling other people's programs what happens: a row for each webhook that wants to know."""

from collections.abc import Mapping

from django.db import transaction
from django_q.tasks import async_task

from accounts.models import Dispatch, Happening, Webhook
from platforms.content import Json

# Every event, in the order in which pages list them.
EVENTS = (
    "post.published", "post.failed", "post.unknown", "post.missed",
    "message.received", "message.answered", "account.expiring", "account.expired", "report.ready",
)  # fmt: skip


def emit(workspace_id: int, event: str, key: str, payload: Mapping[str, Json]) -> None:
    """Tell every webhook of a workspace that chose the event, once a key however often this is called."""
    wanting = [
        hook for hook in Webhook.objects.filter(workspace_id=workspace_id, is_on=True) if event in hook.events
    ]
    if not wanting:
        return
    with transaction.atomic():
        happening, is_new = Happening.objects.get_or_create(
            workspace_id=workspace_id, key=key, defaults={"event": event, "payload": dict(payload)}
        )
        if is_new:
            Dispatch.objects.bulk_create(Dispatch(webhook=hook, happening=happening) for hook in wanting)
            transaction.on_commit(ring)


def ring() -> None:
    """Have what is due sent soon."""
    async_task("accounts.tasks.send_webhooks", cluster="default")
