"""What the cluster `default` runs for reports. Tasks take nothing, and may run twice."""

from analytics import reports

# Minutes between runs; the launcher makes the schedules from this.
SCHEDULES = {
    "make reports": ("analytics.report_tasks.make_reports", 1),
    "mail reports": ("analytics.report_tasks.mail_reports", 1),
}


def make_reports() -> int:
    """Begin what plans want by now, and make what waits."""
    reports.make_due()
    return reports.make_waiting()


def mail_reports() -> int:
    """Send the mails that are not sent."""
    return reports.mail_unmailed()
