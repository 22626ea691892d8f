"""The bakery's reports: a plan for Mondays, and what it made of the last four weeks."""

from datetime import datetime, timedelta

from accounts.models import Membership
from analytics import reports
from analytics.report_models import Kind, Report, ReportPlan
from campaigns.models import Campaign

WEEKS = 4


def fill(member: Membership, loaf: Campaign, moment: datetime) -> None:
    """A plan, its reports, and one of a campaign that somebody asked for. Nobody is told: it was long ago."""
    plan = ReportPlan(workspace=member.workspace, name="Our week", kind=Kind.WEEKLY, created_by=member.user)
    plan.set_due(moment)
    plan.save()
    plan.members.set([member])
    last_time = plan.latest_until(moment)
    for weeks in range(WEEKS):
        first, last = plan.days_before(last_time - weeks * timedelta(days=7))
        report = _made(member, first_day=first, last_day=last, name=plan.name, zone=plan.zone)
        # joined when it is made: a plan's report would be mailed
        Report.objects.filter(pk=report.pk).update(
            plan=plan, created_at=last_time - weeks * timedelta(days=7)
        )
    today = moment.astimezone(member.workspace.zone).date()
    begin = loaf.starts_on or today
    _made(member, name=loaf.name, first_day=begin, last_day=today, zone=plan.zone, campaign=loaf).share()


def _made(member: Membership, **about: object) -> Report:
    report = Report.objects.create(workspace=member.workspace, **about)
    reports.make(report.pk)
    report.refresh_from_db()
    return report
