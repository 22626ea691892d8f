"""Until when a network lets an account answer: some close a window some time after the person last wrote."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils.timezone import now
from django.utils.translation import gettext as _

from inbox.models import Conversation


def window_of(conversation: Conversation) -> datetime | None:
    """Until when an answer may be sent; None where there is no limit."""
    windows: Mapping[str, timedelta] = conversation.account.platform.reply_windows  # type: ignore[assignment]
    window = windows.get(conversation.kind)
    if window is None or conversation.last_in_at is None:
        return None
    return conversation.last_in_at + window


def is_closed(conversation: Conversation) -> bool:
    """Whether it is too late to answer."""
    until = window_of(conversation)
    return until is not None and until <= now()


def why_closed(conversation: Conversation) -> str:
    """The sentence for whoever would answer."""
    network = conversation.account.platform
    window = network.reply_windows[conversation.kind]  # type: ignore[index]
    hours = round(window.total_seconds() / 3600)
    within = (
        _("%(count)d days") % {"count": hours // 24}
        if hours > 24
        else _("%(count)d hours") % {"count": hours}
    )
    return _("%(network)s lets an account answer within %(within)s of the person's last message only.") % {
        "network": network.label,
        "within": within,
    }
