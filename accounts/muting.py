"""Keeping quiet for a while: mails and chat wait, the desk's own bell does not."""

from datetime import datetime

from django.db import transaction
from django.utils.timezone import now

from accounts.events import CHAT, EVENTS, MAIL
from accounts.models import ChatMessage, NoticePreference, Notification, User


@transaction.atomic
def mute(user: User, until: datetime | None) -> NoticePreference:
    """Tell the person nothing until then, or (None) go on at once with all that has waited."""
    preference, _created = NoticePreference.objects.select_for_update().get_or_create(user=user)
    preference.muted_until = until
    preference.save(update_fields=["muted_until"])
    release(preference)
    return preference


def release(preference: NoticePreference) -> None:
    """What waits is told when the preferences, as they are now, say so."""
    moment = now()
    mails = Notification.objects.filter(user_id=preference.user_id, mailed_at=None, mail_at__gt=moment)
    for notice in mails:
        notice.mail_at = preference.when(EVENTS[notice.kind], MAIL, moment)
    Notification.objects.bulk_update(mails, ["mail_at"])
    messages = ChatMessage.objects.filter(
        link__user_id=preference.user_id, remote_id="", due_at__gt=moment, tries=0
    )
    for message in messages:
        message.due_at = preference.when(EVENTS[message.kind], CHAT, moment)
    ChatMessage.objects.bulk_update(messages, ["due_at"])
