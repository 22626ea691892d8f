"""Run the desk on this machine: all of it, or the parts that belong here."""

import sys
from argparse import ArgumentTypeError
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from socket import socket
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from accounts import chats
from snsauto import ports, preparing, schedules
from snsauto.alive import Sign
from snsauto.demo import bakery, seeding
from snsauto.launcher import Launcher, Service, prefixed, unchanged
from snsauto.watch import ClusterWatch

MANAGE = str(Path(settings.BASE_DIR) / "manage.py")
WEB = "web"
BOT = "bot"  # runs where the cluster `default` does, if the desk has a bot
PARTS = (WEB, *schedules.CLUSTERS)


def parts(text: str) -> list[str]:
    """A comma list of parts of the desk, in our order."""
    named = [word.strip() for word in text.split(",") if word.strip()]
    if unknown := set(named) - set(PARTS):
        raise ArgumentTypeError(
            _("there is no part “%(part)s”; choose among %(parts)s")
            % {"part": min(unknown), "parts": ", ".join(PARTS)}
        )
    return [part for part in PARTS if part in named]


class Command(BaseCommand):
    help = "Runs the whole desk on this machine, or some parts of it, until Ctrl-C or SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="fill an empty database with the demo first")
        parser.add_argument("--no-migrate", action="store_true", help="leave the database as it is")
        parser.add_argument(
            "--only",
            type=parts,
            metavar="PARTS",
            help=f"on one of several machines: a comma list of {', '.join(PARTS)}. The database is then left "
            "as it is, and waited for until `manage.py prepare` has run",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["demo"] and not settings.SANDBOX:
            raise CommandError(_("The demo needs the sandbox: set SANDBOX=on."))
        if options["demo"] and options["only"]:
            raise CommandError(_("The demo runs whole, on one machine: leave out --only."))
        chosen: Sequence[str] = options["only"] or PARTS
        with ExitStack() as stack:
            listener = stack.enter_context(self._listener()) if WEB in chosen else None
            sign = Sign(settings.DATA_DIR, web_address() if listener else None)
            try:
                self._prepare(listener, options)
            except KeyboardInterrupt:
                sys.exit(130)
            if self._launcher(listener, chosen, sign, with_demo=options["demo"]).run():
                sys.exit(1)

    def _prepare(self, listener: socket | None, options: dict[str, Any]) -> None:
        if options["only"]:
            preparing.await_prepared(
                lambda: self._say(_("Waiting for the database: manage.py prepare makes it ready…"))
            )
        else:
            preparing.prepare(migrate=not options["no_migrate"])
        if listener is not None:
            settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
            if settings.STATIC_HASHED:
                call_command("collectstatic", interactive=False, verbosity=0)
            if options["demo"]:
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

    def _launcher(
        self, listener: socket | None, chosen: Sequence[str], sign: Sign, *, with_demo: bool
    ) -> Launcher:
        desk = services(listener.fileno() if listener else None, chosen)
        names = [service.name for service in desk]
        return Launcher(
            desk,
            relay=unchanged(write) if settings.LOG_FORMAT == "json" else prefixed(write, names),
            watches={name: ClusterWatch(name) for name in names if name in schedules.CLUSTERS},
            ready=lambda: listener is None or ports.answers(settings.BIND, settings.PORT),
            on_ready=lambda: self._welcome(names, with_demo),
            sign=sign.give,
        )

    def _welcome(self, names: Sequence[str], with_demo: bool) -> None:
        lines = ["", _("SNS Auto runs at %(url)s") % {"url": settings.SITE_URL}]
        if not {*PARTS} <= {*names}:
            lines.append(_("Of it, this machine runs: %(parts)s") % {"parts": ", ".join(names)})
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


def web_address() -> dict[str, str | int]:
    """Where the web server of this machine answers, and to which host name."""
    host = urlsplit(settings.SITE_URL).netloc
    return {"address": ports.reachable(settings.BIND), "port": settings.PORT, "host": host}


def services(port: int | None, chosen: Sequence[str] = PARTS) -> list[Service]:
    """What runs on this machine: workers end first, the web (where the sandbox lives) last."""
    clusters = [
        Service(name, (sys.executable, MANAGE, "qcluster"), {"Q_CLUSTER_NAME": name})
        for name in schedules.CLUSTERS
        if name in chosen
    ]
    if schedules.DEFAULT in chosen and chats.is_there():
        clusters.append(Service(BOT, (sys.executable, MANAGE, "bot")))
    if port is None:
        return clusters
    return [Service(WEB, web_command(port), grace=10.0, stage=2, files=(port,)), *clusters]


def web_command(port: int) -> tuple[str, ...]:
    """One process with many threads: pages wait for networks, not for the processor. `port`: a descriptor."""
    return (
        *(sys.executable, "-m", "gunicorn", "snsauto.wsgi", "--pythonpath", str(settings.BASE_DIR)),
        *("--bind", f"fd://{port}", "--workers", "1"),
        *("--worker-class", "gthread", "--threads", str(settings.WEB_THREADS)),
        *("--timeout", "60", "--graceful-timeout", "5", "--keep-alive", "5"),
        *("--no-control-socket", "--log-level", "warning"),
    )
