"""Make the database ready, once, before the parts of the desk start on their machines."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from snsauto import preparing


class Command(BaseCommand):
    help = (
        "Migrates the database and writes what runs by the clock, as `manage.py run` does by itself. "
        "For several machines: run it once before an upgraded machine starts (see docs/deployment.md)."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        preparing.prepare()
        self.stdout.write(_("The database is prepared."))
