"""Say how the desk is, and what to do where something is wrong."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from snsauto import doctor


class Command(BaseCommand):
    help = "Looks at all that the desk needs and says what is wrong (then it ends with 1). Shows no secret."
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        lines, wrong = doctor.report(doctor.examine())
        self.stdout.write("\n".join(lines))
        if wrong:
            self.stdout.write(f"\n{wrong} of these need somebody.")
            sys.exit(1)
        self.stdout.write("\nAll is well.")
