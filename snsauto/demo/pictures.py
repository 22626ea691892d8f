"""The bakery's pictures, drawn: loaves, cups, the harbour, and posters with type."""

import io
import math
from collections.abc import Callable, Iterator, Sequence

from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIDE = 1080
FINE = 2  # drawn twice as large, then made small: smooth edges
Box = tuple[float, float, float, float]
Colour = str | tuple[int, int, int] | tuple[int, int, int, int]

CREAM, PAPER, CRUST, DARK_CRUST, CRUMB = "#f4e7d3", "#faf4e8", "#b9702f", "#8a4a1c", "#e9c48d"
INK, BLUE, DEEP, SAND, RUST, GREEN = "#2b2622", "#2e5f7d", "#1d3c52", "#e6cfa7", "#c2502e", "#6f7f4f"


class Sheet:
    """A sheet to draw on, in units of a thousandth of its side."""

    def __init__(self, background: Colour) -> None:
        self.side = SIDE * FINE
        self.image = Image.new("RGB", (self.side, self.side), background)
        self.pen = ImageDraw.Draw(self.image, "RGBA")

    def at(self, *numbers: float) -> list[float]:
        return [number * self.side / 1000 for number in numbers]

    def width(self, number: float) -> int:
        return max(1, round(number * self.side / 1000))

    def circle(self, x: float, y: float, radius: float, fill: Colour) -> None:
        self.oval((x - radius, y - radius, x + radius, y + radius), fill)

    def oval(self, box: Box, fill: Colour) -> None:
        self.pen.ellipse(self.at(*box), fill=fill)

    def line(self, points: Sequence[tuple[float, float]], width: float, fill: Colour) -> None:
        flat = [tuple(self.at(x, y)) for x, y in points]
        self.pen.line(flat, fill=fill, width=self.width(width), joint="curve")

    def shape(self, points: Sequence[tuple[float, float]], fill: Colour) -> None:
        self.pen.polygon([tuple(self.at(x, y)) for x, y in points], fill=fill)

    def words(self, x: float, y: float, text: str, size: float, fill: Colour, anchor: str = "lm") -> None:
        font = ImageFont.load_default(self.width(size))
        left, top = self.at(x, y)
        self.pen.text((left, top), text, font=font, fill=fill, anchor=anchor)

    def soften(self, radius: float) -> None:
        """Blur what was drawn so far (shadows), then go on sharp."""
        self.image = self.image.filter(ImageFilter.BoxBlur(self.width(radius)))
        self.pen = ImageDraw.Draw(self.image, "RGBA")

    def fall(self, top: Colour, bottom: Colour) -> None:
        """Fill the sheet from one colour above to another below."""
        mask = Image.linear_gradient("L").resize((self.side, self.side))
        upper = Image.new("RGB", (self.side, self.side), top)
        self.image.paste(Image.composite(Image.new("RGB", upper.size, bottom), upper, mask))

    def jpeg(self) -> bytes:
        buffer = io.BytesIO()
        self.image.resize((SIDE, SIDE), Image.Resampling.BOX).save(buffer, "JPEG", quality=90)
        return buffer.getvalue()


def scattered(count: int) -> Iterator[tuple[float, float]]:
    """Points that fill the unit square evenly without looking ruled (the golden ratio's sequence)."""
    for number in range(count):
        yield (number * 0.754877666) % 1, (number * 0.569840291) % 1


def curve(start: tuple[float, float], end: tuple[float, float], lift: float) -> list[tuple[float, float]]:
    """From start to end in a bow."""
    (x1, y1), (x2, y2) = start, end
    steps = [step / 24 for step in range(25)]
    return [(x1 + (x2 - x1) * t, y1 + (y2 - y1) * t - lift * math.sin(math.pi * t)) for t in steps]


