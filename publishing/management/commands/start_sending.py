"""The kill switch, back."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from publishing.engine_rows import Switch


class Command(BaseCommand):
    help = "Lets the desk send again. What is later than its workspace's tolerance is missed, and asks."

    def handle(self, *_args: Any, **_options: Any) -> None:
        started = Switch.start(None)
        self.stdout.write(_("The desk sends again.") if started else _("The desk was not stopped."))
