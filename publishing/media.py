"""The library: uploads taken in whole or not at all, known by their content, and taken out again."""

import hashlib
import io
import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from accounts.models import Membership
from publishing import documents, pictures, videos
from publishing.models import DeliveryMedia, Media, PostMedia
from publishing.storage import forget
from publishing.template_rows import TemplateMedia

PICTURE_MOST_BYTES = 32_000_000

# media that a post, one account's share of it, or a template holds
USED = (
    Exists(PostMedia.objects.filter(media=OuterRef("pk")))
    | Exists(DeliveryMedia.objects.filter(media=OuterRef("pk")))
    | Exists(TemplateMedia.objects.filter(media=OuterRef("pk")))
)


@dataclass(frozen=True)
class Found:
    """What an upload turned out to be: the file to keep, a small picture of it, and its facts."""

    file: "File[bytes]"
    extension: str
    thumbnail: pictures.Encoded
    facts: Mapping[str, object]


def take_in(member: Membership, upload: "UploadedFile[Any]") -> Media:
    """The upload as a medium of the workspace; the same file again is the same medium.

    Raises ValidationError, or StorageAway, with one sentence; then nothing was written.
    """
    _refuse_large(upload)
    digest = _digest(upload)
    known = Media.objects.visible_to(member).filter(sha256=digest).first()
    return known or _store(member, upload, digest)


def _refuse_large(upload: "UploadedFile[Any]") -> None:
    if not upload.size:
        raise ValidationError(_("The file is empty."), code="empty_file")
    if upload.size > settings.UPLOAD_MOST_BYTES:
        _refuse_over(settings.UPLOAD_MOST_BYTES)


def _refuse_over(most: int) -> None:
    raise ValidationError(
        _("The file is too large: %(most)s at most.") % {"most": filesizeformat(most)}, code="file_too_large"
    )


def _digest(upload: "UploadedFile[Any]") -> str:
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def _store(member: Membership, upload: "UploadedFile[Any]", digest: str) -> Media:
    found = _found(upload)
    media = Media(
        workspace=member.workspace,
        uploaded_by=member.user,
        name=(upload.name or _("picture"))[-200:],
        sha256=digest,
        **found.facts,
    )
    with ExitStack() as undo:  # no transaction: a large file takes a while to store
        save_file(media.file, found.file, found.extension, undo)
        save_file(media.thumbnail, ContentFile(found.thumbnail.content), found.thumbnail.extension, undo)
        media.save()
        undo.pop_all()
    return media


def _found(upload: "UploadedFile[Any]") -> Found:
    upload.seek(0)
    head = upload.read(16)
    upload.seek(0)
    if videos.is_video(head):
        return _video(upload)
    if upload.size is not None and upload.size > PICTURE_MOST_BYTES and not documents.is_pdf(head):
        _refuse_over(PICTURE_MOST_BYTES)
    return _document(upload) if documents.is_pdf(head) else _picture(upload)


def _picture(upload: "UploadedFile[Any]") -> Found:
    picture = pictures.clean(cast("IO[bytes]", upload.file))
    facts = picture_facts(picture)
    return Found(ContentFile(picture.content), picture.extension, pictures.thumbnail(picture), facts)


def picture_facts(picture: pictures.Encoded) -> dict[str, object]:
    return {
        "content_type": picture.content_type,
        "size": picture.size,
        "width": picture.width,
        "height": picture.height,
    }


def _video(upload: "UploadedFile[Any]") -> Found:
    file = cast("IO[bytes]", upload.file)
    facts = videos.probe(file)
    poster = pictures.clean(io.BytesIO(videos.poster(file)))
    stored = {**video_facts(facts), "is_turned": facts.is_turned, "size": upload.size}
    return Found(File(file), videos.EXTENSIONS[facts.content_type], pictures.thumbnail(poster), stored)


def video_facts(facts: videos.Facts) -> dict[str, object]:
    return {
        "content_type": facts.content_type,
        "width": facts.width,
        "height": facts.height,
        "seconds": facts.seconds,
        "fps": facts.fps,
        "codecs": list(facts.codecs),
    }


def _document(upload: "UploadedFile[Any]") -> Found:
    paper = documents.clean(cast("IO[bytes]", upload.file))
    facts = {
        "content_type": documents.PDF,
        "size": len(paper.content),
        "width": paper.width,
        "height": paper.height,
    }
    sheet = documents.sheet(paper)
    return Found(
        ContentFile(paper.content), ".pdf", pictures.thumbnail(sheet), {**facts, "pages": paper.pages}
    )


def save_file(
    field: models.fields.files.FieldFile, content: "File[bytes]", extension: str, undo: ExitStack
) -> None:
    """Store under a name that nobody can guess; gone again if what follows fails."""
    field.save(secrets.token_urlsafe(24) + extension, content, save=False)
    undo.callback(forget, field.storage, str(field.name))


def in_use(media: Media) -> bool:
    """Whether a post or a template holds it."""
    return Media.objects.filter(USED, pk=media.pk).exists()


def remove(media: Media) -> None:
    """Take what is unused out of the library. Raises models.ProtectedError where a post holds it."""
    made = media.variants.exclude(file="")
    files = [media.file, media.thumbnail, *(variant.file for variant in made)]
    with transaction.atomic():
        media.delete()
        for file in files:
            transaction.on_commit(partial(forget, file.storage, str(file.name)))
