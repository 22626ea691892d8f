"""The process that reads and speaks for the desk's bot: one on all machines, by a lease in the database."""

import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import IntegrityError, close_old_connections, connections, transaction
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import Account
from platforms.chatting import ChatBot
from platforms.errors import PlatformError
from publishing.models import Delivery
from publishing.successes import out_untold, tell_of_published
from publishing.trouble import tell_of_trouble
from snsauto.bot import outgoing, updates
from snsauto.bot.commands import COMMANDS
from snsauto.bot.pace import Pace
from snsauto.models import BotReader

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=20)
RENEW_SECONDS = 5.0
LISTEN_SECONDS = 10
LOOK_SECONDS = 0.2  # for what is to be handled or sent
NEWS_SECONDS = 1.0  # for what happened to posts
AFTER_FAILURE_SECONDS = 5.0


def hold_lease(owner: str) -> bool:
    """Take or renew the one lease. False where another process has it."""
    until = now() + LEASE
    rows = BotReader.objects.filter(pk=1)
    free = rows.filter(owner=owner) | rows.filter(lease_until__lte=now())
    if free.update(owner=owner, lease_until=until):
        return True
    if rows.exists():
        return False
    try:
        with transaction.atomic():
            BotReader.objects.create(pk=1, owner=owner, lease_until=until)
    except IntegrityError:
        return False
    return True


def let_go(owner: str) -> None:
    """Leave the lease to the next, who need not wait for its end."""
    BotReader.objects.filter(pk=1, owner=owner).update(lease_until=now())


def sharing(bot: ChatBot) -> str:
    """The account that posts by the desk's own bot, if one does: two readers of one bot's news take them
    from each other, so it must not be.
    """
    rows = Account.objects.connected().filter(platform_name=bot.name)
    return next((str(row) for row in rows if row.token and row.token.access == bot.token), "")


def introduce(bot: ChatBot) -> None:
    """Say what commands there are, and how what comes reaches us: at our address, or by asking."""
    secret = settings.CHAT_BOT["webhook_secret"]
    address = settings.SITE_URL + reverse("bot-hook", args=[bot.name]) if secret else ""
    bot.call_me(address, secret)
    bot.offer((command.name, str(command.help)) for command in COMMANDS.values())


class Reader:
    """Reads, handles and tells until it is stopped. Only the holder of the lease does anything."""

    def __init__(self, bot: ChatBot) -> None:
        self.bot = bot
        self.owner = f"{socket.gethostname()[:50]}:{os.getpid()}"
        self.pace = Pace()
        self._stop = threading.Event()
        self._is_holder = threading.Event()

    def stop(self) -> None:
        self._stop.set()

    def run(self) -> None:
        """Until `stop`; then the lease is free again."""
        with ThreadPoolExecutor(max_workers=4, thread_name_prefix="bot") as pool:
            loops = {
                (step, pause): pool.submit(self._repeat, step, pause)
                for step, pause in (
                    (self._lease, RENEW_SECONDS),
                    (self._listen, 0.0),
                    (self._speak, LOOK_SECONDS),
                    (self._look, NEWS_SECONDS),
                )
            }
            while not self._stop.wait(0.5):
                for loop, future in loops.items():
                    if future.done():
                        self._report(future)
                        loops[loop] = pool.submit(self._repeat, *loop)
        let_go(self.owner)

    def step(self) -> None:
        """Everything once, on this thread: for whoever wants no process."""
        self._lease()
        self._listen()
        self._speak()
        self._look()

    def _report(self, broken: "Future[None]") -> None:
        """A loop broke: the database was away, or there is a bug. It is told, and begins again."""
        log.error("the bot stumbled", exc_info=broken.exception())
        self._stop.wait(AFTER_FAILURE_SECONDS)

    def _repeat(self, step: Callable[[], None], pause: float) -> None:
        try:
            while not self._stop.is_set():
                close_old_connections()
                step()
                self._stop.wait(pause)
        finally:
            connections.close_all()

    def _lease(self) -> None:
        is_holder = hold_lease(self.owner)
        if is_holder and not self._is_holder.is_set():
            if not self._introduced():
                return
            log.info("speaks for the desk's bot", bot=self.bot.name)
        (self._is_holder.set if is_holder else self._is_holder.clear)()

    def _introduced(self) -> bool:
        if shared := sharing(self.bot):
            log.error(
                "an account posts by the desk's own bot: make a second bot for one of them", account=shared
            )
            return False
        try:
            introduce(self.bot)
        except PlatformError as error:
            log.warning("the bot cannot be reached", code=error.code, why=error.message)
            return False
        return True

    def _listen(self) -> None:
        """What comes is written down before the network is told that it arrived (by the next question)."""
        if not self._is_holder.is_set() or settings.CHAT_BOT["webhook_secret"]:
            self._stop.wait(1.0)
            return
        try:
            updates.keep(self.bot, self.bot.listen(updates.last(self.bot), LISTEN_SECONDS))
        except PlatformError as error:
            log.warning("the bot cannot be asked", code=error.code, why=error.message)
            self._stop.wait(AFTER_FAILURE_SECONDS)

    def _speak(self) -> None:
        if self._is_holder.is_set():
            updates.handle_waiting(self.bot, self.pace)
            outgoing.send_due(self.bot, self.pace)

    def _look(self) -> None:
        """Who is linked hears of posts within a second; the minute's tasks find what this has missed."""
        if not self._is_holder.is_set():
            return
        if Delivery.objects.untold().exists():  # asked first: the look itself would lock a small database
            tell_of_trouble()
        if out_untold().exists():
            tell_of_published()
