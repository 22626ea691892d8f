"""Telling people: one way for all of it, once a person and key, wherever each wants to be told.

A mail is sent at least once. The rows are marked as being mailed before it leaves and as mailed after, so two
tasks never send the same; only a worker that dies between the mail server's yes and the mark after it has the
mail sent again, ten minutes later. Marking once, before, would lose a mail with every crash, and what is told
here is worth more than a mail too many.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from smtplib import SMTPException

import structlog
from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import ngettext
from django_q.tasks import async_task

from accounts import chats
from accounts.events import DESK, EVENTS, MAIL
from accounts.models import Membership, Notification, User, Workspace, preferences_of
from accounts.permissions import GRANTED, Permission
from platforms.content import Json

log = structlog.get_logger(__name__)

CLUSTER = "default"
BUDGET_SECONDS = 200.0  # a task of the cluster is ended after 300
MOST_IN_A_MAIL = 20
RUNG_FOR = 10  # seconds in which a second ring is left out; the task of every minute finds what came after


# --- whom to tell ---


def writers(workspace_id: int, author_id: int | None = None) -> list[User]:
    """Who may write in a workspace, the author first where they still are one of them."""
    people = able(workspace_id, Permission.WRITE)
    return sorted(people, key=lambda user: user.pk != author_id)


def able(workspace_id: int, permission: Permission) -> list[User]:
    """The members of a workspace whose role carries the permission, longest there first."""
    roles = [role for role, granted in GRANTED.items() if permission in granted]
    rows = Membership.objects.filter(workspace_id=workspace_id, role__in=roles, user__is_active=True)
    return [row.user for row in rows.select_related("user").order_by("pk")]


def staff() -> list[User]:
    """Who looks after the desk as a whole."""
    return list(User.objects.filter(Q(is_staff=True) | Q(is_superuser=True), is_active=True).order_by("pk"))


# --- telling ---


def tell(
    users: Iterable[User],
    *,
    kind: str,
    key: str,
    text: str,
    url: str,
    workspace: Workspace | None = None,
    grows: bool = False,
    about: Mapping[str, Json] | None = None,
) -> None:
    """Tell people of an event (`kind`), once a key however often this is called, as each wants to be told.

    `grows`: another text under the same key (a count that grew) replaces what stood there and is unread
    again; no second mail is sent and the chat's message is changed, so that a storm is one message.
    `about`: the rows that it is about, for buttons in the chat: `{"deliveries": [1, 2]}`.
    """
    people, moment, event = list(users), now(), EVENTS[kind]
    wishes = preferences_of(people)
    Notification.objects.bulk_create(
        (
            Notification(
                user=user,
                kind=kind,
                key=key,
                text=_cut(text, 500),
                url=url,
                workspace=workspace,
                created_at=moment,
                is_shown=DESK in (channels := wishes[user.pk].channels(event)),
                mail_at=wishes[user.pk].when(event, MAIL, moment) if MAIL in channels else None,
            )
            for user in people
        ),
        ignore_conflicts=True,
    )
    if grows:
        older = Notification.objects.filter(user__in=people, key=key).exclude(text=_cut(text, 500))
        older.update(text=_cut(text, 500), url=url, created_at=moment, read_at=None)
    news = chats.News(event, key, _cut(text, 500), url, workspace, dict(about or {}), moment, grows=grows)
    chats.write(news, wishes)
    transaction.on_commit(ring)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def untold(keys: Sequence[str]) -> set[str]:
    """Those of the keys that nobody was told yet."""
    return set(keys) - set(Notification.objects.filter(key__in=keys).values_list("key", flat=True))


def ring() -> None:
    """Have what is not mailed yet mailed soon."""
    if cache.add("notices-rung", True, timeout=RUNG_FOR):
        async_task("accounts.tasks.mail_notices", cluster=CLUSTER)


# --- mailing ---


def mail_unmailed() -> int:
    """One mail to each person with all that is new to them. How many mails were sent."""
    end = time.monotonic() + BUDGET_SECONDS
    sent = 0
    for user, notices in _taken().items():
        if time.monotonic() > end:
            break  # given up to whoever comes in ten minutes
        sent += _mail(user, notices)
    return sent


def _taken() -> dict[User, list[Notification]]:
    """What is ours to mail, by person: nobody else takes it for ten minutes."""
    moment = now()
    taken: dict[User, list[Notification]] = defaultdict(list)
    with transaction.atomic():
        free = Notification.objects.to_mail(moment).select_for_update(of=("self",), skip_locked=True)
        rows = list(free.select_related("user", "workspace").order_by("-created_at", "-pk"))
        Notification.objects.filter(pk__in=[row.pk for row in rows]).update(mailing_at=moment)
    for row in rows:
        taken[row.user].append(row)
    return taken


def _mail(user: User, notices: list[Notification]) -> bool:
    """Whether the mail server took it; where it did not, it is tried again in ten minutes, for a day."""
    if user.is_active:
        message = EmailMessage(_subject(notices), _body(user, notices), to=[user.email])
        try:
            message.send()
        except (SMTPException, OSError) as error:
            log.warning("mail not sent", user=user.pk, error=type(error).__name__)
            return False
    Notification.objects.filter(pk__in=[notice.pk for notice in notices]).update(mailed_at=now())
    return user.is_active


def _subject(notices: list[Notification]) -> str:
    """The one sentence, or how many there are."""
    if len(notices) == 1:
        return _cut(" ".join(notices[0].text.split()), 100)
    sentence = ngettext("%(count)d thing to know", "%(count)d things to know", len(notices))
    return sentence % {"count": len(notices)}


def _body(user: User, notices: list[Notification]) -> str:
    rows = [(notice, settings.SITE_URL + address(notice)) for notice in notices[:MOST_IN_A_MAIL]]
    context = {
        "user": user,
        "rows": rows,
        "more": max(0, len(notices) - MOST_IN_A_MAIL),
        "all": settings.SITE_URL + reverse("notices:notice-list"),
    }
    return render_to_string("accounts/notices_mail.txt", context)


def address(notice: Notification) -> str:
    """Where a notice leads from a mail: it is read then, and its workspace is the current one."""
    return reverse("notices:notice-open", args=[notice.pk])
