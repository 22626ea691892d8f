"""Media made fit before they are sent: each rendering is made once and kept; the original stays as it is.

Pictures are rendered at once. Videos take a while, so the cluster `default` makes them and a delivery that
comes too early waits; no worker that publishes is ever held up by one.
"""

import hashlib
import io
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import cast

import structlog
from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.fields.files import FieldFile
from django.urls import reverse
from django.utils.text import slugify
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from platforms.content import MediaFile
from platforms.errors import MediaRejected, NotReady
from platforms.rules import Images, Rules, Videos
from publishing import pictures, videos
from publishing.media import picture_facts, save_file, video_facts
from publishing.models import Delivery, Media, Variant
from publishing.storage import StorageAway, on_disk, opened

log = structlog.get_logger(__name__)

CLEAN = "clean"  # the key of a video's copy that differs from the original only by its missing metadata
LEASE = timedelta(minutes=2)  # renewed at every step of progress
LOOK_AGAIN = timedelta(seconds=3)
FETCHED_FOR = timedelta(days=2)  # how long a public address works
SALT = "media for networks"
MOST_SECONDS = 3 * 3600  # for all the videos of a post


# --- for sending ---


def fitted(media: Media, rules: Rules) -> MediaFile:
    """The medium as a network takes it. NotReady while a video is made, MediaRejected where it cannot be."""
    if media.kind == "image":
        return fit(media, rules.images)
    if media.kind == "video":
        return _ready_video(media, rules.videos)
    return as_file(media, media.name, media.alt_text)


def as_file(media: Media | Variant, name: str, alt: str) -> MediaFile:
    """What a client sends; the bytes are read from storage when they are asked for."""
    storage, path = media.file.storage, cast(str, media.file.name)
    return MediaFile(
        name=name,
        content_type=media.content_type,
        size=media.size,
        width=media.width,
        height=media.height,
        open=partial(opened, storage, path),
        alt=alt,
        seconds=media.seconds,
        fps=media.fps,
        codecs=tuple(media.codecs),
        pages=media.pages if isinstance(media, Media) else 0,
        url=public_address(media, name),
    )


def public_address(media: Media | Variant, name: str) -> str:
    """Where a network may fetch the file for two days: nobody can guess it, and nothing else opens."""
    token = signing.dumps([media._meta.model_name, media.pk], salt=SALT)
    extension = cast(str, media.file.name).rpartition(".")[2]
    shown = slugify(name.rpartition(".")[0]) or "media"
    return f"{settings.SITE_URL}{reverse('publishing:media-public', args=[token, f'{shown}.{extension}'])}"


def behind(token: str) -> Media | Variant | None:
    """The file that a public address stands for, None where it is none or too old."""
    try:
        model, pk = signing.loads(token, salt=SALT, max_age=FETCHED_FOR)
    except (signing.BadSignature, ValueError):
        return None
    return (Media if model == "media" else Variant).objects.filter(pk=pk).exclude(file="").first()


# --- pictures ---


def fit(media: Media, limits: Images) -> MediaFile:
    """The picture as a network takes it: itself, or a rendering that is made once and kept."""
    if _fits(media, limits):
        return as_file(media, media.name, media.alt_text)
    key = picture_key(limits)
    variant = media.variants.filter(key=key).first() or _render(media, limits, key)
    return as_file(variant, media.name, media.alt_text)


def picture_key(limits: Images) -> str:
    """Which rendering of a picture a network gets that does not take it as it is."""
    return _key(limits.formats, limits.max_bytes, limits.max_side, limits.max_pixels)


def _key(*facts: object) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _render(media: Media, limits: Images, key: str) -> Variant:
    with opened(media.file.storage, cast(str, media.file.name)) as original:
        picture = pictures.fit(io.BytesIO(original.read()), limits)
    variant = Variant(media=media, key=key, **picture_facts(picture))
    try:
        with ExitStack() as undo:
            save_file(variant.file, ContentFile(picture.content), picture.extension, undo)
            with transaction.atomic():
                variant.save()
            undo.pop_all()
    except IntegrityError:
        return media.variants.get(key=key)  # somebody was faster; ours is gone again
    return variant


# --- videos ---


def _ready_video(media: Media, limits: Videos) -> MediaFile:
    variant = media.variants.filter(key=video_key(media, limits)).first()
    if variant is not None and variant.problem:
        raise MediaRejected(variant.problem)
    if variant is None or not variant.file:
        part = variant.progress if variant else 0
        message = _("The video is being prepared: %(part)s %%.") % {"part": part}
        raise NotReady(message, retry_at=now() + LOOK_AGAIN)
    return as_file(variant, media.name, media.alt_text)


def video_key(media: Media, limits: Videos) -> str:
    """Which rendering of a video a network gets."""
    if videos.is_fit(facts_of(media), media.size, limits):
        return CLEAN
    return _key(limits.formats, limits.codecs, limits.max_bytes, limits.max_side, limits.fps)


