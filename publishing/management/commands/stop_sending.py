"""The kill switch, by hand."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from publishing.engine_rows import Switch


class Command(BaseCommand):
    help = "Stops the whole desk: nothing is sent for anybody until start_sending."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", default="", help="what everybody is told (300 characters)")

    def handle(self, *_args: Any, **options: Any) -> None:
        stopped = Switch.stop(None, options["reason"][:300])
        self.stdout.write(_("Nothing is sent now.") if stopped else _("The desk was stopped already."))
