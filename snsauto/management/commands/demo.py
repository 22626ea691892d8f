"""Fill the desk with the demo."""

from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from snsauto.demo import bakery, seeding


class Command(BaseCommand):
    help = "Fills the desk with a bakery's posts on the sandbox's networks. A second run changes nothing."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError(_("The demo needs the sandbox: set SANDBOX=on."))
        if seeding.seed():
            self.stdout.write(
                _("The demo is ready: log in as %(email)s with the password %(password)s")
                % {"email": bakery.ADA.email, "password": bakery.PASSWORD}
            )
        else:
            seeding.move()
            self.stdout.write(_("The demo is there already; nothing was changed."))
