"""A report as PDF: the workspace's name, logo and colour, key numbers, charts, networks, best posts.

Text is text, so it can be searched and copied. The same rows give the same bytes.
"""

import io
import re
from typing import Any, cast

from django.utils.formats import date_format
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from PIL import Image as Pictures
from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    Image,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
)
from reportlab.platypus import Table as Grid

from accounts.models import Workspace
from analytics.report_bars import FOOT, HEIGHT, WIDTH, Bar, Bars
from analytics.report_fonts import STRONG, TEXT, fonts, marked
from analytics.report_models import Report
from analytics.report_rows import BestRow, Content, KeyNumber, content
from analytics.report_words import label
from platforms.errors import MediaRejected
from publishing.models import Media
from publishing.storage import StorageAway, opened

MARGIN, BAND = 18 * mm, 26 * mm
INNER = A4[0] - 2 * MARGIN
INK, SOFT, LINE, WASH = HexColor("#1f2230"), HexColor("#5b6072"), HexColor("#dcdee6"), HexColor("#f5f6fa")
GREEN, RED = HexColor("#166534"), HexColor("#b42318")
BRAND = "#4b4acf"
PICTURE = 15 * mm
COLUMNS = 4


def as_pdf(report: Report) -> bytes:
    """A4, as many pages as it needs."""
    fonts()
    what, colour = content(report.rows or {}), brand(report.workspace)
    target = io.BytesIO()
    document = BaseDocTemplate(
        target,
        pagesize=A4,
        title=f"{report.name}, {report.days}",
        author=report.workspace.name,
        invariant=1,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
    )
    first = Frame(MARGIN, MARGIN, INNER, A4[1] - BAND - MARGIN - 6 * mm, 0, 0, 0, 0)
    rest = Frame(MARGIN, MARGIN, INNER, A4[1] - 2 * MARGIN, 0, 0, 0, 0)

    def cover(canvas: Canvas, _document: object) -> None:
        _cover(canvas, report, colour)
        _foot(canvas, report)

    def page(canvas: Canvas, _document: object) -> None:
        _foot(canvas, report)

    document.addPageTemplates(
        [
            PageTemplate("cover", [first], onPage=cover, autoNextPageTemplate="page"),
            PageTemplate("page", [rest], onPage=page),
        ]
    )
    document.build(_story(report, what, colour))
    return target.getvalue()


def brand(workspace: Workspace) -> Color:
    """The workspace's colour, ours where it has none."""
    chosen = str(getattr(workspace, "brand_colour", "") or "")
    return HexColor(chosen if re.fullmatch(r"#[0-9a-fA-F]{6}", chosen) else BRAND)


def on(colour: Color) -> Color:
    """White or ink, whichever can be read on a colour."""
    channels = [_linear(cast(float, part)) for part in (colour.red, colour.green, colour.blue)]
    light = 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
    return HexColor("#ffffff") if 1.05 / (light + 0.05) >= 4.5 else INK


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def style(size: float = 9.5, colour: Color = INK, font: str = TEXT, **rest: Any) -> ParagraphStyle:
    return ParagraphStyle(
        "report", fontName=font, fontSize=size, leading=size * 1.4, textColor=colour, **rest
    )


def text(words: str, look: ParagraphStyle) -> Paragraph:
    return Paragraph(marked(words), look)


def heading(words: str) -> Paragraph:
    return text(words, style(12, font=STRONG, spaceBefore=6 * mm, spaceAfter=2 * mm, keepWithNext=1))


def _cover(canvas: Canvas, report: Report, colour: Color) -> None:
    """The band at the top: logo, name of the workspace."""
    canvas.setFillColor(colour)
    canvas.rect(0, A4[1] - BAND, A4[0], BAND, stroke=0, fill=1)
    left = MARGIN
    if (logo := logo_of(report.workspace)) is not None:
        wide, high = logo.getSize()
        height = BAND - 10 * mm
        width = min(height * wide / high, 50 * mm)
        height = width * high / wide
        canvas.drawImage(logo, left, A4[1] - BAND / 2 - height / 2, width, height, mask="auto")
        left += width + 5 * mm
    name = text(report.workspace.name, style(17, on(colour), STRONG))
    _wide, high = name.wrap(A4[0] - MARGIN - left, BAND)
    name.drawOn(canvas, left, A4[1] - BAND / 2 - high / 2)


def _foot(canvas: Canvas, report: Report) -> None:
    made = (report.made_at or now()).astimezone(report.workspace.zone)
    said = _("Made %(when)s (%(zone)s). Page %(page)d.") % {
        "when": date_format(made, "j M Y, H:i"),
        "zone": report.zone.rpartition("/")[2].replace("_", " "),
        "page": canvas.getPageNumber(),
    }
    line = text(said, style(7.5, SOFT))
    line.wrap(INNER, MARGIN)
    line.drawOn(canvas, MARGIN, 9 * mm)


def _story(report: Report, what: Content, colour: Color) -> list[Flowable]:
    head: list[Flowable] = [text(report.name, style(20, font=STRONG)), text(report.days, style(11, SOFT))]
    if what.campaign:
        head.append(text(_("Campaign: %(name)s") % {"name": what.campaign}, style(11, SOFT)))
    head += [Spacer(0, 5 * mm), _key_numbers(what), Spacer(0, 1.5 * mm), _compared(what)]
    for chart in what.charts:
        head.append(KeepTogether([heading(label(chart.metric)), drawing(chart, colour)]))
    if what.networks:
        head += [heading(_("By network")), _networks(what)]
    if what.best:
        head.append(heading(_("Best posts")))
        pictures = Media.objects.filter(workspace=report.workspace).in_bulk(
            [row.media for row in what.best if row.media]
        )
        head += [_best(row, pictures.get(row.media or 0)) for row in what.best]
    return head


