"""Making reports, telling who wants them, and mailing each to each address once.

The row says what is to be done: a plan's `due_at`, a report that waits, a mail that is not sent. A worker may
die at any line; a report that was being made then is taken up again after its lease, three times at most.
A plan makes one report for a period, however often and by however many its time is seen.
"""

import time
from collections.abc import Callable
from smtplib import SMTPException

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from accounts.models import Membership, Notification
from accounts.notices import tell
from accounts.webhooks import emit
from analytics.report_csv import as_csv
from analytics.report_models import Report, ReportMail, ReportPlan
from analytics.report_pdf import as_pdf
from analytics.report_rows import content, gather

log = structlog.get_logger(__name__)

CLUSTER = "default"
BUDGET_SECONDS = 200.0  # a task of the cluster is ended after 300
FILES: dict[str, tuple[str, Callable[[Report], bytes]]] = {
    "pdf": ("application/pdf", as_pdf),
    "csv": ("text/csv; charset=utf-8", as_csv),
}


def filename(report: Report, kind: str) -> str:
    """What a file of a report is called: “weekly-2026-11-30.pdf”."""
    name = slugify(report.name, allow_unicode=True) or "report"
    return f"{name}-{report.last_day:%Y-%m-%d}.{kind}"


def attachment(name: str) -> str:
    """The header by which browsers save a file under its name."""
    return content_disposition_header(True, name) or "attachment"


# --- plans ---


def make_due() -> int:
    """A report for each plan whose time has come. How many were begun."""
    moment = now()
    for plan in ReportPlan.objects.moved().select_related("workspace"):
        plan.set_due(moment)
        ReportPlan.objects.filter(pk=plan.pk).update(due_at=plan.due_at, zone=plan.zone)
    begun = 0
    for plan in ReportPlan.objects.due(moment).select_related("workspace").order_by("due_at"):
        begun += _begin(plan)
    if begun:
        ring()
    return begun


def _begin(plan: ReportPlan) -> bool:
    """The report of the last time that has come, and the next time. False where somebody was faster."""
    moment, due_at = now(), plan.due_at
    first, last = plan.days_before(plan.latest_until(moment))
    with transaction.atomic():
        mine = ReportPlan.objects.filter(pk=plan.pk, due_at=due_at, is_on=True)
        if not mine.update(due_at=plan.next_after(moment)):
            return False
        _report, is_new = Report.objects.get_or_create(
            plan=plan,
            last_day=last,
            defaults={
                "workspace_id": plan.workspace_id,
                "name": plan.name,
                "first_day": first,
                "zone": plan.zone,
                "campaign_id": plan.campaign_id,
                "account_ids": sorted(plan.accounts.values_list("pk", flat=True)),
                "created_by_id": plan.created_by_id,
            },
        )
    return is_new


def ring() -> None:
    """Have what waits made soon."""
    transaction.on_commit(lambda: async_task("analytics.report_tasks.make_reports", cluster=CLUSTER))


# --- making ---


def make_waiting() -> int:
    """Make what waits, the oldest first. How many were made."""
    end = time.monotonic() + BUDGET_SECONDS
    made = 0
    for pk in Report.objects.to_make(now()).order_by("created_at").values_list("pk", flat=True):
        if time.monotonic() > end:
            break
        made += make(pk)
    return made


def make(pk: int) -> bool:
    """Read the numbers and keep them. False where somebody else is at it, or it is given up."""
    moment = now()
    mine = Report.objects.to_make(moment).filter(pk=pk)
    if not mine.update(fence=F("fence") + 1, lease_until=moment + Report.MAKING):
        return False
    report = Report.objects.select_related("workspace", "campaign__workspace", "plan").get(pk=pk)
    if report.fence > Report.MOST_TRIES:
        report.settle(state=Report.State.FAILED, problem=_("It was cut off three times. Make it once more."))
        log.error("report given up", report=pk)
        return False
    rows = gather(report)
    with transaction.atomic():
        if not report.settle(state=Report.State.READY, rows=rows, made_at=now()):
            return False
        report.state, report.rows = Report.State.READY, rows
        _announce(report)
    log.info("report made", report=pk)
    return True


