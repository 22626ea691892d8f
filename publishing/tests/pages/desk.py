"""Two networks for the pages' tests, with limits small enough to see: one has threads, one has options."""

from collections.abc import Iterator
from contextlib import contextmanager

from platforms.base import Platform
from platforms.registry import PLATFORMS
from platforms.rules import Images, Option, Rules, Text


class Roomy(Platform):
    """Forty characters a part, threads of three."""

    name = "roomy"
    label = "Roomy"
    icon = "broadcast"
    colour = "#3355ff"
    rules = Rules(text=Text(40, count=len), images=Images(at_most=4), thread_at_most=3)


class Terse(Platform):
    """Twenty characters, no threads, two pictures, three options."""

    name = "terse"
    label = "Terse"
    icon = "rss"
    colour = "#222222"
    rules = Rules(text=Text(20, count=len), images=Images(at_most=2, max_side=100, alt_text=30))
    options = (
        Option("audience", "Audience", "choice", "all", (("all", "Everyone"), ("friends", "Friends"))),
        Option("quiet", "Without a sound", "flag", default=False),
        Option("title", "Title", "text", max_length=10),
    )


NOWHERE = dict.fromkeys(("client_id", "client_secret", "api_url", "auth_url", "upload_url"), "")


@contextmanager
def furnished() -> Iterator[dict[str, dict[str, str]]]:
    """Both networks, known to the product for a while; their settings."""
    ours = {platform.name: platform for platform in (Roomy, Terse)}
    PLATFORMS.update(ours)
    try:
        yield dict.fromkeys(ours, NOWHERE)
    finally:
        for name in ours:
            del PLATFORMS[name]
