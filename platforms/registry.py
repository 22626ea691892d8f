"""Every network by its name, in the order people see them."""

from platforms.base import Platform
from platforms.bluesky import Bluesky
from platforms.facebook import Facebook
from platforms.instagram import Instagram
from platforms.mastodon import Mastodon
from platforms.x import X

ALL: tuple[type[Platform], ...] = (
    X,
    Bluesky,
    Mastodon,
    Instagram,
    Facebook,
)
PLATFORMS: dict[str, type[Platform]] = {platform.name: platform for platform in ALL}
