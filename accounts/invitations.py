"""Asking somebody into a workspace: a mail with a code that opens it once, within a week.

The one gate for people: whoever is invited may sign up even where sign-up is closed, with the address that
was invited, and nobody is made a member who has not said so.
"""

import secrets
from datetime import timedelta
from smtplib import SMTPException

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from accounts.members import NotAllowed, OwnersMatter, may_give
from accounts.models import AuditEvent, Invitation, Membership, User, digest

log = structlog.get_logger(__name__)

MOST_OPEN = 100  # of a workspace: a desk is no mailing machine
MAIL_LEASE = timedelta(minutes=10)  # longer than a task may take
MAIL_TRIES = 10
SESSION_KEY = "invitation"


class AlreadyMember(NotAllowed):
    def __init__(self, email: str) -> None:
        super().__init__(_("%(email)s is a member already.") % {"email": email})


class TooManyOpen(NotAllowed):
    def __init__(self) -> None:
        super().__init__(
            _("A workspace has at most %(count)d open invitations. Withdraw some first.")
            % {"count": MOST_OPEN}
        )


class NotGood(Exception):
    """The code of an invitation opens nothing (any more)."""


# --- asking ---


def invite(actor: Membership, email: str, role: str) -> Invitation:
    """Ask somebody in; asked again, they get a new mail and the role said last. Raises NotAllowed."""
    address = email.strip().lower()
    if not may_give(actor, role):
        raise OwnersMatter
    if Membership.objects.filter(workspace_id=actor.workspace_id, user__email__iexact=address).exists():
        raise AlreadyMember(address)
    with transaction.atomic():
        others = Invitation.objects.filter(workspace_id=actor.workspace_id).exclude(email=address)
        if others.filter(expires_at__gt=now()).count() >= MOST_OPEN:
            raise TooManyOpen
        invitation, _created = Invitation.objects.update_or_create(
            workspace_id=actor.workspace_id,
            email=address,
            defaults={"role": role, "invited_by": actor.user, **_fresh()},
        )
        AuditEvent.record(actor, "member.invited", address, role=role)
        transaction.on_commit(ring)
    return invitation


def resend(actor: Membership, invitation: Invitation) -> None:
    """A new mail with a new code, good for another week."""
    if not may_give(actor, invitation.role):
        raise OwnersMatter
    with transaction.atomic():
        Invitation.objects.filter(pk=invitation.pk).update(**_fresh())
        AuditEvent.record(actor, "member.invited", invitation.email, role=invitation.role)
        transaction.on_commit(ring)


def withdraw(actor: Membership, invitation: Invitation) -> None:
    """The code opens nothing any more."""
    with transaction.atomic():
        Invitation.objects.filter(pk=invitation.pk).delete()
        AuditEvent.record(actor, "member.uninvited", invitation.email)


def link(actor: Membership, invitation: Invitation) -> str:
    """An address to hand over oneself, shown this once; what was mailed before stops working."""
    if not may_give(actor, invitation.role):
        raise OwnersMatter
    with transaction.atomic():
        code = _new_code(invitation)
        Invitation.objects.filter(pk=invitation.pk).update(
            mail_due_at=None,
            mailed_at=None,  # this code came by no mail: whoever brings it has shown no address
            expires_at=now() + Invitation.LIFETIME,
        )
        AuditEvent.record(actor, "member.link_made", invitation.email, role=invitation.role)
    return address_of(code)


def _fresh() -> dict[str, object]:
    moment = now()
    return {
        "expires_at": moment + Invitation.LIFETIME,
        "mail_due_at": moment,
        "mail_tries": 0,
        "mailed_at": None,
        "code_hash": None,
    }


def _new_code(invitation: Invitation) -> str:
    code = secrets.token_urlsafe(32)
    Invitation.objects.filter(pk=invitation.pk).update(code_hash=digest(code))
    return code


