"""Videos and documents: known by content, cleaned, made fit, made once, and fetched by networks."""

import io
from datetime import timedelta
from pathlib import Path

import av
import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils.timezone import now
from pypdf import PdfWriter

from accounts.models import Membership
from platforms.errors import MediaRejected, NotReady
from platforms.rules import Documents, Images, Rules, Text, Videos
from platforms.tests.files import film_bytes, paper_bytes
from publishing import media as library
from publishing import renditions, videos
from publishing.factories import picture, upload
from publishing.models import Media, Variant

pytestmark = pytest.mark.django_db
ANY = Videos(1, formats=("video/mp4",))
RULES = Rules(text=Text(100, count=len), images=Images(1), videos=ANY, documents=Documents(1))
PLACE = "+52.5200+013.4050/"
PLACE_ATOM = b"loci"


def film(member: Membership, content: bytes = b"") -> Media:
    return library.take_in(member, upload("oven.mp4", content or film_bytes((320, 240)), "video/mp4"))


def located(path: Path) -> bytes:
    """A film that says where it was taken, as phones write it."""
    with av.open(io.BytesIO(film_bytes((320, 240)))) as given, av.open(str(path), "w", format="mp4") as made:
        made.metadata["location"] = PLACE
        made.metadata["comment"] = "Ada's telephone"
        twins = {stream.index: made.add_stream_from_template(stream) for stream in given.streams}
        for packet in given.demux():
            if packet.dts is not None:
                packet.stream = twins[packet.stream.index]
                made.mux(packet)
    return path.read_bytes()


def test_a_video_comes_in_with_its_facts_and_a_picture_of_it(member: Membership) -> None:
    media = film(member)

    assert (media.kind, media.content_type, media.width, media.height) == ("video", "video/mp4", 320, 240)
    assert (media.seconds, media.fps, media.codecs) == (3.0, 24.0, ["h264", "aac"])
    assert media.file.read() == film_bytes((320, 240))
    assert media.thumbnail.size > 100


def test_what_only_claims_to_be_a_video_is_refused(member: Membership) -> None:
    with pytest.raises(ValidationError) as refused:
        film(member, b"\0\0\0\x18ftypmp42" + b"no film" * 100)

    assert refused.value.code == "broken_video"
    assert not Media.objects.exists()


def test_a_document_comes_in_without_what_it_tells_of_its_author(member: Membership) -> None:
    writer = PdfWriter(io.BytesIO(paper_bytes(2)))
    writer.add_metadata({"/Author": "Ada in Potsdam"})
    buffer = io.BytesIO()
    writer.write(buffer)

    media = library.take_in(member, upload("menu.pdf", buffer.getvalue(), "application/pdf"))

    assert (media.kind, media.pages) == ("document", 2)
    assert b"Potsdam" not in media.file.read()


def test_a_locked_document_is_refused(member: Membership) -> None:
    writer = PdfWriter(io.BytesIO(paper_bytes(1)))
    writer.encrypt("secret")
    buffer = io.BytesIO()
    writer.write(buffer)

    with pytest.raises(ValidationError) as refused:
        library.take_in(member, upload("menu.pdf", buffer.getvalue(), "application/pdf"))

    assert refused.value.code == "locked_document"


def test_a_video_that_fits_is_sent_without_the_place_where_it_was_taken(
    member: Membership, tmp_path: Path
) -> None:
    media = film(member, located(tmp_path / "located.mp4"))
    renditions.make_video(media, ANY)

    file = renditions.fitted(media, RULES)

    assert PLACE_ATOM in media.file.read()
    sent = file.open().read()
    assert PLACE_ATOM not in sent
    assert b"Ada" not in sent
    assert videos.probe(io.BytesIO(sent)).codecs == ("h264", "aac")
    assert [variant.key for variant in media.variants.all()] == [renditions.CLEAN]


def test_a_video_that_is_too_large_is_made_smaller(member: Membership) -> None:
    media = film(member)
    limits = Videos(1, max_side=160, fps=(1, 12), max_bytes=200_000)
    renditions.make_video(media, limits)

    file = renditions._ready_video(media, limits)

    assert (file.width, file.height, file.fps) == (160, 120, 12.0)
    assert file.size <= 200_000
    assert file.seconds == pytest.approx(3, abs=0.3)


def test_a_video_with_too_few_frames_gets_more(member: Membership) -> None:
    media = film(member, film_bytes((320, 240), 3, 8))
    limits = Videos(1, fps=(23, 60))
    renditions.make_video(media, limits)

    file = renditions._ready_video(media, limits)

    assert file.fps == pytest.approx(23, abs=0.5)
    assert file.seconds == pytest.approx(3, abs=0.3)


def test_what_cannot_be_made_small_enough_says_so(member: Membership) -> None:
    media = film(member)
    limits = Videos(1, max_bytes=60_000)
    renditions.make_video(media, limits)

    with pytest.raises(MediaRejected, match="Cut it"):
        renditions._ready_video(media, limits)


def test_a_delivery_waits_while_a_video_is_made(member: Membership) -> None:
    media = film(member)

    with pytest.raises(NotReady, match="being prepared: 0 %"):
        renditions.fitted(media, RULES)


def test_of_two_who_make_a_video_only_one_works(member: Membership) -> None:
    media = film(member)
    claimed = now() + renditions.LEASE
    Variant.objects.create(media=media, key=renditions.CLEAN, progress=40, claimed_until=claimed)

    renditions.make_video(media, ANY)

    assert media.variants.get().progress == 40
    with time_machine.travel(now() + renditions.LEASE + timedelta(seconds=1), tick=False):
        renditions.make_video(media, ANY)
    assert media.variants.get().file


def test_a_turned_video_is_never_sent_as_it_lies() -> None:
    facts = videos.Facts("video/mp4", 240, 320, 3.0, 24.0, ("h264", "aac"), is_turned=True)

    assert not videos.is_fit(facts, 1000, ANY)


def test_progress_is_told_while_a_video_is_made(tmp_path: Path) -> None:
    parts: list[float] = []

    videos.transcode(io.BytesIO(film_bytes((320, 240))), str(tmp_path / "made.mp4"), ANY, parts.append)

    assert parts == sorted(parts)
    assert len(parts) > 10


def test_a_network_fetches_a_file_by_its_secret_address(member: Membership) -> None:
    media = library.take_in(member, upload("Cake & tea.png", picture()))
    address = renditions.as_file(media, media.name, "").url.removeprefix("http://127.0.0.1:8000")

    answer = Client().get(address, headers={"range": "bytes=0-"})

    assert answer.status_code == 200
    assert b"".join(answer.streaming_content) == media.file.read()
    assert address.endswith("/cake-tea.png")


def test_an_address_that_was_made_up_or_is_old_opens_nothing(member: Membership) -> None:
    media = library.take_in(member, upload())
    address = renditions.as_file(media, media.name, "").url.removeprefix("http://127.0.0.1:8000")
    forged = address.replace("/m/", "/m/x")

    assert Client().get(forged).status_code == 404
    with time_machine.travel(now() + renditions.FETCHED_FOR + timedelta(minutes=1)):
        assert Client().get(address).status_code == 404
