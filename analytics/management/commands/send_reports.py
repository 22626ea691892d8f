"""Reports that are due, made and mailed at once: for whoever runs no cluster, and to look at what happens."""

from typing import Any

from django.core.management.base import BaseCommand

from analytics import reports


class Command(BaseCommand):
    help = "Make the reports that are due or waiting, and mail them."

    def handle(self, *args: Any, **options: Any) -> None:
        begun = reports.make_due()
        made, mailed = reports.make_waiting(), reports.mail_unmailed()
        self.stdout.write(f"{begun} begun, {made} made, {mailed} mailed.")
