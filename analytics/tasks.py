"""What the cluster `default` runs for numbers. Tasks take nothing, may run twice and may die at any line."""

from datetime import timedelta

import structlog
from django.utils.timezone import now

from analytics import collecting, days

log = structlog.get_logger(__name__)

# Minutes between runs; the launcher makes the schedules from this.
SCHEDULES = {
    "collect numbers": ("analytics.tasks.collect_numbers", 1),
    "find posts without numbers": ("analytics.tasks.find_all", 24 * 60),
}
SECONDS = 50.0
LATELY = timedelta(days=2)


def collect_numbers() -> int:
    """Ask what is due and count the days that it changes."""
    collecting.find_new(now() - LATELY)
    days.follow_clocks()
    answers = collecting.collect(SECONDS)
    counted = days.count_touched()
    if answers or counted:
        log.info("numbers collected", answers=answers, days=counted)
    return answers


def find_all() -> int:
    """Posts that nobody asks, however old: what a person confirmed late, or what was there before."""
    return collecting.find_new()
