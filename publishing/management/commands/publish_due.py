"""Publish what is due, without django-q2: once, or for as long as it runs."""

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from publishing import clock
from publishing.pump import Pump


class Command(BaseCommand):
    help = "Publishes what is due now and ends; with --watch it goes on until it is stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--watch", action="store_true", help="go on until SIGTERM or Ctrl-C")

    def handle(self, *_args: Any, **options: Any) -> None:
        clock.synchronise()
        pump = Pump(settings.PUBLISHING_THREADS)
        if options["watch"]:
            stop = threading.Event()
            for sign in (signal.SIGTERM, signal.SIGINT):
                signal.signal(sign, lambda *_: stop.set())
            taken = pump.run(stop.is_set)
        else:
            taken = pump.once()
        self.stdout.write(_("%(count)s deliveries taken.") % {"count": taken})
