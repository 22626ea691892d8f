"""What stands on an account since a delivery came into doubt, for a person to say which post it is."""

from datetime import timedelta

from django.utils.timezone import now

from accounts.connections import platform_client
from accounts.tokens import ensure_fresh
from platforms.content import Standing
from publishing.models import Delivery, State, Step

MARGIN = timedelta(hours=1)  # networks' clocks and ours, and a post that was begun before its last try
MOST = 25


def can_list(delivery: Delivery) -> bool:
    """Whether there is something to ask, and a network that answers."""
    return delivery.state == State.UNKNOWN and delivery.account.platform.can("recent")


def recent_posts(delivery: Delivery) -> list[Standing]:
    """The account's newest posts of the time in question, without those known as other deliveries'.

    Raises PlatformError.
    """
    sent = delivery.steps.filter(state=Step.State.SENT).order_by("first_sent_at").first()
    since = (sent and sent.first_sent_at) or delivery.started_at or delivery.due_at or now()
    account = ensure_fresh(delivery.account)
    listed = platform_client(account).recent(since - MARGIN)
    others = Delivery.objects.filter(account=account).exclude(pk=delivery.pk)
    known = set(
        others.filter(permalink__in=[row.permalink for row in listed]).values_list("permalink", flat=True)
    )
    return [row for row in listed if row.permalink and row.permalink not in known][:MOST]