def _announce(report: Report) -> None:
    """Whoever shall know: the plan's people and addresses, or whoever asked; and other people's programs."""
    plan, key = report.plan, f"report:{report.pk}"
    if plan is None:
        people = [report.created_by] if report.created_by else []
    else:
        members = plan.members.filter(workspace_id=report.workspace_id, user__is_active=True)
        people = [member.user for member in members.select_related("user")]
        _order_mails(report, plan, [person.email for person in people])
    tell(
        people,
        kind="report_ready",
        key=key,
        text=report.call(),
        url=report.get_absolute_url(),
        workspace=report.workspace,
    )
    if plan is not None:
        # the mail that brings the report is this notice's mail
        Notification.objects.filter(key=key, user__in=people).update(mailed_at=now())
    days = {"first_day": report.first_day.isoformat(), "last_day": report.last_day.isoformat()}
    emit(report.workspace_id, "report.ready", key, {"id": report.pk, "name": report.name, **days})


def _order_mails(report: Report, plan: ReportPlan, people: list[str]) -> None:
    addresses = {address.lower(): address for address in [*people, *plan.addresses]}
    ReportMail.objects.bulk_create(
        (
            ReportMail(report=report, address=address, with_pdf=plan.with_pdf, with_csv=plan.with_csv)
            for address in addresses.values()
        ),
        ignore_conflicts=True,
    )
    transaction.on_commit(lambda: async_task("analytics.report_tasks.mail_reports", cluster=CLUSTER))


# --- mailing ---


def mail_unmailed() -> int:
    """Each mail that nobody has sent, with its files; a file is drawn once a report. How many were sent."""
    end = time.monotonic() + BUDGET_SECONDS
    drawn: dict[tuple[int, str], bytes] = {}
    sent = 0
    for mail in _taken():
        if time.monotonic() > end:
            break  # given up to whoever comes in ten minutes
        sent += _send(mail, drawn)
    return sent


def _taken() -> list[ReportMail]:
    """What is ours to send: nobody else takes it for ten minutes."""
    moment = now()
    with transaction.atomic():
        free = ReportMail.objects.to_send(moment).select_for_update(of=("self",), skip_locked=True)
        rows = list(free.select_related("report__workspace", "report__plan").order_by("report_id", "pk"))
        ReportMail.objects.filter(pk__in=[row.pk for row in rows]).update(mailing_at=moment)
    return rows


def _send(mail: ReportMail, drawn: dict[tuple[int, str], bytes]) -> bool:
    """Whether the mail server took it; where it did not, it is tried again in ten minutes, for a day."""
    report = mail.report
    subject = " ".join(f"{report.name}: {report.days}".split())  # a name of two lines is no header
    message = EmailMessage(subject, _body(report, mail.address), to=[mail.address])
    for kind, is_wanted in (("pdf", mail.with_pdf), ("csv", mail.with_csv)):
        if is_wanted:
            content_type, draw = FILES[kind]
            if (report.pk, kind) not in drawn:
                drawn[report.pk, kind] = draw(report)
            message.attach(filename(report, kind), drawn[report.pk, kind], content_type.partition(";")[0])
    try:
        message.send()
    except (SMTPException, OSError) as error:
        log.warning("report not mailed", report=report.pk, error=type(error).__name__)
        return False
    ReportMail.objects.filter(pk=mail.pk).update(mailed_at=now())
    return True


def _body(report: Report, address: str) -> str:
    """Members get the way into the desk; others only the numbers."""
    insiders = Membership.objects.filter(Q(user__email__iexact=address), workspace_id=report.workspace_id)
    url = settings.SITE_URL + report.get_absolute_url() if insiders.exists() else ""
    context = {"report": report, "content": content(report.rows or {}), "url": url}
    return render_to_string("analytics/report_mail.txt", context)
