#!/usr/bin/env python3
"""The operator's entry: `python manage.py run`, `demo`, `publish_due`, `doctor` and Django's own commands."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "snsauto.settings")
    try:
        _ = settings.INSTALLED_APPS  # reads the settings
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
