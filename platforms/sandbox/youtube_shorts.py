"""The twin of YouTube Shorts: YouTube's own addresses once more, with people and videos of its own."""

from platforms.sandbox.youtube import arrive, face, settle, urls, webhook
from platforms.sandbox.youtube_wire import dialect

__all__ = ["DIALECT", "arrive", "face", "people", "urlpatterns", "webhook"]

NETWORK = "youtube_shorts"
DIALECT = dialect(NETWORK)


def people() -> None:
    settle(NETWORK)


urlpatterns = urls(DIALECT, "YouTube")
