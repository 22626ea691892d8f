"""Read and speak for the desk's own bot until told to stop."""

import signal
from types import FrameType
from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand

from accounts import chats
from snsauto.bot.reader import Reader


class Command(BaseCommand):
    help = "Reads and speaks for the desk's own bot until Ctrl-C or SIGTERM. `run` starts it by itself."

    def handle(self, *_args: Any, **_options: Any) -> None:
        bot = chats.bot()
        if bot is None:
            raise CommandError("The desk has no bot: see docs/notifications.md.")
        reader = Reader(bot)

        def stop(_number: int, _frame: FrameType | None) -> None:
            reader.stop()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        reader.run()
