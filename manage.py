#!/usr/bin/env python3
"""The operator's entry: `python manage.py run`, `demo`, `publish_due`, `doctor` and Django's own commands."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "snsauto.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415  (settings must be named first)

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
