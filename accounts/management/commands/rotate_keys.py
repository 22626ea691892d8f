"""Encrypt everything again with the first of ENCRYPTION_KEYS, so that the others can be dropped."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.rotation import UnreadableRows, rotate


class Command(BaseCommand):
    help = "Encrypt every stored secret again with the first of ENCRYPTION_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rotated = rotate()
        except UnreadableRows as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Encrypted {rotated} secrets with the first key. The other keys may be removed.")
