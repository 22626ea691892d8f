"""The desk's own settings, without the networks' quotas, and with a wrong clock where one is asked for."""

import os
from datetime import timedelta
from pathlib import Path

import time_machine
from django.utils.timezone import now

from platforms.registry import PLATFORMS
from snsauto.environment import sqlite
from snsauto.settings import *  # noqa: F403
from snsauto.settings import DATABASES

if SKEW := float(os.environ.get("CHAOS_SKEW", "0")):
    # Every clock of this process tree goes wrong by so many seconds, from its first line on.
    time_machine.travel(now() + timedelta(seconds=SKEW), tick=True).start()

# A run posts in minutes what people post in weeks: the networks' quotas are not what is tried here.
for network in PLATFORMS.values():
    network.quotas = ()

if NETWORKS_FILE := os.environ.get("CHAOS_NETWORKS_FILE"):  # only for whoever sets up and counts
    DATABASES["networks"] = sqlite(Path(NETWORKS_FILE))
