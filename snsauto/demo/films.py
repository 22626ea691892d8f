"""The bakery's films, drawn: slow drives over its pictures, upright and wide, with the hum of the oven."""

import io
import math
import tempfile
from array import array
from collections.abc import Callable
from functools import partial

import av
from PIL import Image

from snsauto.demo import pictures

FPS = 24
RATE = 44_100
UPRIGHT, WIDE = (720, 1280), (1280, 720)


def drive(draw: Callable[[], bytes], size: tuple[int, int], seconds: float) -> bytes:
    """A picture seen through a window that moves slowly across and comes closer."""
    picture = Image.open(io.BytesIO(draw()))
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        with av.open(file.name, "w", format="mp4", options={"movflags": "+faststart"}) as container:
            screen = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "26"})
            screen.width, screen.height, screen.pix_fmt = *size, "yuv420p"
            sound = container.add_stream("aac", rate=RATE)
            for number in range(round(seconds * FPS)):
                window = _window(picture, size, number / (seconds * FPS))
                container.mux(screen.encode(av.VideoFrame.from_image(window)))  # type: ignore[no-untyped-call]
            container.mux(screen.encode(None))
            _hum(container, sound, seconds)
        return file.read()


def _window(picture: Image.Image, size: tuple[int, int], part: float) -> Image.Image:
    closeness = 0.92 - 0.18 * part
    height = picture.height * closeness
    width = height * size[0] / size[1]
    if width > picture.width * closeness:
        width = picture.width * closeness
        height = width * size[1] / size[0]
    left = (picture.width - width) * (0.5 - 0.35 * math.cos(math.pi * part))
    top = (picture.height - height) / 2
    return picture.resize(size, box=(left, top, left + width, top + height))


def _hum(container: av.container.OutputContainer, sound: av.AudioStream, seconds: float) -> None:
    """A soft chord that comes and goes."""
    tones = (110.0, 164.8, 220.0)
    for start in range(0, int(seconds * RATE), 1024):
        wave = array("f", (_loudness(n, tones) for n in range(start, start + 1024)))
        frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
        frame.planes[0].update(wave.tobytes())
        frame.sample_rate, frame.pts = RATE, start
        container.mux(sound.encode(frame))
    container.mux(sound.encode(None))


def _loudness(n: int, tones: tuple[float, ...]) -> float:
    second = n / RATE
    return sum(math.sin(2 * math.pi * tone * second) for tone in tones) * 0.03 * (1 + math.sin(second))


FILMS: dict[str, tuple[Callable[[], bytes], str]] = {
    "steam.mp4": (
        partial(drive, pictures.loaf, UPRIGHT, 6),
        "A slow look along the crust of a loaf that came out of the oven just now",
    ),
    "morning-on-the-river.mp4": (
        partial(drive, pictures.harbour, WIDE, 6),
        "The river before opening time, with a small red sailing boat",
    ),
}
