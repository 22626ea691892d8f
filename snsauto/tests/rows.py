"""One row of every kind in one workspace, all of the same number, for those who walk all addresses."""

from datetime import timedelta

from django.db import models
from django.utils.timezone import now

from accounts.factories import AccountFactory, MembershipFactory, UserFactory
from accounts.models import (
    AccountPicture,
    ApiToken,
    DataExport,
    Dispatch,
    Happening,
    Invitation,
    Notification,
    User,
    Webhook,
    Workspace,
    digest,
)
from accounts.permissions import Role
from analytics.report_models import Report, ReportPlan
from analytics.report_rows import gather
from campaigns.models import Campaign
from inbox.factories import (
    ConversationFactory,
    LabelFactory,
    MessageFactory,
    PersonFactory,
    ReplyFactory,
    ReplyRuleFactory,
    SavedReplyFactory,
)
from publishing.factories import DeliveryFactory, MediaFactory, PostFactory
from publishing.models import State
from publishing.template_rows import Template

ROW = 424_242
LINK = "a-link-that-somebody-shared"


def one_of_each(owner: User, workspace: Workspace) -> dict[str, models.Model]:
    """The owner's rows. A new kind of row that has an address of its own gets its line here."""
    account = AccountFactory(pk=ROW, workspace=workspace, picture_version="1")
    post = PostFactory(pk=ROW, workspace=workspace, author=owner, scheduled_at=now())
    dora = UserFactory(name="Dora")
    hook = Webhook.objects.create(
        pk=ROW, workspace=workspace, url="https://example.org/", events=["post.failed"], secret="whsec_aGk="
    )
    happening = Happening.objects.create(workspace=workspace, event="post.failed", key="k", payload={})
    person = PersonFactory(pk=ROW, workspace=workspace)
    conversation = ConversationFactory(pk=ROW, account=account, person=person)
    message = MessageFactory(pk=ROW, conversation=conversation)
    return {
        "account": account,
        "picture": AccountPicture.objects.create(account=account, image=b"webp"),
        "post": post,
        "delivery": DeliveryFactory(pk=ROW, post=post, account=account, scheduled=True),
        "waiting": DeliveryFactory(post=post, account=AccountFactory(workspace=workspace), state=State.DRAFT),
        "member": MembershipFactory(pk=ROW, user=dora, workspace=workspace, role=Role.EDITOR),
        "media": MediaFactory(pk=ROW, workspace=workspace),
        "template": Template.objects.create(pk=ROW, workspace=workspace, name="Loaf", text="Rye."),
        "person": person,
        "conversation": conversation,
        "message": message,
        "reply": ReplyFactory(pk=ROW, message=message, failed=True),
        "label": LabelFactory(pk=ROW, workspace=workspace),
        "saved reply": SavedReplyFactory(pk=ROW, workspace=workspace),
        "rule": ReplyRuleFactory(pk=ROW, workspace=workspace),
        "report": shared_report(workspace),
        "plan": ReportPlan.objects.create(
            pk=ROW, workspace=workspace, name="Weekly", due_at=now() + timedelta(days=7), zone="UTC"
        ),
        "campaign": Campaign.objects.create(pk=ROW, workspace=workspace, name="Advent"),
        "notice": Notification.objects.create(pk=ROW, user=owner, workspace=workspace, key="k", text="Late."),
        "token": ApiToken.objects.create(
            pk=ROW, user=owner, workspace=workspace, name="laptop", key_hash=digest("k"), hint="sns_"
        ),
        "webhook": hook,
        "dispatch": Dispatch.objects.create(pk=ROW, webhook=hook, happening=happening),
        "export": DataExport.objects.create(pk=ROW, workspace=workspace, asked_by=owner, state="done"),
        "invitation": Invitation.objects.create(
            pk=ROW, workspace=workspace, email="eve@example.org", expires_at=now() + Invitation.LIFETIME
        ),
    }


def shared_report(workspace: Workspace) -> Report:
    """It is ready, and LINK opens it."""
    today = now().date()
    report = Report(
        pk=ROW, workspace=workspace, name="Today", first_day=today, last_day=today, zone="UTC", state="ready"
    )
    report.rows = gather(report)
    report.link_key, report.link_until = LINK, now() + timedelta(days=30)
    report.save()
    return report
