"""Read what people wrote by hand; the cluster does the same by itself."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.timezone import now

from inbox import feeds, tasks
from inbox.models import Feed


class Command(BaseCommand):
    help = "Ask the networks what people wrote, work off what webhooks told, and send answers that are due."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="ask every account now, due or not")

    def handle(self, *args: Any, **options: Any) -> None:
        feeds.ensure()
        if options["all"]:
            Feed.objects.filter(due_at__gt=now()).update(due_at=now())
        asked = feeds.sync(tasks.BUDGET_SECONDS)
        told, sent = tasks.work_off(), tasks.send_replies()
        self.stdout.write(f"Asked {asked} accounts, worked off {told} receipts, tried {sent} answers.")
        for feed in Feed.objects.exclude(problem="").select_related("account"):
            self.stdout.write(f"{feed.account}: {feed.problem}")
