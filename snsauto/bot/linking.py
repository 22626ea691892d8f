"""Who is who: a person of the chat becomes a person of the desk, and is nobody again."""

from django.db import transaction
from django.utils.timezone import now

from accounts.models import ChatCode, ChatLink, Membership
from platforms.chatting import Heard


def link_of(heard: Heard) -> ChatLink | None:
    """The link of whoever talks; None for strangers and for who was shut out of the desk."""
    rows = ChatLink.objects.filter(person=heard.person, user__is_active=True)
    return rows.select_related("user").first() if heard.person else None


@transaction.atomic
def begin(heard: Heard, code: str) -> ChatLink | None:
    """Link whoever brings a good code, once; what linked them, or that person of the desk, before is over."""
    user = ChatCode.use(code)
    if user is None:
        return None
    ChatLink.objects.filter(person=heard.person).exclude(user=user).delete()
    link, _created = ChatLink.objects.update_or_create(
        user=user,
        defaults={
            "person": heard.person,
            "chat": heard.chat,
            "name": heard.name,
            "linked_at": now(),
            "blocked_at": None,
        },
    )
    return link


def member_of(link: ChatLink) -> Membership | None:
    """The membership in the workspace the person is in; None for who belongs to no workspace any more."""
    memberships = list(link.user.memberships.select_related("workspace", "user").order_by("pk"))
    current = [row for row in memberships if row.workspace_id == link.user.current_workspace_id]
    return next(iter([*current, *memberships]), None)


def shut(heard: Heard, *, is_blocked: bool) -> None:
    """The person blocked the bot, or let it in again."""
    ChatLink.objects.filter(person=heard.person).update(blocked_at=now() if is_blocked else None)
