"""Pictures as bytes: what an upload really is, cleaned of all but the picture, and made fit for a network."""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import IO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from platforms.rules import Images

JPEG, PNG, WEBP = "image/jpeg", "image/png", "image/webp"
PILLOW = {JPEG: "JPEG", PNG: "PNG", WEBP: "WEBP"}
EXTENSIONS = {JPEG: ".jpg", PNG: ".png", WEBP: ".webp"}
READ = ("JPEG", "PNG", "WEBP", "GIF")
# MPO: a JPEG with a second picture behind it, as some phones make it; read by way of JPEG.
KEPT_AS = {"JPEG": JPEG, "MPO": JPEG, "PNG": PNG, "WEBP": WEBP, "GIF": PNG}

MOST_PIXELS = 50_000_000
LEAST_SIDE = 16
THUMBNAIL_SIDE = 480
BEST = 92
QUALITIES = (BEST, 85, 78, 70)
SHRINK = 0.8

# A file that claims more pixels than this is refused before any of them is decoded.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)
BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)
# What Pillow raises on files that are broken in one way or another.
BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)

# Decoding the largest takes 200 MB: a process full of threads does two at a time.
_decoding = BoundedSemaphore(2)


@dataclass(frozen=True)
class Encoded:
    """A picture as a file's content."""

    content: bytes
    content_type: str
    width: int
    height: int

    @property
    def size(self) -> int:
        return len(self.content)

    @property
    def extension(self) -> str:
        return EXTENSIONS[self.content_type]


def clean(file: IO[bytes]) -> Encoded:
    """The picture in a file, upright and without metadata. Raises ValidationError with one sentence."""
    with _decoding, _refusing():
        with _opened(file) as image:
            image.verify()
        with _opened(file) as image:
            if image.format != "MPO" and getattr(image, "is_animated", False):
                raise ValidationError(
                    _("Moving pictures cannot be sent yet. Save it as a still picture."),
                    code="moving_picture",
                )
            content_type = KEPT_AS[image.format or ""]
            upright = ImageOps.exif_transpose(image)
            untouched = upright.getexif() == image.getexif() and image.format == "JPEG"
            return _encode(
                image if untouched else _plain(upright), content_type, "keep" if untouched else BEST
            )


def thumbnail(picture: Encoded) -> Encoded:
    """A small one for lists and previews."""
    with _decoding, _opened(io.BytesIO(picture.content)) as image:
        image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), reducing_gap=2.0)
        return _encode(_plain(image), WEBP, 80)


def is_fit(picture_type: str, size: int, width: int, height: int, limits: Images) -> bool:
    """Whether a network takes a picture as it is."""
    return (
        picture_type in limits.formats
        and size <= limits.max_bytes
        and max(width, height) <= (limits.max_side or max(width, height))
        and width * height <= (limits.max_pixels or width * height)
    )


def fit(file: IO[bytes], limits: Images) -> Encoded:
    """The best rendering that a network takes: no larger than allowed, as little compressed as can be."""
    with _decoding, _opened(file) as image:
        kept_as = KEPT_AS[image.format or ""]
        image.thumbnail(_most_size(image.size, limits), reducing_gap=3.0)
        renderings = _renderings(_plain(image), kept_as, limits)
        best = next(renderings)
        while best.size > limits.max_bytes and min(best.width, best.height) > LEAST_SIDE:
            best = next(renderings)
        return best


def _most_size(size: tuple[int, int], limits: Images) -> tuple[int, int]:
    """The largest size of the same shape within the limits."""
    width, height = size
    by_side = (limits.max_side or max(size)) / max(size)
    by_pixels = ((limits.max_pixels or width * height) / (width * height)) ** 0.5
    factor = min(1.0, by_side, by_pixels)
    return max(1, int(width * factor)), max(1, int(height * factor))


def _renderings(image: Image.Image, kept_as: str, limits: Images) -> Iterator[Encoded]:
    """Ever smaller ones: by kind, by quality, then by size."""
    kinds = _kinds(kept_as, image.mode == "RGBA", limits.formats)
    while True:
        for kind in kinds:
            for quality in (BEST,) if kind == PNG else QUALITIES:
                yield _encode(image, kind, quality)
        image = image.resize((max(1, int(image.width * SHRINK)), max(1, int(image.height * SHRINK))))


def _kinds(kept_as: str, is_transparent: bool, allowed: tuple[str, ...]) -> list[str]:
    """File formats in order of preference; transparency is given up only where nothing keeps it."""
    wished = (kept_as, WEBP, PNG) if is_transparent else (kept_as, JPEG, WEBP, PNG)
    return [kind for kind in dict.fromkeys(wished) if kind in allowed] or [JPEG]


@contextmanager
def _refusing() -> Iterator[None]:
    """Says in words what Pillow says in exceptions."""
    try:
        yield
    except BOMB as error:
        raise ValidationError(
            _("The picture has too many pixels: %(most)s million at most.")
            % {"most": MOST_PIXELS // 1_000_000},
            code="too_many_pixels",
        ) from error
    except UnidentifiedImageError as error:
        raise ValidationError(
            _("This is not a picture that can be sent. Use JPEG, PNG, WebP or GIF."), code="not_a_picture"
        ) from error
    except BROKEN as error:
        raise ValidationError(
            _("The picture is damaged and cannot be read."), code="broken_picture"
        ) from error


@contextmanager
def _opened(file: IO[bytes]) -> Iterator[Image.Image]:
    file.seek(0)
    with Image.open(file, formats=READ) as image:
        yield image


def _plain(image: Image.Image) -> Image.Image:
    """Grey, RGB or RGBA, whatever it was."""
    if image.mode in {"L", "RGB", "RGBA"}:
        return image
    if image.mode in {"LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in {"1", "I;16", "I"} else "RGB")


def _encode(image: Image.Image, content_type: str, quality: int | str) -> Encoded:
    """The file of a picture; of what stood beside the picture, only its colour profile goes with it."""
    has_profile = image.mode in {"RGB", "RGBA"}
    profile = image.info.get("icc_profile") if has_profile else None
    if content_type == JPEG and image.mode == "RGBA":
        flat = Image.new("RGB", image.size, "white")
        flat.paste(image, mask=image.getchannel("A"))
        image = flat
    image.info = {}
    buffer = io.BytesIO()
    lossy = {} if content_type == PNG else {"quality": quality}
    image.save(buffer, PILLOW[content_type], optimize=content_type == PNG, icc_profile=profile, **lossy)
    return Encoded(buffer.getvalue(), content_type, image.width, image.height)
