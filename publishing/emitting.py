"""What became of deliveries, told to webhooks. It looks, and asks no engine.

A delivery is told once for each fence under which it settled; the mark stands in the transaction that tells,
as in trouble.py.
"""

from django.db import transaction
from django.db.models import F

from accounts import webhooks
from platforms.content import Json
from publishing.models import UNEMITTED, Delivery, State

BATCH = 500
EVENTS = {
    State.PUBLISHED: "post.published",
    State.FAILED: "post.failed",
    State.UNKNOWN: "post.unknown",
    State.MISSED: "post.missed",
}


def emit_settled() -> int:
    """Tell webhooks of what has settled. How many deliveries were news."""
    told = 0
    while batch := _emit_batch():
        told += batch
    return told


@transaction.atomic
def _emit_batch() -> int:
    held = Delivery.objects.filter(UNEMITTED).select_for_update(of=("self",), skip_locked=True)
    rows = list(held.select_related("post", "account").defer("account__credentials").order_by("pk")[:BATCH])
    listening = webhooks.listening(list({row.post.workspace_id for row in rows}))
    for row in rows:
        if row.post.workspace_id in listening:
            webhooks.emit(row.post.workspace_id, EVENTS[State(row.state)], _key(row), payload(row))
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(emitted_fence=F("fence"))
    return len(rows)


def _key(row: Delivery) -> str:
    return f"delivery:{row.pk}:{row.fence}:{row.state}"


def payload(row: Delivery) -> dict[str, Json]:
    """What a program needs to know; the rest is in the API under the same ids."""
    return {
        "post": row.post_id,
        "delivery": row.pk,
        "account": row.account_id,
        "platform": row.account.platform_name,
        "handle": row.account.handle,
        "state": row.state,
        "text": row.effective_text,
        "remote_id": row.remote_id,
        "permalink": row.permalink,
        "planned_at": row.planned_at.isoformat() if row.planned_at else None,
        "published_at": row.published_at.isoformat() if row.published_at else None,
        "reason_code": row.reason_code,
        "reason": row.reason,
        "advice": row.advice,
    }
