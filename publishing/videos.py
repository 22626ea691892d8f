"""Videos as files: what one really is, a clean copy without metadata, and renderings that fit a network.

All of it runs in this process (PyAV) and packet by packet: memory does not grow with the file.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import IO, cast

import av
from av.audio.frame import AudioFrame
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.filter import Graph
from av.video.frame import VideoFrame
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from PIL import Image

from platforms.rules import Videos

MP4 = "video/mp4"
# What libavformat calls the containers that we take in, and their content types.
CONTAINERS = {"mov,mp4,m4a,3gp,3g2,mj2": MP4, "matroska,webm": "video/webm"}
EXTENSIONS = {MP4: ".mp4", "video/webm": ".webm"}
MOST_SECONDS = 12 * 3600
MOST_SIDE = 8192
LEAST_VIDEO_BITS = 250_000  # a second; below this nobody would want to see it
AUDIO_BITS = 128_000
CODECS = {"h264": "libx264", "hevc": "libx265", "vp9": "libvpx-vp9"}
ROOM = 0.92  # of the allowed bytes; encoders miss their aim by some percent
Progress = Callable[[float], None]


@dataclass(frozen=True)
class Facts:
    """A video as people see it: `width` and `height` after turning; `codecs` of picture, then sound."""

    content_type: str
    width: int
    height: int
    seconds: float
    fps: float
    codecs: tuple[str, ...]
    is_turned: bool = False


def is_video(head: bytes) -> bool:
    """Whether a file's first bytes are those of a video that we take: MP4, MOV, WebM or Matroska."""
    return head[4:8] in {b"ftyp", b"moov", b"wide", b"mdat"} or head.startswith(b"\x1a\x45\xdf\xa3")


def probe(file: IO[bytes]) -> Facts:
    """What the video is. Raises ValidationError with one sentence."""
    with _refusing(), _opened(file) as container:
        if not container.streams.video:
            raise ValidationError(_("The file has no picture, only sound."), code="not_a_video")
        facts = _facts(container, next(container.decode(video=0)))
    if facts.content_type not in EXTENSIONS:
        raise ValidationError(
            _("This kind of video cannot be read. Use MP4, MOV or WebM."), code="not_a_video"
        )
    if not facts.seconds or facts.seconds > MOST_SECONDS:
        raise ValidationError(_("The video's length cannot be told."), code="broken_video")
    if max(facts.width, facts.height) > MOST_SIDE:
        raise ValidationError(_("The video has too many pixels."), code="too_many_pixels")
    return facts


def _facts(container: InputContainer, frame: VideoFrame) -> Facts:
    stream = container.streams.video[0]
    sounds = container.streams.audio[:1]
    turned = bool(frame.rotation % 180)
    width, height = (frame.height, frame.width) if turned else (frame.width, frame.height)
    return Facts(
        CONTAINERS.get(container.format.name, "video/unknown"),
        width,
        height,
        (container.duration or 0) / av.time_base,
        round(float(stream.average_rate or 0), 3),
        (stream.codec_context.name, *(sound.codec_context.name for sound in sounds)),
        is_turned=bool(frame.rotation),
    )


def poster(file: IO[bytes]) -> bytes:
    """A picture for lists: a frame soon after the start, as PNG."""
    with _refusing(), _opened(file) as container:
        frame = next(container.decode(video=0))
        for later in container.decode(video=0):
            frame = later
            if (later.time or 0) >= min(1.0, (container.duration or 0) / av.time_base / 3):
                break
        image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
        if frame.rotation:
            image = image.rotate(frame.rotation, expand=True)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def is_fit(facts: Facts, size: int, limits: Videos) -> bool:
    """Whether a network takes the video as it is, but for metadata."""
    least, most = limits.fps
    return (
        facts.content_type in limits.formats
        and facts.codecs[0] in limits.codecs
        and all(codec in limits.audio_codecs for codec in facts.codecs[1:])
        and size <= limits.max_bytes
        and max(facts.width, facts.height) <= (limits.max_side or MOST_SIDE)
        and least - 0.5 <= facts.fps <= most + 0.5
        and not facts.is_turned
    )