def facts_of(media: Media) -> videos.Facts:
    return videos.Facts(
        media.content_type,
        media.width,
        media.height,
        media.seconds,
        media.fps,
        tuple(media.codecs),
        media.is_turned,
    )


def make_video(media: Media, limits: Videos) -> None:
    """Make the rendering that a network gets, unless it is there or somebody is at it."""
    key = video_key(media, limits)
    variant, _made = Variant.objects.get_or_create(media=media, key=key, defaults={"progress": 0})
    idle = Q(claimed_until=None) | Q(claimed_until__lt=now())
    mine = Variant.objects.filter(idle, pk=variant.pk, file="", problem="")
    if not mine.update(claimed_until=now() + LEASE, progress=0):
        return
    try:
        with tempfile.NamedTemporaryFile(suffix=".mp4") as target:
            _render_video(media, limits, variant, target.name)
            _keep_video(variant, target.name, limits)
    except ValidationError as error:
        Variant.objects.filter(pk=variant.pk).update(problem=error.messages[0][:300], claimed_until=None)
    except StorageAway:
        Variant.objects.filter(pk=variant.pk).update(claimed_until=None)  # whoever needs it orders it again
        raise


def _render_video(media: Media, limits: Videos, variant: Variant, target: str) -> None:
    def told(part: float) -> None:
        Variant.objects.filter(pk=variant.pk).update(progress=int(part * 100), claimed_until=now() + LEASE)

    with on_disk(media.file.storage, cast(str, media.file.name)) as source:
        if variant.key == CLEAN:
            videos.clean(source, target, told)
        else:
            videos.transcode(source, target, limits, told)


def _keep_video(variant: Variant, path: str, limits: Videos) -> None:
    with open(path, "rb") as made, ExitStack() as undo:  # noqa: PTH123  (a name that tempfile gave)
        facts = videos.probe(made)
        size = made.seek(0, io.SEEK_END)
        if size > limits.max_bytes:
            raise ValidationError(_("The video cannot be made small enough. Cut it."), code="video_too_large")
        made.seek(0)
        save_file(variant.file, File(made), ".mp4", undo)
        Variant.objects.filter(pk=variant.pk).update(
            file=variant.file.name, size=size, progress=100, claimed_until=None, **video_facts(facts)
        )
        undo.pop_all()
    log.info("video made", media=variant.media_id, variant=variant.pk, bytes=size)


# --- ahead of time ---


def prepare(post_id: int) -> None:
    """Make every rendering that a post will need, so that nothing slow is left for the moment it is due."""
    deliveries = Delivery.objects.filter(post_id=post_id).select_related("account", "post")
    for delivery in deliveries:
        rules = rules_of(delivery)
        for media in delivery.pictures:
            if media.kind == "image":
                fit(media, rules.images)
            elif media.kind == "video" and rules.videos.at_most:
                make_video(media, rules.videos)


def order(post_id: int) -> None:
    """Have a post's renderings made, by the cluster that may take its time."""
    async_task("publishing.renditions.prepare", post_id, timeout=MOST_SECONDS)


def order_again(post_id: int) -> None:
    """The same for a delivery that found them missing, at most once a minute."""
    if cache.add(f"renditions-of-{post_id}", True, timeout=60):
        order(post_id)


def rules_of(delivery: Delivery) -> Rules:
    """The rules of the kind of post that a delivery becomes."""
    platform, account = delivery.account.platform, delivery.account
    options = {option.name: option.default for option in platform.options} | delivery.options
    return platform.rules_with(account.limits, options, unfitted(delivery.pictures))


def unfitted(media: Iterable[Media]) -> list[MediaFile]:
    """Media as they lie in the library: enough for checks and previews, which send nothing."""
    return [as_file(row, row.name, row.alt_text) for row in media]


@dataclass(frozen=True)
class Prepared:
    """How a medium is prepared for a network: the file that will be sent, none yet, or why there is none."""

    file: FieldFile | None
    problem: str = ""


def prepared(media: Media, rules: Rules) -> Prepared:
    """What `fitted` would find; nothing is made. Prefetch `variants` where there are many."""
    if media.kind == "video" and rules.videos.at_most:
        key = video_key(media, rules.videos)
    elif media.kind == "image" and not _fits(media, rules.images):
        key = picture_key(rules.images)
    else:
        return Prepared(media.file)
    variant = next((row for row in media.variants.all() if row.key == key), None)
    if variant is None:
        return Prepared(None)
    return Prepared(variant.file or None, variant.problem)


def _fits(media: Media, limits: Images) -> bool:
    return pictures.is_fit(media.content_type, media.size, media.width, media.height, limits)


def in_making(media: Iterable[Media]) -> list[Variant]:
    """The videos among these that are being made just now."""
    return list(Variant.objects.filter(media__in=list(media), file="", problem="").select_related("media"))
