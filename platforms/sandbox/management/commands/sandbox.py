"""Serves the sandbox by itself: every network from the other side, for rehearsals and tests."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.servers.basehttp import run
from django.core.wsgi import get_wsgi_application

from platforms.sandbox import world


class Command(BaseCommand):
    help = "Serve the sandbox alone: networks to practise on, on this machine."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8100)
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError(
                "The sandbox is off. Start with SANDBOX=on, and never where real posts are made."
            )
        host, port = options["host"], options["port"]
        call_command("migrate", interactive=False, verbosity=0)
        world.seed()
        settings.ROOT_URLCONF = "platforms.sandbox.alone"
        if "*" not in settings.ALLOWED_HOSTS:
            settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, host, "localhost"]
        self.stdout.write(f"The sandbox is at http://{host}:{port}/sandbox/ (Ctrl-C ends it)")
        try:
            run(host, port, get_wsgi_application(), threading=True)
        except KeyboardInterrupt:
            self.stdout.write("Ended.")
