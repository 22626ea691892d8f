"""Every network by its name, in the order people see them."""

from platforms.base import Platform
from platforms.bluesky import Bluesky
from platforms.google_business import GoogleBusiness
from platforms.mastodon import Mastodon
from platforms.pinterest import Pinterest
from platforms.tiktok import TikTok
from platforms.x import X
from platforms.youtube import YouTube
from platforms.youtube_shorts import YouTubeShorts

ALL: tuple[type[Platform], ...] = (
    X,
    Bluesky,
    Mastodon,
    Pinterest,
    TikTok,
    YouTube,
    YouTubeShorts,
    GoogleBusiness,
)
PLATFORMS: dict[str, type[Platform]] = {platform.name: platform for platform in ALL}
