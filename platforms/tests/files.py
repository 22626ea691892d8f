"""Media for tests, drawn by code: pictures, films and documents, each a MediaFile with its real facts."""

import io
from functools import cache
from tempfile import NamedTemporaryFile

import av
import numpy as np
from PIL import Image, ImageDraw

from platforms.content import MediaFile


def medium(
    name: str, content: bytes, content_type: str, size: tuple[int, int] = (0, 0), **facts: object
) -> MediaFile:
    """A file as the product hands it to a client."""
    return MediaFile(name, content_type, len(content), *size, open=lambda: io.BytesIO(content), **facts)  # type: ignore[arg-type]


@cache
def picture_bytes(size: tuple[int, int] = (1080, 1080), kind: str = "JPEG", colour: str = "peru") -> bytes:
    image = Image.new("RGB", size, colour)
    draw = ImageDraw.Draw(image)
    for n in range(8):
        draw.ellipse(
            [size[0] * n // 9, size[1] * n // 12, size[0] * (n + 3) // 9, size[1] * (n + 4) // 12],
            outline="white",
            width=3,
        )
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def picture(
    name: str = "loaf.jpg",
    size: tuple[int, int] = (1080, 1080),
    kind: str = "JPEG",
    alt: str = "A loaf",
    url: str = "",
    colour: str = "peru",
) -> MediaFile:
    """A picture; different colours are different bytes."""
    return medium(name, picture_bytes(size, kind, colour), f"image/{kind.lower()}", size, alt=alt, url=url)


@cache
def film_bytes(
    size: tuple[int, int] = (540, 960),
    seconds: float = 3,
    fps: int = 24,
    codec: str = "libx264",
    sound: bool = True,
) -> bytes:
    """A film of moving stripes, with a tone where there is sound; the index at the front."""
    with NamedTemporaryFile(suffix=".mp4") as file:
        _film(file.name, size, seconds, fps, codec, sound)
        return file.read()


def _film(path: str, size: tuple[int, int], seconds: float, fps: int, codec: str, sound: bool) -> None:
    with av.open(path, "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "35"} if codec == "libx264" else {}
        tone = container.add_stream("aac", rate=44100) if sound else None
        for n in range(round(seconds * fps)):
            pixels = np.zeros((size[1], size[0], 3), np.uint8)
            pixels[:, :, 0] = (n * 4) % 256
            pixels[(n * 7) % size[1] : (n * 7) % size[1] + 40, :, 1] = 200
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode())
        if tone is not None:
            _sound(container, tone, seconds)


def _sound(container: av.container.OutputContainer, tone: av.AudioStream, seconds: float) -> None:
    samples = np.sin(np.arange(int(44100 * seconds)) / 44100 * 440 * 2 * np.pi).astype(np.float32) * 0.1
    for start in range(0, len(samples), 1024):
        frame = av.AudioFrame.from_ndarray(np.stack([samples[start : start + 1024]] * 2), "fltp", "stereo")
        frame.sample_rate, frame.pts = 44100, start
        container.mux(tone.encode(frame))
    container.mux(tone.encode())


def film(
    name: str = "oven.mp4",
    size: tuple[int, int] = (540, 960),
    seconds: float = 3,
    fps: int = 24,
    url: str = "",
    alt: str = "",
    sound: bool = True,
) -> MediaFile:
    """An H.264 film with AAC sound in MP4."""
    content = film_bytes(size, seconds, fps, sound=sound)
    codecs = ("h264", "aac") if sound else ("h264",)
    return medium(
        name,
        content,
        "video/mp4",
        size,
        seconds=float(seconds),
        fps=float(fps),
        codecs=codecs,
        url=url,
        alt=alt,
    )


@cache
def paper_bytes(pages: int = 3) -> bytes:
    buffer = io.BytesIO()
    first, *rest = [Image.new("RGB", (600, 800), ("white", "linen", "ivory")[n % 3]) for n in range(pages)]
    first.save(buffer, "PDF", save_all=True, append_images=rest)
    return buffer.getvalue()


def paper(name: str = "menu.pdf", pages: int = 3) -> MediaFile:
    """A PDF."""
    return medium(name, paper_bytes(pages), "application/pdf", pages=pages)