def address_of(code: str) -> str:
    return str(settings.SITE_URL) + reverse("accounts:join", args=[code])


# --- mailing ---


def ring() -> None:
    """Have what is due mailed soon."""
    async_task("accounts.tasks.mail_invitations", cluster="default")


def mail_due() -> int:
    """Mail what is due. How many mails left."""
    rows = Invitation.objects.filter(mail_due_at__lte=now(), expires_at__gt=now())
    return sum(
        _mail(row) for row in rows.select_related("workspace", "invited_by").order_by("mail_due_at")[:50]
    )


def _mail(invitation: Invitation) -> bool:
    """Whether the mail server took it; where it did not, it is tried again in ten minutes, ten times."""
    moment, last = now(), invitation.mail_tries + 1 >= MAIL_TRIES
    mine = Invitation.objects.filter(pk=invitation.pk, mail_due_at=invitation.mail_due_at)
    held_until = moment + MAIL_LEASE
    if not mine.update(mail_due_at=held_until, mail_tries=invitation.mail_tries + 1):
        return False
    context = {
        "invitation": invitation,
        "role": invitation.get_role_display(),
        "address": address_of(_new_code(invitation)),
    }
    subject = _("%(who)s invites you to %(workspace)s") % {
        "who": " ".join(str(invitation.invited_by or _("Somebody")).split()),
        "workspace": " ".join(invitation.workspace.name.split()),
    }
    body = render_to_string("accounts/invitation_mail.txt", context)
    held = Invitation.objects.filter(pk=invitation.pk, mail_due_at=held_until)
    try:
        EmailMessage(subject, body, to=[invitation.email]).send()
    except (SMTPException, OSError) as error:
        log.warning("invitation not mailed", invitation=invitation.pk, error=type(error).__name__)
        if last:
            held.update(mail_due_at=None)
        return False
    held.update(mail_due_at=None, mailed_at=now())
    return True


# --- answering ---


def find(code: str) -> Invitation:
    """The invitation that a code opens. Raises NotGood."""
    rows = Invitation.objects.select_related("workspace", "invited_by")
    invitation = rows.filter(code_hash=digest(code), expires_at__gt=now()).first()
    if invitation is None:
        raise NotGood
    return invitation


@transaction.atomic
def accept(code: str, user: User) -> Membership:
    """Make the person a member; the code is used up by it. Raises NotGood.

    Whoever is in already keeps the role they have, and leaves the code to whom it was made for.
    """
    invitation = find(code)
    membership = Membership.objects.filter(user=user, workspace=invitation.workspace_id).first()
    if membership is None:
        membership = _join(invitation, code, user)
    User.objects.filter(pk=user.pk).update(current_workspace=invitation.workspace_id)
    user.current_workspace_id = invitation.workspace_id
    return membership


def _join(invitation: Invitation, code: str, user: User) -> Membership:
    if not Invitation.objects.filter(pk=invitation.pk, code_hash=digest(code)).delete()[0]:
        raise NotGood  # used at this very moment
    membership, created = Membership.objects.get_or_create(
        user=user, workspace_id=invitation.workspace_id, defaults={"role": invitation.role}
    )
    if created:
        by = invitation.invited_by
        AuditEvent.record(
            membership, "member.joined", user, role=membership.role, invited_by=str(by) if by else ""
        )
    return membership


# --- while somebody signs up ---


def hold(request: HttpRequest, code: str) -> None:
    """Remember the code in the browser's session, for the sign-up that follows."""
    request.session[SESSION_KEY] = code


def held_by(request: HttpRequest | None) -> Invitation | None:
    """The invitation in whose name a browser is about to sign up, while it is good."""
    code = request.session.get(SESSION_KEY, "") if request else ""
    try:
        return find(code) if code else None
    except NotGood:
        return None


def let_go(request: HttpRequest) -> str:
    """The code, which the session forgets."""
    return str(request.session.pop(SESSION_KEY, ""))
