"""How numbers stand on pages: short, aligned, and “n/a” where a network tells none."""

import json
from collections.abc import Sequence
from datetime import timedelta

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.templatetags.interface import is_colourful
from analytics.metrics import LABELS, Number

register = template.Library()

SHARES = {"engagement_rate"}
TIMES = {"watch_seconds", "average_watch_seconds"}
SPARK_WIDTH, SPARK_HEIGHT = 120, 28


@register.filter
def label(name: str) -> str:
    """What a number is called."""
    return str(LABELS.get(name, name))


@register.filter
def at(values: dict[str, Number], name: str) -> Number:
    """One of several numbers."""
    return values.get(name)


@register.simple_tag
def figure(value: Number, name: str = "", brief: bool = False) -> SafeString:
    """A number as people read it: 12,345, 3.4 %, 1 h 20 min; `brief` says 1.2M, with the whole on hover."""
    if value is None:
        title = _("The network does not tell it.")
        return format_html('<span class="faint" title="{}">{}</span>', title, _("n/a"))
    if name in SHARES:
        return format_html("{} %", f"{value * 100:.1f}")
    if name in TIMES:
        return format_html("{}", lasting(value))
    words = intcomma(round(value))
    if brief and abs(value) >= 100_000:
        return format_html('<span title="{}">{}</span>', words, short(value))
    return format_html("{}", words)


def short(value: float) -> str:
    """“123k”, “1.2M”."""
    size, sign = (1_000_000, "M") if abs(value) >= 999_500 else (1_000, "k")
    scaled = value / size
    return f"{scaled:.1f}{sign}" if abs(scaled) < 10 else f"{scaled:.0f}{sign}"


def lasting(seconds: float) -> str:
    """“45 s”, “12 min”, “3 h 20 min”."""
    whole = timedelta(seconds=round(seconds))
    minutes, rest = divmod(whole, timedelta(minutes=1))
    if minutes < 1:
        return _("%(count)d s") % {"count": rest.seconds}
    if minutes < 60:
        return _("%(count)d min") % {"count": minutes}
    return _("%(hours)d h %(minutes)d min") % {"hours": minutes // 60, "minutes": minutes % 60}


@register.simple_tag
def changed(value: Number) -> SafeString:
    """How a number differs from the one before, as sign, share and colour; nothing where that is unknown."""
    if value is None:
        return format_html('<span class="change">{}</span>', _("nothing to compare with"))
    share = round(value * 100)
    tone = "up" if share > 0 else "down" if share < 0 else "same"
    words = _("as before") if share == 0 else f"{'+' if share > 0 else '−'}{abs(share):,} %"
    return format_html('<span class="change" data-tone="{}">{}</span>', tone, words)


@register.simple_tag
def spark(series: Sequence[Number]) -> SafeString | str:
    """A line without words; the numbers stand in the table below."""
    points = spark_points(series)
    if not points:
        return ""
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">'
        '<polyline points="{}"/></svg>',
        SPARK_WIDTH,
        SPARK_HEIGHT,
        points,
    )


def spark_points(series: Sequence[Number]) -> str:
    """Where the line goes; days of which nothing is known are passed over."""
    known = [(place, value) for place, value in enumerate(series) if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(value for _place, value in known), max(value for _place, value in known)
    step = SPARK_WIDTH / (len(series) - 1)
    room = SPARK_HEIGHT - 4
    height = (high - low) or 1
    return " ".join(
        f"{place * step:.1f},{SPARK_HEIGHT - 2 - (value - low) / height * room:.1f}" for place, value in known
    )


@register.filter
def name_at(metrics: Sequence[tuple[str, object]], place: int) -> str:
    """The name of the column at a place."""
    return metrics[place][0]


@register.filter
def unlocalized(value: float) -> str:
    """A number for a program: no commas, no rounding that a chart would show."""
    return f"{value:.6g}" if abs(value) < 1 else f"{value:.10g}"


@register.filter
def words(text: str) -> list[str]:
    """The words of a text, to be gone through."""
    return text.split()


@register.filter
def pretty(raw: object) -> str:
    """JSON as people read it."""
    return json.dumps(raw, indent=2, ensure_ascii=False)


@register.filter
def ink_of(colour: str) -> str:
    """A mark's colour for a chart; black and white ones take the text's."""
    return colour if is_colourful(colour) else "--ink"