def clean(source: IO[bytes], target: str, progress: Progress) -> None:
    """The same picture and sound without a word of metadata (place, device, names), index first."""
    with _refusing(), _opened(source) as given, _written(target) as made:
        streams = [*given.streams.video[:1], *given.streams.audio[:1]]
        twins = {stream.index: made.add_stream_from_template(stream) for stream in streams}
        for twin in twins.values():
            twin.metadata.clear()
        length = _Length(given, progress)
        for packet in given.demux(streams):
            if packet.dts is None:
                continue
            length.reached(float(packet.pts * packet.time_base) if packet.pts is not None else 0.0)
            packet.stream = twins[packet.stream.index]
            made.mux(packet)


def transcode(source: IO[bytes], target: str, limits: Videos, progress: Progress) -> None:
    """A rendering that the network takes: turned upright, no larger, no faster, no heavier than allowed."""
    facts = probe(source)
    with _refusing(), _opened(source) as given, _written(target) as made:
        picture = _Picture(given, made, facts, limits)
        sound = _Sound(given, made) if given.streams.audio else None
        length = _Length(given, progress)
        for packet in given.demux(*given.streams.video[:1], *given.streams.audio[:1]):
            for frame in packet.decode():
                if isinstance(frame, VideoFrame):
                    length.reached(frame.time or 0.0)
                    picture.take(frame)
                elif sound is not None and isinstance(frame, AudioFrame):
                    sound.take(frame)
        picture.end()
        if sound is not None:
            sound.end()


class _Length:
    """How far along a file is, told in steps that are worth telling."""

    def __init__(self, container: InputContainer, progress: Progress) -> None:
        self._seconds = max((container.duration or 0) / av.time_base, 0.001)
        self._progress = progress
        self._told = 0.0

    def reached(self, seconds: float) -> None:
        part = min(seconds / self._seconds, 1.0)
        if part - self._told >= 0.02:
            self._told = part
            self._progress(part)


class _Picture:
    """The picture's way from one container into the other."""

    def __init__(self, given: InputContainer, made: OutputContainer, facts: Facts, limits: Videos) -> None:
        self._given, self._made = given.streams.video[0], made
        codec = next((name for name in limits.codecs if name in CODECS), "h264")
        self._rate = Fraction(min(max(facts.fps or 30, limits.fps[0]), limits.fps[1])).limit_denominator(1001)
        self._size = _even_size(facts, limits)
        self._stream = cast(av.VideoStream, made.add_stream(CODECS[codec], rate=self._rate))
        self._stream.width, self._stream.height = self._size
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = 1 / self._rate
        self._stream.codec_context.bit_rate = _bits(facts, limits)
        self._stream.options = {"preset": "veryfast"} if codec == "h264" else {}
        self._next = 0
        self._last: VideoFrame | None = None
        self._turn: Graph | None = None

    def take(self, frame: VideoFrame) -> None:
        """Encode a frame at its place in time; where there are too many some are left out, else repeated."""
        place = int((frame.time or 0) * self._rate + Fraction(1, 2))
        if place < self._next:
            return
        upright = self._upright(frame) if frame.rotation else frame
        while self._last is not None and self._next < place:
            self._encode(self._last)
        self._next = place
        self._last = upright.reformat(*self._size, format="yuv420p")
        self._encode(self._last)

    def _encode(self, frame: VideoFrame) -> None:
        frame.pts, frame.time_base = self._next, 1 / self._rate
        self._next += 1
        self._made.mux(self._stream.encode(frame))

    def _upright(self, frame: VideoFrame) -> VideoFrame:
        if self._turn is None:
            self._turn = _turning(self._given, frame)
        self._turn.push(frame)
        return cast(VideoFrame, self._turn.pull())

    def end(self) -> None:
        self._made.mux(self._stream.encode(None))


