from typing import ClassVar

from platforms.base import Platform


class Mastodon(Platform):
    name = "mastodon"
    label = "Mastodon"
