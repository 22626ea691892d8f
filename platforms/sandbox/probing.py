"""What a file really is, by its content: so the sandbox refuses what a network would refuse."""

import io
from dataclasses import dataclass

import av
from av.error import FFmpegError
from PIL import Image, UnidentifiedImageError

CONTAINERS = {"mov,mp4,m4a,3gp,3g2,mj2": "video/mp4", "matroska,webm": "video/webm", "avi": "video/x-msvideo"}


@dataclass(frozen=True)
class Probed:
    """A file: `content_type` as found, size in pixels, and of videos the length, frames and codecs."""

    content_type: str
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    fps: float = 0.0
    codecs: tuple[str, ...] = ()
    has_location: bool = False

    @property
    def is_image(self) -> bool:
        return self.content_type.startswith("image/")

    @property
    def is_video(self) -> bool:
        return self.content_type.startswith("video/")


def probe(content: bytes) -> Probed | None:
    """The file, None where it is nothing that the networks know."""
    if content.startswith(b"%PDF-"):
        return Probed("application/pdf")
    return _image(content) or _video(content)


def _image(content: bytes) -> Probed | None:
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP", "GIF")) as image:
            image.load()
            kind = Image.MIME[image.format or ""]
            return Probed(kind, *image.size, has_location=bool(image.getexif().get_ifd(0x8825)))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def _video(content: bytes) -> Probed | None:
    try:
        with av.open(io.BytesIO(content), "r") as container:
            if not container.streams.video:
                return None
            stream = container.streams.video[0]
            codecs = [
                stream.codec_context.name,
                *(sound.codec_context.name for sound in container.streams.audio[:1]),
            ]
            kind = CONTAINERS.get(container.format.name, "video/unknown")
            if kind == "video/mp4" and container.metadata.get("major_brand", "").strip() == "qt":
                kind = "video/quicktime"
            seconds = (container.duration or 0) / av.time_base
            fps = float(stream.average_rate or 0)
            keys = " ".join(container.metadata).lower()
            return Probed(kind, stream.width, stream.height, seconds, fps, tuple(codecs), "location" in keys)
    except (FFmpegError, ValueError):
        return None