def _compared(what: Content) -> Paragraph:
    first, last = (date_format(day, "j M Y") for day in what.before)
    said = _("Changes are against %(first)s – %(last)s.") % {"first": first, "last": last}
    return text(said, style(8, SOFT))


def _key_numbers(what: Content) -> Grid:
    cells = [_key_number(row) for row in what.key]
    cells += [[] for _ in range(-len(cells) % COLUMNS)]
    rows = [cells[start : start + COLUMNS] for start in range(0, len(cells), COLUMNS)]
    return Grid(
        rows,
        [INNER / COLUMNS] * COLUMNS,
        style=[
            ("GRID", (0, 0), (-1, -1), 0.6, LINE),
            ("BACKGROUND", (0, 0), (-1, -1), WASH),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("TOPPADDING", (0, 0), (-1, -1), 7),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
        ],
    )


def _key_number(row: KeyNumber) -> list[Flowable]:
    big = style(15, font=STRONG) if row.value is not None else style(10, SOFT)
    cell: list[Flowable] = [text(row.label, style(8, SOFT)), text(row.said, big)]
    if row.said_change:
        cell.append(text(row.said_change, style(8.5, GREEN if (row.change or 0) >= 0 else RED)))
    return cell


def drawing(chart: Bars, colour: Color) -> Drawing | Paragraph:
    """The bars of the page, from the same numbers."""
    if not chart.is_known:
        return text(_("The networks have not told this number."), style(9, SOFT))
    scale = INNER / WIDTH
    drawn = Drawing(INNER, HEIGHT * scale)
    ground = FOOT * scale
    drawn.add(Line(0, ground, INNER, ground, strokeColor=LINE))
    for bar in chart.bars:
        drawn.add(_rect(bar, scale, colour))
    first, last = chart.bars[0].first, chart.bars[-1].last
    drawn.add(_string(0, (HEIGHT - 10) * scale, chart.said_top, "start"))
    drawn.add(_string(0, 3, date_format(first, "j M"), "start"))
    drawn.add(_string(INNER, 3, date_format(last, "j M"), "end"))
    return drawn


def _rect(bar: Bar, scale: float, colour: Color) -> Rect:
    if bar.value is None:
        return Rect(bar.x * scale, FOOT * scale, bar.width * scale, 1.5, fillColor=LINE, strokeColor=None)
    bottom = (HEIGHT - bar.y - bar.height) * scale
    return Rect(
        bar.x * scale, bottom, bar.width * scale, bar.height * scale, fillColor=colour, strokeColor=None
    )


def _string(x: float, y: float, words: str, anchor: str) -> String:
    return String(x, y, words, fontName=TEXT, fontSize=7.5, fillColor=SOFT, textAnchor=anchor)


def _networks(what: Content) -> Grid:
    small, number = style(8, SOFT), style(9, alignment=2)
    head = [
        text(_("Network"), small),
        *(text(word, style(8, SOFT, alignment=2)) for word in what.network_heads),
    ]
    rows = [
        [text(_network(row.label, row.accounts), style(9)), *(text(word, number) for word in row.said)]
        for row in what.networks
    ]
    wide = INNER * 0.3
    return Grid(
        [head, *rows],
        [wide, *([(INNER - wide) / len(what.network_heads)] * len(what.network_heads))],
        repeatRows=1,
        style=[
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
            ("BACKGROUND", (0, 0), (-1, 0), WASH),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ],
    )


def _network(name: str, accounts: int) -> str:
    if accounts < 2:
        return name
    return ngettext("%(name)s (%(count)d account)", "%(name)s (%(count)d accounts)", accounts) % {
        "name": name,
        "count": accounts,
    }


def _best(row: BestRow, medium: Media | None) -> Grid:
    numbers = " · ".join(f"{name}: {said}" for name, said in row.said)
    words = row.text if len(row.text) < 200 else f"{row.text[:199]}…"
    about: list[Flowable] = [
        text(words or _("(pictures only)"), style(9.5)),
        text(f"{row.network_label} · {row.handle}", style(8, SOFT)),
        text(numbers, style(8.5, font=STRONG)),
    ]
    picture = thumbnail(medium)
    return Grid(
        [[picture or "", about]],
        [PICTURE + 4 * mm, INNER - PICTURE - 4 * mm] if picture else [0.1, INNER - 0.1],
        style=[
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 6),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 6),
        ],
    )


def thumbnail(medium: Media | None) -> Image | None:
    """A post's picture, small; nothing where it is gone from the library or its store is away."""
    if medium is None or not medium.thumbnail:
        return None
    content = _png(medium.thumbnail)
    return Image(content, PICTURE, PICTURE, kind="proportional") if content else None


def logo_of(workspace: Workspace) -> ImageReader | None:
    """The workspace's logo, where it has one."""
    image: bytes | None = getattr(workspace, "logo_image", None)
    return ImageReader(io.BytesIO(image)) if image else None


def _png(file: Any) -> io.BytesIO | None:
    try:
        with opened(file.storage, file.name) as stored, Pictures.open(stored) as picture:
            target = io.BytesIO()
            picture.convert("RGBA").save(target, "PNG")
    except (OSError, StorageAway, MediaRejected):
        return None
    target.seek(0)
    return target
