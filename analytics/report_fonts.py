"""Which font draws which character of a PDF, so that every text can be read and copied.

Latin, Greek and Cyrillic come from a font that is installed as a package and embedded. Korean, Japanese and
Chinese use the Adobe fonts that every PDF reader brings along or replaces; they are named and not embedded.
What no font has, DejaVu draws where the machine has it; emoji are left out.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from xml.sax.saxutils import escape

import reportlab
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

TEXT, STRONG, REST = "report-text", "report-strong", "report-rest"
KOREAN, JAPANESE, CHINESE = "HYGothic-Medium", "HeiseiKakuGo-W5", "STSong-Light"
PACKAGE, FACES = "fontpkg_fira_sans", ("FiraSans-Regular.ttf", "FiraSans-SemiBold.ttf")
DEJAVU = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
NANUM = Path("/usr/share/fonts/truetype/nanum/NanumGothic.ttf")
MISSING = "?"

_HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
_KANA = re.compile(r"[\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f]")
_HAN = re.compile(r"[\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uff65\uffe0-\uffe6]")
_UNSEEN = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]")


@cache
def fonts() -> tuple[str, ...]:
    """Register the fonts, once a process; the names of those whose characters are known."""
    regular, strong = _faces()
    pdfmetrics.registerFont(TTFont(TEXT, regular))
    pdfmetrics.registerFont(TTFont(STRONG, strong))
    pdfmetrics.registerFontFamily(TEXT, normal=TEXT, bold=STRONG, italic=TEXT, boldItalic=STRONG)
    for name in (KOREAN, JAPANESE, CHINESE):
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    if NANUM.exists():
        pdfmetrics.registerFont(TTFont(KOREAN, str(NANUM)))  # embedded then, so that every reader shows it
    if not DEJAVU.exists():
        return (TEXT,)
    pdfmetrics.registerFont(TTFont(REST, str(DEJAVU)))
    return TEXT, REST


def _faces() -> tuple[str, str]:
    """The package's font; where it is not installed, the plain one that reportlab has."""
    if find_spec(PACKAGE):
        folder = files(PACKAGE) / "files"
        return str(folder / FACES[0]), str(folder / FACES[1])
    folder = Path(reportlab.__file__).parent / "fonts"
    return str(folder / "Vera.ttf"), str(folder / "VeraBd.ttf")


@cache
def _characters(font: str) -> frozenset[int]:
    return frozenset(pdfmetrics.getFont(font).face.charToGlyph)


def marked(text: str) -> str:
    """A text as reportlab's paragraphs take it: safe, each run in a font that has its characters."""
    known = fonts()
    parts = []
    for font, run in runs(" ".join(text.split()), known):
        escaped = escape(run)
        parts.append(escaped if font == TEXT else f'<font name="{font}">{escaped}</font>')
    return "".join(parts)


def runs(text: str, known: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Stretches of one font each."""
    text = unicodedata.normalize("NFC", _UNSEEN.sub("", text))
    han = KOREAN if _HANGUL.search(text) else JAPANESE if _KANA.search(text) else CHINESE
    current, run = TEXT, ""
    for character in text:
        font, shown = _font_of(character, known, han)
        if font != current and shown.strip():
            if run:
                yield current, run
            current, run = font, ""
        run += shown
    if run:
        yield current, run


def _font_of(character: str, known: tuple[str, ...], han: str) -> tuple[str, str]:
    """The font of one character, and what is drawn: itself, nothing for an emoji, or that it is missing."""
    if character.isspace():
        return TEXT, " "
    if _HANGUL.match(character):
        return KOREAN, character
    if _KANA.match(character):
        return JAPANESE, character
    if _HAN.match(character):
        return han, character
    for font in known:
        if ord(character) in _characters(font) and not _is_emoji(character):
            return font, character
    return TEXT, "" if unicodedata.category(character) in {"So", "Sk", "Cn", "Co", "Cs", "Cc"} else MISSING


def _is_emoji(character: str) -> bool:
    return ord(character) >= 0x1F000
