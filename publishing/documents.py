"""Documents as files: a PDF that can be read, without metadata, scripts or attachments."""

import io
from dataclasses import dataclass, field
from typing import IO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from PIL import Image, ImageDraw, ImageFont
from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError

from publishing import pictures

PDF = "application/pdf"
MOST_BYTES = 100_000_000
MOST_PAGES = 1000
SHEET = (360, 480)


@dataclass(frozen=True)
class Paper:
    """A clean PDF; width and height of its first page in points."""

    content: bytes = field(repr=False)
    pages: int
    width: int
    height: int


def is_pdf(head: bytes) -> bool:
    """Whether a file's first bytes are those of a PDF."""
    return head.startswith(b"%PDF-")


def clean(file: IO[bytes]) -> Paper:
    """The document's pages and nothing else. Raises ValidationError with one sentence."""
    file.seek(0, io.SEEK_END)
    if file.tell() > MOST_BYTES:
        raise ValidationError(_("The document is too large: 100 MB at most."), code="file_too_large")
    file.seek(0)
    try:
        reader = PdfReader(file)
        if reader.is_encrypted:
            raise ValidationError(
                _("The document is locked with a password. Save it without one."), code="locked_document"
            )
        return _clean(reader)
    except (PyPdfError, ValueError, KeyError, TypeError, RecursionError, OSError) as error:
        raise ValidationError(
            _("The document is damaged and cannot be read."), code="broken_document"
        ) from error


def _clean(reader: PdfReader) -> Paper:
    pages = len(reader.pages)
    if not 1 <= pages <= MOST_PAGES:
        raise ValidationError(
            _("The document has %(pages)s pages; %(most)s at most.") % {"pages": pages, "most": MOST_PAGES},
            code="too_many_pages",
        )
    writer = PdfWriter()
    for page in reader.pages:
        writer.add_page(page)
    writer.metadata = None
    buffer = io.BytesIO()
    writer.write(buffer)
    box = reader.pages[0].mediabox
    return Paper(buffer.getvalue(), pages, round(float(box.width)), round(float(box.height)))


def sheet(paper: Paper) -> pictures.Encoded:
    """A drawn sheet that stands for a document in lists."""
    image = Image.new("RGB", SHEET, "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle([0, 0, SHEET[0] - 1, SHEET[1] - 1], outline="#c9c9cf", width=4)
    draw.rectangle([36, 40, 150, 96], fill="#c8352b")
    draw.text((93, 68), "PDF", "white", ImageFont.load_default(34), "mm")
    for n in range(7):
        draw.rectangle([36, 140 + n * 36, 324 - (n % 3) * 40, 152 + n * 36], fill="#dcdce2")
    count = _("%(pages)s p.") % {"pages": paper.pages}
    draw.text((324, 440), count, "#55555f", ImageFont.load_default(28), "rm")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return pictures.clean(buffer)
