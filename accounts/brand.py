"""A workspace's face: the logo that stands in its mails and reports, checked by content and made anew."""

import hashlib
import io

from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from accounts.models import AuditEvent, Membership, Workspace, WorkspaceLogo

MOST_BYTES = 4_000_000
MOST_PIXELS = 16_000_000
WIDTH, HEIGHT = 480, 240  # room for a wide logo on a dense screen
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


class NoLogo(Exception):
    """What was sent cannot stand as a logo; the sentence says why."""


def set_logo(actor: Membership, original: bytes) -> str:
    """Keep a small PNG of the picture; its version. Raises NoLogo."""
    image = _small(original)
    version = hashlib.sha256(image).hexdigest()[:12]
    with transaction.atomic():
        WorkspaceLogo.objects.update_or_create(workspace_id=actor.workspace_id, defaults={"image": image})
        Workspace.objects.filter(pk=actor.workspace_id).update(logo_version=version)
        AuditEvent.record(actor, "workspace.logo_set", actor.workspace)
    return version


def remove_logo(actor: Membership) -> bool:
    """Take the logo away. False if there was none."""
    with transaction.atomic():
        Workspace.objects.filter(pk=actor.workspace_id).update(logo_version="")
        gone = WorkspaceLogo.objects.filter(workspace_id=actor.workspace_id).delete()[0]
        if gone:
            AuditEvent.record(actor, "workspace.logo_removed", actor.workspace)
    return gone > 0


def _small(original: bytes) -> bytes:
    """The pixels alone, no larger than pages need. What the file calls itself is not asked."""
    if len(original) > MOST_BYTES:
        raise NoLogo(_("This picture is larger than 4 MB."))
    try:
        with Image.open(io.BytesIO(original), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise NoLogo(_("This picture has more than 16 million pixels."))
            logo = ImageOps.exif_transpose(image).convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise NoLogo(_("This is not a picture. Take a PNG, JPEG, WebP or GIF.")) from error
    logo.thumbnail((WIDTH, HEIGHT))
    small = io.BytesIO()
    logo.save(small, "PNG", optimize=True)
    return small.getvalue()
