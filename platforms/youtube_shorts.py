"""YouTube Shorts: the same uploads to the same channel, square or vertical and three minutes at most."""

from collections.abc import Iterator

from platforms._youtube_post import SHORT, SHORT_RULES
from platforms.content import Draft
from platforms.rules import Finding
from platforms.youtube import YouTube


class YouTubeShorts(YouTube):
    name = "youtube_shorts"
    label = "YouTube Shorts"
    icon = "brand-youtube"
    colour = "#ff0000"
    rules = SHORT_RULES
    app_of = "youtube"
    kinds = (SHORT,)

    @classmethod
    def check_shape(cls, draft: Draft) -> Iterator[Finding]:
        if any(file.kind == "image" and file.width > file.height for file in draft.media):
            message = "The thumbnail of a Short stands upright (9:16). This one lies; YouTube will cut it."
            yield Finding("thumbnail_shape", message, "media", "warning")

    def permalink(self, video_id: str) -> str:
        return f"{self.host('https://www.youtube.com')}/shorts/{video_id}"
