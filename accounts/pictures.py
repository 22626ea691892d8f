"""The faces of accounts: fetched once, made small, and shown from here, so that browsers ask no network."""

import hashlib
import io

import structlog
from django.db import transaction
from PIL import Image, ImageOps, UnidentifiedImageError

from accounts.connections import transport
from accounts.models import Account, AccountPicture
from platforms.errors import PlatformError

log = structlog.get_logger(__name__)

SIDE = 128  # pixels: the largest avatar on a dense screen
MOST_BYTES = 8_000_000
MOST_PIXELS = 16_000_000


class NoPicture(Exception):
    """What came back is no picture that can be shown."""


def fetch_picture(account: Account) -> bool:
    """Keep a small copy of the account's picture. Without one its initials are shown."""
    try:
        image = _small(_download(account.avatar_url))
    except (PlatformError, NoPicture) as error:
        log.info("no picture", account=account.pk, network=account.platform_name, why=str(error))
        return False
    version = hashlib.sha256(image).hexdigest()[:12]
    with transaction.atomic():
        AccountPicture.objects.update_or_create(account=account, defaults={"image": image})
        Account.objects.filter(pk=account.pk).update(picture_version=version)
    return True


def _download(url: str) -> bytes:
    if not url:
        raise NoPicture("the account has none")
    answer = transport().request("GET", url, headers={"Accept": "image/*"}, most_bytes=MOST_BYTES)
    if not answer.ok:
        raise NoPicture(f"answered {answer.status}")
    return answer.body


def _small(original: bytes) -> bytes:
    """A square WebP without anything but its pixels."""
    try:
        with Image.open(io.BytesIO(original), formats=("JPEG", "PNG", "WEBP", "GIF")) as image:
            if image.width * image.height > MOST_PIXELS:
                raise NoPicture("too large")
            face = ImageOps.fit(ImageOps.exif_transpose(image).convert("RGBA"), (SIDE, SIDE))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise NoPicture("not a picture") from error
    small = io.BytesIO()
    face.save(small, "WEBP", quality=82)
    return small.getvalue()