def loaf() -> bytes:
    sheet = Sheet(CREAM)
    sheet.fall("#f7ecd9", "#e4c79b")
    sheet.oval((150, 640, 870, 840), (90, 50, 20, 120))
    sheet.soften(14)
    sheet.oval((140, 290, 860, 790), DARK_CRUST)
    sheet.oval((158, 290, 842, 762), CRUST)
    sheet.oval((215, 312, 785, 640), "#cc8843")
    for number in range(4):
        left = 300 + number * 125
        cut = curve((left - 70, 640 - number * 18), (left + 95, 378 + number * 14), 26)
        sheet.line(cut, 34, DARK_CRUST)
        sheet.line([(px + 5, py + 5) for px, py in cut], 22, CRUMB)
    for x, y in scattered(420):
        px, py = 190 + x * 620, 300 + y * 400
        if ((px - 500) / 320) ** 2 + ((py - 520) / 215) ** 2 < 1:
            sheet.circle(px, py, 1.5 + 2.4 * ((x * 7) % 1), (255, 248, 235, 150))
    return sheet.jpeg()


def cup() -> bytes:
    sheet = Sheet("#33515c")
    sheet.fall("#3c5f6c", "#263f48")
    sheet.circle(515, 530, 390, (10, 20, 25, 130))
    sheet.soften(16)
    sheet.circle(500, 500, 385, "#efe9df")
    sheet.circle(500, 500, 350, "#e2dacd")
    sheet.circle(500, 500, 268, "#f8f4ec")
    sheet.circle(500, 500, 240, "#6b3f22")
    sheet.circle(500, 500, 226, "#8a5630")
    for number in range(6):
        y, half = 640 - number * 52, 128 - number * 16
        leaf = [(500 - half, y - 34), (500, y + 14), (500 + half, y - 34), (500, y - 8)]
        sheet.line([(500 - half, y - 38), (500, y), (500 + half, y - 38)], 25, "#f2dfc2")
        sheet.shape(leaf, "#f2dfc2")
    sheet.line([(500, 330), (500, 668)], 9, "#8a5630")
    sheet.pen.arc(sheet.at(720, 420, 880, 580), -80, 80, fill="#f8f4ec", width=sheet.width(34))
    return sheet.jpeg()


def tarts() -> bytes:
    sheet = Sheet("#274b63")
    for column in range(4):
        for row in range(4):
            x, y = 145 + column * 237, 145 + row * 237
            sheet.circle(x + 8, y + 12, 106, (8, 20, 30, 130))
            sheet.circle(x, y, 104, "#c98d45")
            sheet.circle(x, y, 93, "#e3b269")
            sheet.circle(x, y, 80, "#f3c548")
            sheet.circle(x - 8, y - 10, 58, "#f8d668")
            for dx, dy in list(scattered(17))[column + row :]:
                angle, far = dx * math.tau + column, 12 + dy * 56
                spot = 5 + 10 * ((dx * 5) % 1)
                sheet.circle(x + far * math.cos(angle), y + far * math.sin(angle), spot, (94, 48, 16, 190))
    return sheet.jpeg()


def harbour() -> bytes:
    sheet = Sheet(SAND)
    sheet.fall("#f6c58d", "#f3e3cb")
    sheet.circle(690, 430, 130, "#f6efe0")
    layers = (
        ("#7fa3b0", 520, 22, 0.0),
        ("#5b8698", 600, 28, 1.3),
        (BLUE, 700, 34, 2.2),
        (DEEP, 830, 30, 0.6),
    )
    for colour, level, height, phase in layers:
        wave = [(x, level + height * math.sin(x / 95 + phase)) for x in range(0, 1010, 10)]
        sheet.shape([(0, 1000), *wave, (1000, 1000)], colour)
        if level == 600:
            sheet.shape([(230, 590), (470, 590), (430, 650), (275, 650)], RUST)
            sheet.line([(345, 590), (345, 380)], 9, INK)
            sheet.shape([(356, 392), (356, 575), (462, 575)], PAPER)
            sheet.shape([(334, 430), (334, 575), (262, 575)], "#efe0c6")
    return sheet.jpeg()


