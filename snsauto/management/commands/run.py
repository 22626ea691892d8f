"""Run the whole desk on this machine."""

import sys
from pathlib import Path
from socket import socket
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from platforms.sandbox import world
from snsauto import ports, schedules
from snsauto.demo import bakery, seeding
from snsauto.launcher import Launcher, Service, prefixed, unchanged
from snsauto.watch import ClusterWatch

MANAGE = str(Path(settings.BASE_DIR) / "manage.py")


class Command(BaseCommand):
    help = "Runs the whole desk on this machine: the web and both clusters, until Ctrl-C or SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="fill an empty database with the demo first")
        parser.add_argument("--no-migrate", action="store_true", help="leave the database as it is")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["demo"] and not settings.SANDBOX:
            raise CommandError(_("The demo needs the sandbox: set SANDBOX=on."))
        with self._listener() as listener:
            try:
                self._prepare(listener, migrate=not options["no_migrate"], with_demo=options["demo"])
            except KeyboardInterrupt:
                sys.exit(130)
            if self._launcher(listener, with_demo=options["demo"]).run():
                sys.exit(1)

    def _prepare(self, listener: socket, *, migrate: bool, with_demo: bool) -> None:
        if migrate:
            call_command("migrate", interactive=False, verbosity=0)
        settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
        if settings.STATIC_HASHED:
            call_command("collectstatic", interactive=False, verbosity=0)
        schedules.install()
        if settings.SANDBOX:
            world.seed()
        if with_demo:
            self._fill(listener)

    def _fill(self, listener: socket) -> None:
        if seeding.is_wanted():
            self._say(_("Setting up the demo; this takes some seconds, once…"))
            seeding.seed(listener)
        else:
            seeding.move(listener)

    def _listener(self) -> socket:
        """The open port. It stays open while the web is started again: nobody is refused meanwhile."""

        def say() -> None:
            self._say(_("Port %(port)s is still in use; waiting a few seconds…") % port)

        port = {"port": settings.PORT}
        listener = ports.listen(settings.BIND, settings.PORT, on_wait=say)
        if listener is None:
            raise CommandError(
                _("Port %(port)s is taken by another program: end it, or choose another with PORT=%(next)s.")
                % {**port, "next": settings.PORT + 1000}
            )
        return listener

    def _launcher(self, listener: socket, *, with_demo: bool) -> Launcher:
        desk = services(listener.fileno())
        names = [service.name for service in desk]
        return Launcher(
            desk,
            relay=unchanged(write) if settings.LOG_FORMAT == "json" else prefixed(write, names),
            watches={cluster: ClusterWatch(cluster) for cluster in schedules.CLUSTERS},
            ready=lambda: ports.answers(settings.BIND, settings.PORT),
            on_ready=lambda: self._welcome(with_demo),
        )

    def _welcome(self, with_demo: bool) -> None:
        lines = ["", _("SNS Auto runs at %(url)s") % {"url": settings.SITE_URL}]
        if with_demo and seeding.is_there():
            lines.append(
                _("Log in as %(email)s with the password %(password)s")
                % {"email": bakery.ADA.email, "password": bakery.PASSWORD}
            )
        if settings.SANDBOX:
            lines.append(_("The practice networks are at %(url)s") % {"url": f"{settings.SITE_URL}/sandbox/"})
        self._say("\n".join([*lines, _("Ctrl-C ends it."), ""]))

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()


def write(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


def services(port: int) -> list[Service]:
    """What runs on one machine: workers end first, the web (where the sandbox lives) last."""
    clusters = [
        Service(name, (sys.executable, MANAGE, "qcluster"), {"Q_CLUSTER_NAME": name})
        for name in schedules.CLUSTERS
    ]
    return [Service("web", web_command(port), grace=10.0, stage=2, files=(port,)), *clusters]


def web_command(port: int) -> tuple[str, ...]:
    """One process with many threads: pages wait for networks, not for the processor. `port`: a descriptor."""
    return (
        *(sys.executable, "-m", "gunicorn", "snsauto.wsgi", "--pythonpath", str(settings.BASE_DIR)),
        *("--bind", f"fd://{port}", "--workers", "1"),
        *("--worker-class", "gthread", "--threads", str(settings.WEB_THREADS)),
        *("--timeout", "60", "--graceful-timeout", "5", "--keep-alive", "5"),
        *("--no-control-socket", "--log-level", "warning"),
    )
