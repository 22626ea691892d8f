"""Pictures as bytes."""

import io
import struct
import zlib

import pytest
from django.core.exceptions import ValidationError
from PIL import Image

from platforms.rules import Images
from publishing import pictures
from publishing.factories import picture

GPS = 0x8825


def opened(encoded: pictures.Encoded) -> Image.Image:
    return Image.open(io.BytesIO(encoded.content))


def noise(size: tuple[int, int], mode: str = "RGB") -> bytes:
    """A picture that does not compress."""
    buffer = io.BytesIO()
    bands = [Image.effect_noise(size, 120) for _ in mode]
    Image.merge(mode, bands).save(buffer, "PNG")
    return buffer.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it is enormous."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def refused(content: bytes) -> str:
    with pytest.raises(ValidationError) as caught:
        pictures.clean(io.BytesIO(content))
    return str(caught.value.code)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"MZ\x90\x00" + b"\0" * 500, "not_a_picture"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "not_a_picture"),
        (b"<!doctype html><img src=x onerror=alert(1)>", "not_a_picture"),
        (b"%PDF-1.7", "not_a_picture"),
        (picture((300, 300), "JPEG")[:400], "broken_picture"),
        (noise((60, 60))[:3000], "broken_picture"),
        (bomb(30_000, 30_000), "too_many_pixels"),
        (bomb(8_000, 8_000), "too_many_pixels"),
    ],
    ids=["exe", "svg with script", "html", "pdf", "half a jpeg", "half a png", "bomb", "too large"],
)
def test_what_is_no_sound_picture_is_refused(content: bytes, code: str) -> None:
    assert refused(content) == code


def test_a_moving_picture_is_refused_in_words() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])

    assert refused(buffer.getvalue()) == "moving_picture"


def test_a_still_gif_becomes_a_png() -> None:
    cleaned = pictures.clean(io.BytesIO(picture(kind="GIF")))

    assert cleaned.content_type == "image/png"
    assert opened(cleaned).size == (64, 48)


def test_a_picture_is_turned_upright_and_its_place_is_forgotten() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Camera of Ada"
    exif.get_ifd(GPS)[1] = "N"
    content = picture((60, 40), "JPEG", exif=exif, comment=b"at home")

    cleaned = pictures.clean(io.BytesIO(content))

    assert opened(cleaned).size == (40, 60)
    assert not opened(cleaned).getexif()
    assert b"Camera of Ada" not in cleaned.content
    assert b"at home" not in cleaned.content


def test_metadata_goes_from_an_upright_jpeg_too_and_its_pixels_stay() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera of Ada"
    content = picture((60, 40), "JPEG", exif=exif, quality=80)

    cleaned = pictures.clean(io.BytesIO(content))

    assert b"Camera of Ada" not in cleaned.content
    assert opened(cleaned).tobytes() == Image.open(io.BytesIO(content)).tobytes()


def test_text_in_a_png_is_forgotten_and_transparency_stays() -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (8, 8), (1, 2, 3, 100)).save(buffer, "PNG")

    cleaned = pictures.clean(buffer)

    assert opened(cleaned).getpixel((0, 0)) == (1, 2, 3, 100)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16"])
def test_every_kind_of_pixel_is_understood(mode: str) -> None:
    buffer = io.BytesIO()
    Image.new(mode, (8, 8)).save(buffer, "JPEG" if mode == "CMYK" else "PNG")

    cleaned = pictures.clean(buffer)

    assert opened(cleaned).size == (8, 8)
    assert pictures.thumbnail(cleaned).content_type == "image/webp"


def test_what_fits_is_known_to_fit() -> None:
    limits = Images(at_most=1, max_bytes=1000, max_side=100, max_pixels=5000)

    assert pictures.is_fit("image/png", 1000, 100, 50, limits)
    assert not pictures.is_fit("image/webp", 1000, 100, 50, limits)
    assert not pictures.is_fit("image/png", 1001, 100, 50, limits)
    assert not pictures.is_fit("image/png", 1000, 101, 10, limits)
    assert not pictures.is_fit("image/png", 1000, 100, 51, limits)


def test_a_picture_is_scaled_to_the_longest_side_and_the_most_pixels() -> None:
    limits = Images(at_most=1, max_side=200, max_pixels=10_000)

    fitted = pictures.fit(io.BytesIO(picture((800, 400))), limits)

    assert (fitted.width, fitted.height) == (140, 70)


def test_a_heavy_picture_is_compressed_before_it_loses_size() -> None:
    content = noise((400, 300))
    limits = Images(at_most=1, max_bytes=len(content) // 3)

    fitted = pictures.fit(io.BytesIO(content), limits)

    assert fitted.content_type == "image/jpeg"
    assert (fitted.width, fitted.height) == (400, 300)
    assert fitted.size <= limits.max_bytes


def test_a_very_heavy_picture_gets_smaller_until_it_fits() -> None:
    fitted = pictures.fit(io.BytesIO(noise((400, 300))), Images(at_most=1, max_bytes=9_000))

    assert fitted.size <= 9_000
    assert fitted.width < 400


def test_transparency_is_kept_where_a_format_keeps_it_and_else_put_on_white() -> None:
    content = picture((40, 40), colour=(200, 0, 0, 0))

    webp = pictures.fit(io.BytesIO(content), Images(at_most=1, formats=("image/jpeg", "image/webp")))
    jpeg = pictures.fit(io.BytesIO(content), Images(at_most=1, formats=("image/jpeg",)))

    assert webp.content_type == "image/webp"
    assert jpeg.content_type == "image/jpeg"
    assert opened(jpeg).getpixel((5, 5)) == (255, 255, 255)
