"""Every network by its name, in the order people see them."""

from platforms._telegram_chatbot import TelegramChatBot
from platforms.base import Platform
from platforms.bluesky import Bluesky
from platforms.chatting import ChatBot
from platforms.facebook import Facebook
from platforms.google_business import GoogleBusiness
from platforms.instagram import Instagram
from platforms.linkedin import LinkedIn
from platforms.mastodon import Mastodon
from platforms.pinterest import Pinterest
from platforms.telegram import Telegram
from platforms.threads import Threads
from platforms.tiktok import TikTok
from platforms.x import X
from platforms.youtube import YouTube
from platforms.youtube_shorts import YouTubeShorts

ALL: tuple[type[Platform], ...] = (
    X,
    LinkedIn,
    Facebook,
    Instagram,
    Threads,
    TikTok,
    YouTube,
    YouTubeShorts,
    Pinterest,
    Bluesky,
    Mastodon,
    Telegram,
    GoogleBusiness,
)
PLATFORMS: dict[str, type[Platform]] = {platform.name: platform for platform in ALL}
CHAT_BOTS: dict[str, type[ChatBot]] = {bot.name: bot for bot in (TelegramChatBot,)}