def rye() -> bytes:
    sheet = Sheet(PAPER)
    sheet.fall("#fbf6ea", "#eddcb8")
    for number in range(7):
        base, tip, lean = 500 + (number - 3) * 26, 190 + abs(number - 3) * 55, (number - 3) * 78
        stem = [(base + lean * t**2, 960 - (960 - tip) * t) for t in (step / 30 for step in range(31))]
        sheet.line(stem, 7, GREEN)
        for index in range(14, 31):
            x, y = stem[index]
            for side in (-1, 1):
                sheet.oval((x + side * 15 - 11, y - 24, x + side * 15 + 11, y + 16), "#c99a3f")
                sheet.line([(x + side * 16, y - 20), (x + side * 34 + lean / 20, y - 84)], 2.2, "#b18937")
    return sheet.jpeg()


def croissants() -> bytes:
    sheet = Sheet("#dfe6dd")
    for number in range(9):
        x, y = 190 + number % 3 * 310, 190 + number // 3 * 310
        turn = number * 37
        for step in range(9):
            angle = math.radians(turn + 20 + step * 26)
            px, py = x + 78 * math.cos(angle), y + 78 * math.sin(angle)
            radius = 22 + 30 * math.sin(math.pi * (step + 0.6) / 9.2)
            sheet.circle(px + 5, py + 9, radius, (60, 50, 30, 60))
            sheet.circle(px, py, radius, CRUST if step % 2 else "#c98442")
            sheet.circle(px - radius / 4, py - radius / 4, radius / 1.8, "#dca055")
    return sheet.jpeg()


def poster(
    first: str, large: str, last: str, paper: Colour, ink: Colour, spot: Colour
) -> Callable[[], bytes]:
    """A poster in three lines, with a half-risen sun."""

    def draw() -> bytes:
        sheet = Sheet(paper)
        sheet.circle(740, 1000, 430, spot)
        sheet.line([(80, 120), (920, 120)], 6, ink)
        sheet.words(80, 190, first, 62, ink)
        sheet.words(70, 400, large, 250 if len(large) < 6 else 170, ink)
        sheet.words(80, 610, last, 56, ink)
        sheet.line([(80, 880), (420, 880)], 6, ink)
        sheet.words(80, 925, "Harbour & Rye", 44, ink)
        return sheet.jpeg()

    return draw


PICTURES: dict[str, tuple[Callable[[], bytes], str]] = {
    "harbour-loaf.jpg": (loaf, "A round, dark loaf with four cuts and a dusting of flour"),
    "cup-from-above.jpg": (cup, "A cup of coffee from above, with a fern drawn in the milk"),
    "tarts.jpg": (tarts, "Sixteen custard tarts on a blue tray, browned in spots"),
    "harbour.jpg": (harbour, "A small red sailing boat on the river under a pale morning sun"),
    "rye.jpg": (rye, "A sheaf of ripe rye"),
    "croissants.jpg": (croissants, "Nine croissants in three rows"),
    "opening-hours.jpg": (
        poster("From Monday we open at", "7:00", "Mon to Sat, Rua do Cais 14", PAPER, INK, "#e7a33e"),
        "A poster: From Monday we open at 7:00, Mon to Sat, Rua do Cais 14",
    ),
    "loaf-poster.jpg": (
        poster("The Harbour loaf", "36 h", "Rye, wheat, salt, patience", RUST, PAPER, "#8f3217"),
        "A poster: The Harbour loaf, 36 h. Rye, wheat, salt, patience",
    ),
    "supper.jpg": (
        poster("One evening a month", "Supper", "One table, twelve chairs, one pot", DEEP, SAND, "#3f7391"),
        "A poster: One evening a month, Supper. One table, twelve chairs, one pot",
    ),
}
