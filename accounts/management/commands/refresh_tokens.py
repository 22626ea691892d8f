"""Renew what is due by hand; the cluster does the same every minute."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.tasks import refresh_tokens


class Command(BaseCommand):
    help = "Renew every token that is due. The background work does this by itself every minute."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Renewed {refresh_tokens()}.")
