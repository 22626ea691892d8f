"""Ask the networks for numbers by hand; the cluster does the same every minute."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.models import Account
from analytics import collecting, days
from analytics.models import Look

UNTIL_DONE = 24 * 3600.0


class Command(BaseCommand):
    help = "Ask for the numbers that are due and count the days. The background work does this by itself."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--recount", action="store_true", help="count all days anew from the snapshots")

    def handle(self, *args: Any, **options: Any) -> None:
        collecting.find_new()
        if options["recount"]:
            for account in Account.objects.filter(pk__in=Look.objects.values("account")).select_related(
                "workspace"
            ):
                days.recount(account)
        days.follow_clocks()
        answers = collecting.collect(UNTIL_DONE)
        counted = 0
        while done := days.count_touched():
            counted += done
        self.stdout.write(f"Asked {answers}, counted {counted} days.")
