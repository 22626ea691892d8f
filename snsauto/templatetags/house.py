"""Template tags of the frame itself."""

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.templatetags.interface import icon, network_icon
from platforms.registry import PLATFORMS
from snsauto.figures import Times
from snsauto.stylesheet import stylesheet

register = template.Library()


@register.simple_tag
def stylesheet_url() -> str:
    """Where the one stylesheet lies; it changes when the sheet does, so browsers may keep it for good."""
    return reverse("stylesheet", args=[stylesheet().digest])


@register.simple_tag
def network_of(platform_name: str) -> SafeString:
    """A network's mark beside its name; a plain sign for one that is no longer there."""
    return network_icon(platform_name, label="") if platform_name in PLATFORMS else icon("world")


@register.simple_tag
def network_label(platform_name: str) -> str:
    return PLATFORMS[platform_name].label if platform_name in PLATFORMS else platform_name


@register.simple_tag
def figure(label: str, number: int, state: str = "") -> SafeString:
    """A cell with a number: nought is faint (on a phone left out), what is worth a look has its colour."""
    if not number:
        return format_html('<td data-label="{}" class="numeric faint only-wide">0</td>', label)
    if state:
        inner = format_html('<span class="badge" data-state="{}">{}</span>', state, number)
        return format_html('<td data-label="{}" class="numeric">{}</td>', label, inner)
    return format_html('<td data-label="{}" class="numeric">{}</td>', label, number)


@register.simple_tag
def figure_times(label: str, times: Times) -> SafeString:
    """A cell with the median and what 19 of 20 did not exceed."""
    if times.median is None or times.most is None:
        return format_html('<td data-label="{}" class="numeric faint only-wide">–</td>', label)
    words = f"{seconds(times.median)} / {seconds(times.most)}".replace(" ", "\N{NO-BREAK SPACE}")
    return format_html('<td data-label="{}" class="numeric">{}</td>', label, words)


def seconds(value: float) -> str:
    """0.4 s, 12 s, 3 min, 2 h."""
    if value < 9.95:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.0f} h"
