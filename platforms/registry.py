"""Every network by its name, in the order people see them."""

from platforms.base import Platform
from platforms.bluesky import Bluesky
from platforms.linkedin import LinkedIn
from platforms.mastodon import Mastodon
from platforms.x import X

ALL: tuple[type[Platform], ...] = (
    X,
    Bluesky,
    Mastodon,
    LinkedIn,
)
PLATFORMS: dict[str, type[Platform]] = {platform.name: platform for platform in ALL}
