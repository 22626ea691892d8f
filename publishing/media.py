"""Pictures as rows: uploads taken in whole or not at all, and renderings that fit a network, made once."""

import hashlib
import io
import secrets
from contextlib import ExitStack
from functools import partial
from typing import IO, Any, BinaryIO, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, models, transaction
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from accounts.models import Membership
from platforms.content import MediaFile
from platforms.rules import Images
from publishing import pictures
from publishing.models import Delivery, Media, Post, Variant


def take_in(member: Membership, upload: "UploadedFile[Any]") -> Media:
    """The upload as a picture of the workspace; the same file again is the same picture.

    Raises ValidationError with one sentence; then nothing was written.
    """
    _refuse_large(upload)
    digest = _digest(upload)
    known = Media.objects.visible_to(member).filter(sha256=digest).first()
    return known or _store(member, upload, digest)


def _refuse_large(upload: "UploadedFile[Any]") -> None:
    if not upload.size:
        raise ValidationError(_("The file is empty."), code="empty_file")
    if upload.size > settings.UPLOAD_MOST_BYTES:
        most = filesizeformat(settings.UPLOAD_MOST_BYTES)
        raise ValidationError(
            _("The file is too large: %(most)s at most.") % {"most": most}, code="file_too_large"
        )


def _digest(upload: "UploadedFile[Any]") -> str:
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def _store(member: Membership, upload: "UploadedFile[Any]", digest: str) -> Media:
    picture = pictures.clean(cast("IO[bytes]", upload.file))
    small = pictures.thumbnail(picture)
    media = Media(
        workspace=member.workspace,
        uploaded_by=member.user,
        name=(upload.name or _("picture"))[-200:],
        sha256=digest,
        **_facts(picture),
    )
    with ExitStack() as undo:
        with transaction.atomic():
            _save_file(media.file, picture, undo)
            _save_file(media.thumbnail, small, undo)
            media.save()
        undo.pop_all()
    return media


def _facts(picture: pictures.Encoded) -> dict[str, str | int]:
    return {
        "content_type": picture.content_type,
        "size": picture.size,
        "width": picture.width,
        "height": picture.height,
    }


def _save_file(field: models.fields.files.FieldFile, picture: pictures.Encoded, undo: ExitStack) -> None:
    """Store under a name that nobody can guess; gone again if what follows fails."""
    field.save(secrets.token_urlsafe(24) + picture.extension, ContentFile(picture.content), save=False)
    undo.callback(field.storage.delete, str(field.name))


def as_file(media: Media | Variant, name: str, alt: str) -> MediaFile:
    """What a client sends; the bytes are read from storage when they are asked for."""
    storage, path = media.file.storage, cast(str, media.file.name)
    return MediaFile(
        name=name,
        content_type=media.content_type,
        size=media.size,
        width=media.width,
        height=media.height,
        open=cast("partial[BinaryIO]", partial(storage.open, path, "rb")),
        alt=alt,
    )


def fit(media: Media, limits: Images) -> MediaFile:
    """The picture as a network takes it: itself, or a rendering that is made once and kept."""
    if pictures.is_fit(media.content_type, media.size, media.width, media.height, limits):
        return as_file(media, media.name, media.alt_text)
    return as_file(_variant(media, limits), media.name, media.alt_text)


def _variant(media: Media, limits: Images) -> Variant:
    key = hashlib.sha256(
        repr((limits.formats, limits.max_bytes, limits.max_side, limits.max_pixels)).encode()
    ).hexdigest()
    return media.variants.filter(key=key).first() or _make_variant(media, limits, key)


def _make_variant(media: Media, limits: Images, key: str) -> Variant:
    with media.file.storage.open(cast(str, media.file.name), "rb") as original:
        picture = pictures.fit(io.BytesIO(original.read()), limits)
    variant = Variant(media=media, key=key, **_facts(picture))
    try:
        with ExitStack() as undo:
            with transaction.atomic():
                _save_file(variant.file, picture, undo)
                variant.save()
            undo.pop_all()
    except IntegrityError:
        return media.variants.get(key=key)  # somebody was faster; ours is gone again
    return variant


def prepare(post_id: int) -> None:
    """Make every rendering that a post will need, so that nothing slow is left for the moment it is due."""
    deliveries = Delivery.objects.filter(post_id=post_id).select_related("account", "post")
    for delivery in deliveries:
        limits = delivery.account.platform.rules_for(delivery.account.limits).images
        for media in delivery.pictures:
            fit(media, limits)


def in_use(media: Media) -> bool:
    """Whether a post holds the picture."""
    return (
        Post.objects.filter(postmedia__media=media).exists()
        or Delivery.objects.filter(deliverymedia__media=media).exists()
    )


def remove(media: Media) -> None:
    """Take an unused picture out of the library. Raises models.ProtectedError where a post holds it."""
    files = [media.file, media.thumbnail, *(variant.file for variant in media.variants.all())]
    with transaction.atomic():
        media.delete()
        for file in files:
            transaction.on_commit(partial(file.storage.delete, str(file.name)))