def _turning(stream: av.VideoStream, frame: VideoFrame) -> Graph:
    """A filter that turns frames upright."""
    graph = Graph()
    steps = {
        90: ["cclock"],
        -90: ["clock"],
        180: ["clock", "clock"],
        -180: ["clock", "clock"],
        270: ["clock"],
    }
    last = graph.add_buffer(template=stream, time_base=stream.time_base)
    for direction in steps.get(round(frame.rotation / 90) * 90, []):
        turn = graph.add("transpose", direction)
        last.link_to(turn)
        last = turn
    last.link_to(graph.add("buffersink"))
    graph.configure()
    return graph


def _even_size(facts: Facts, limits: Videos) -> tuple[int, int]:
    """The largest size of the same shape within the limits; encoders want even numbers."""
    most = limits.max_side or MOST_SIDE
    factor = min(1.0, most / max(facts.width, facts.height))
    return max(2, int(facts.width * factor) // 2 * 2), max(2, int(facts.height * factor) // 2 * 2)


def _bits(facts: Facts, limits: Videos) -> int:
    """Bits a second for the picture: good to look at, and no more than the bytes allow."""
    width, height = _even_size(facts, limits)
    wished = int(width * height * min(facts.fps or 30, limits.fps[1]) * 0.11)
    allowed = int(limits.max_bytes * 8 * ROOM / max(facts.seconds, 0.1)) - AUDIO_BITS
    if allowed < LEAST_VIDEO_BITS:
        raise ValidationError(
            _("The video is too long for %(most)s MB: nothing would be left of its picture. Cut it.")
            % {"most": limits.max_bytes // 1_000_000},
            code="video_too_large",
        )
    return max(LEAST_VIDEO_BITS, min(wished, allowed, 20_000_000))


class _Sound:
    """The sound's way: AAC, stereo, 48 kHz."""

    def __init__(self, given: InputContainer, made: OutputContainer) -> None:
        self._made = made
        self._stream = made.add_stream("aac", rate=48_000)
        self._stream.codec_context.bit_rate = AUDIO_BITS
        self._stream.layout = "stereo"
        self._resampler = av.AudioResampler(format="fltp", layout="stereo", rate=48_000)
        self._fifo = av.AudioFifo()
        self._pts = 0

    def take(self, frame: AudioFrame | None) -> None:
        for resampled in self._resampler.resample(frame):
            resampled.pts = None
            self._fifo.write(resampled)
        self._encode(partial=frame is None)

    def _encode(self, *, partial: bool) -> None:
        size = self._stream.codec_context.frame_size or 1024
        while (chunk := self._fifo.read(size, partial and self._fifo.samples < size)) is not None:
            chunk.pts, chunk.time_base = self._pts, Fraction(1, 48_000)
            self._pts += chunk.samples
            self._made.mux(self._stream.encode(chunk))

    def end(self) -> None:
        self.take(None)
        self._made.mux(self._stream.encode(None))


@contextmanager
def _opened(file: IO[bytes]) -> Iterator[InputContainer]:
    file.seek(0)
    with av.open(file, "r", metadata_errors="ignore") as container:
        yield container


@contextmanager
def _written(path: str) -> Iterator[OutputContainer]:
    """A file by its path: putting the index first takes a second pass."""
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(path, "w", format="mp4", options=options) as container:
        yield container


@contextmanager
def _refusing() -> Iterator[None]:
    """Says in words what FFmpeg says in exceptions."""
    try:
        yield
    except (FFmpegError, StopIteration, IndexError) as error:
        raise ValidationError(
            _("The video is damaged or of a kind that cannot be read. Use MP4, MOV or WebM."),
            code="broken_video",
        ) from error
