from typing import ClassVar

from platforms.base import Platform


class Bluesky(Platform):
    name = "bluesky"
    label = "Bluesky"
