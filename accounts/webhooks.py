"""Telling other people's programs what happens: a row for each webhook that wants to know."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from accounts.connections import transport
from accounts.models import AuditEvent, Dispatch, Happening, Membership, Webhook
from platforms.content import Json
from platforms.transport import is_private_host

# Every event, in the order in which pages list them.
EVENTS = (
    "post.published", "post.failed", "post.unknown", "post.missed",
    "message.received", "message.answered", "account.expiring", "account.expired", "report.ready",
)  # fmt: skip
TEST = "webhook.test"
MOST = 20  # webhooks of a workspace
OLD_SECRET_SIGNS = timedelta(days=1)
SWITCHED_OFF = "Not sent: the webhook was switched off."


class TooMany(Exception):
    """A workspace has as many webhooks as it may have."""

    def __init__(self) -> None:
        super().__init__(_("A workspace has at most %(count)d webhooks.") % {"count": MOST})


# --- what happens ---


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
            ring_after_commit()


def listening(workspace_ids: Sequence[int]) -> set[int]:
    """Those of the workspaces that have a webhook which is on."""
    rows = Webhook.objects.filter(workspace_id__in=workspace_ids, is_on=True)
    return set(rows.values_list("workspace_id", flat=True))


def ring_after_commit() -> None:
    """Have what is due sent soon: one ring for all that a transaction emits."""
    if all(entry[1] is not ring for entry in connection.run_on_commit):
        transaction.on_commit(ring)


def ring() -> None:
    """Have what is due sent soon."""
    async_task("accounts.tasks.send_webhooks", cluster="default")


# --- webhooks themselves ---


def new_secret() -> str:
    """A key as Standard Webhooks writes it: 32 random bytes."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def validate_target(url: str) -> None:
    """Refuse what is plainly inside the network; the way out checks what a name leads to, each time.

    What the operator lists in OUTBOUND_ALLOW may be private.
    """
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
    except ValueError:  # brackets that hold no address
        parts, host = urlsplit(""), ""
    if parts.scheme not in {"https", "http"} or not host or parts.username:
        raise ValidationError(_("Enter an address that begins with https://"), code="address")
    if not transport().allowed(url) and is_private_host(parts.netloc):
        raise ValidationError(
            _("This address is inside a private network and may not be reached."), code="private_address"
        )


def create(actor: Membership, url: str, events: Sequence[str]) -> Webhook:
    """A new webhook with a secret of its own. Raises TooMany."""
    if Webhook.objects.filter(workspace_id=actor.workspace_id).count() >= MOST:
        raise TooMany
    with transaction.atomic():
        hook = Webhook.objects.create(
            workspace_id=actor.workspace_id,
            url=url,
            events=list(events),
            secret=new_secret(),
            created_by=actor.user,
        )
        AuditEvent.record(actor, "webhook.created", url, events=list(events))
    return hook


def change(actor: Membership, hook: Webhook, *, url: str, events: Sequence[str], is_on: bool) -> None:
    """What is told to where. Switched on again it begins anew; switched off, what waits is not sent."""
    with transaction.atomic():
        Webhook.objects.filter(pk=hook.pk).update(url=url, events=list(events))
        AuditEvent.record(actor, "webhook.changed", url, events=list(events), on=is_on)
        if is_on and not hook.is_on:
            Webhook.objects.filter(pk=hook.pk).update(is_on=True, failing_since=None, problem="")
        elif hook.is_on and not is_on:
            switch_off(hook, "")
    hook.refresh_from_db()


def switch_off(hook: Webhook, problem: str) -> bool:
    """Send nothing there any more. False if it is off already."""
    changed = Webhook.objects.filter(pk=hook.pk, is_on=True).update(is_on=False, problem=problem[:300])
    waiting = hook.dispatches.filter(state=Dispatch.State.WAITING)
    waiting.update(state=Dispatch.State.FAILED, due_at=None, done_at=now(), answer=SWITCHED_OFF)
    return changed == 1


def delete(actor: Membership, hook: Webhook) -> None:
    with transaction.atomic():
        AuditEvent.record(actor, "webhook.deleted", hook.url)
        hook.delete()


def rotate(actor: Membership, hook: Webhook) -> str:
    """A new secret; the old one signs beside it for a day, so that nothing is refused meanwhile."""
    secret = new_secret()
    with transaction.atomic():
        Webhook.objects.filter(pk=hook.pk).update(
            secret=secret, old_secret=hook.secret, old_secret_until=now() + OLD_SECRET_SIGNS
        )
        AuditEvent.record(actor, "webhook.secret_changed", hook.url)
    hook.refresh_from_db()
    return secret


def send_test(actor: Membership, hook: Webhook) -> Dispatch:
    """Something to receive, now, whatever the webhook has chosen."""
    moment = now()
    with transaction.atomic():
        happening = Happening.objects.create(
            workspace_id=hook.workspace_id,
            event=TEST,
            key=f"test:{hook.pk}:{secrets.token_hex(8)}",
            payload={"webhook": hook.pk, "asked_by": str(actor.user), "asked_at": moment.isoformat()},
        )
        dispatch = Dispatch.objects.create(webhook=hook, happening=happening)
        ring_after_commit()
    return dispatch


def redeliver(actor: Membership, dispatch: Dispatch) -> bool:
    """Send it again from the start, under the same id. False while it is on its way anyhow."""
    over = Dispatch.objects.filter(pk=dispatch.pk).exclude(state=Dispatch.State.WAITING)
    with transaction.atomic():
        again = over.update(
            state=Dispatch.State.WAITING, due_at=now(), tries=0, lease_until=None, done_at=None
        )
        if again:
            AuditEvent.record(actor, "webhook.redelivered", dispatch.webhook.url, dispatch=dispatch.pk)
            ring_after_commit()
    return again == 1
