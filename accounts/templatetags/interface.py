"""Template tags that every page uses: icons, networks' marks, states, times, faces."""

import io
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from zipfile import ZipFile
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.template.context import Context
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.events import EVENTS
from accounts.models import Account
from platforms.registry import PLATFORMS

register = template.Library()

# One word and one icon for each state, everywhere; its colour stands under the same name in states.css.
STATES: dict[str, tuple[str | Promise, str]] = {
    "draft": (_("Draft"), "pencil"),
    "scheduled": (_("Scheduled"), "clock"),
    "publishing": (_("Publishing"), "loader-2"),
    "published": (_("Published"), "circle-check"),
    "failed": (_("Failed"), "circle-x"),
    "unknown": (_("Unclear"), "help-circle"),
    "missed": (_("Missed"), "clock-exclamation"),
    "cancelled": (_("Cancelled"), "ban"),
    # how a connected account is
    "connected": (_("Connected"), "circle-check"),
    "paused": (_("Paused"), "player-pause"),
    "expired": (_("Needs to be connected again"), "plug-connected-x"),
    "disconnected": (_("Disconnected"), "plug-x"),
    # what came of a try, and of a step
    "waiting": (_("Waiting"), "hourglass"),
    "retry": (_("Will be tried again"), "repeat"),
    "refused": (_("Refused"), "circle-x"),
    "crashed": (_("Cut off"), "alert-triangle"),
    "open": (_("Not done"), "circle-dashed"),
    "sent": (_("Sent, answer not known"), "help-circle"),
    "done": (_("Done"), "circle-check"),
}

UNITS = (
    (31_536_000, ngettext_lazy("in %d year", "in %d years"), ngettext_lazy("%d year ago", "%d years ago")),
    (2_592_000, ngettext_lazy("in %d month", "in %d months"), ngettext_lazy("%d month ago", "%d months ago")),
    (86_400, ngettext_lazy("in %d day", "in %d days"), ngettext_lazy("%d day ago", "%d days ago")),
    (3_600, ngettext_lazy("in %d hour", "in %d hours"), ngettext_lazy("%d hour ago", "%d hours ago")),
    (60, ngettext_lazy("in %d minute", "in %d minutes"), ngettext_lazy("%d minute ago", "%d minutes ago")),
    (1, ngettext_lazy("in %d second", "in %d seconds"), ngettext_lazy("%d second ago", "%d seconds ago")),
)
# How browsers and systems give themselves away; many pretend to be others, so the order matters.
BROWSERS = {"Edg": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}
CANVAS = ' viewBox="0 0 24 24"'  # the rest of an icon's look stands once in base.css
SELECTED = mark_safe(" selected")
HUES = 8  # avatar.css has one rule for each


@cache
def _archive() -> ZipFile:
    """All icons, opened once: the package itself opens its archive anew for each, 50 ms a time."""
    return ZipFile(io.BytesIO((files("tablericons") / "tablericons.zip").read_bytes()))


@cache
def drawing(name: str) -> str:
    """An icon as SVG without its opening `<svg`, ready to be given a class and a name."""
    source = _archive().read(f"outline/{name}.svg").decode()
    shapes = " ".join(source.partition(">")[2].split()).replace("> <", "><").replace(" />", "/>")
    return f"{CANVAS}>{shapes.strip()}"


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon as inline SVG; it is silent for screen readers unless it is given a name."""
    return _svg("icon", name, str(label))


@register.simple_tag
def network_icon(platform_name: str, label: str | None = None) -> SafeString:
    """A network's mark in its colour, named after the network; `label=""` where its name stands beside it."""
    platform = PLATFORMS[platform_name]
    colour = platform.colour if is_colourful(platform.colour) else ""
    return _svg("icon network", platform.icon, platform.label if label is None else label, colour)


@lru_cache(maxsize=1024, typed=True)  # a label that is safe already is not one that is to be escaped
def _svg(classes: str, name: str, label: str, colour: str = "") -> SafeString:
    naming = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    ink = format_html(' color="{}"', colour) if colour else ""
    return format_html('<svg class="{}" {}{}{}', classes, naming, ink, mark_safe(drawing(name)))


def is_colourful(colour: str) -> bool:
    """Whether a mark's colour can be seen on light and dark ground; black and white marks take the text's."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return max(red, green, blue) - min(red, green, blue) > 40


@register.simple_tag
def state_badge(state: str) -> SafeString:
    """A state as word, icon and colour."""
    word, sign = STATES.get(state, (state, "circle"))
    return format_html('<span class="badge" data-state="{}">{}{}</span>', state, icon(sign), word)


@register.simple_tag
def state_icon(state: str, label: bool = True) -> SafeString:
    """A state as icon and colour alone, where there is no room; its word is there for screen readers."""
    word, sign = STATES.get(state, (state, "circle"))
    return format_html(
        '<span class="state" data-state="{}" title="{}">{}</span>',
        state,
        word if label else "",
        icon(sign, label=str(word) if label else ""),
    )


@register.simple_tag
def notice_icon(kind: str) -> SafeString:
    """The sign of what a person is told; its words stand beside it."""
    if kind in STATES:
        return state_icon(kind, label=False)
    event = EVENTS.get(kind)  # None: of a kind that older versions knew
    sign, tone = (event.icon, event.tone) if event else ("bell", "grey")
    return format_html('<span class="state" data-tone="{}">{}</span>', tone, icon(sign))


@register.simple_tag(takes_context=True)
def when(context: Context, value: datetime | None, zone: str = "", brief: bool = False) -> SafeString | str:
    """A moment in the workspace's zone or another: "Tue 24 Nov, 09:00 (Seoul)"; `brief` leaves out where."""
    if value is None:
        return ""
    clock = _zone(context, zone)
    local = value.astimezone(clock)
    pattern = "D j M, H:i" if local.year == timezone.now().astimezone(clock).year else "D j M Y, H:i"
    words = date_format(local, pattern) + ("" if brief else f" ({_place(clock)})")
    return _time("", value, words)


@register.simple_tag(takes_context=True)
def clock(context: Context, value: datetime | None, zone: str = "") -> SafeString | str:
    """The time of day of a moment, where the day stands above: "09:00"."""
    if value is None:
        return ""
    return _time("", value, date_format(value.astimezone(_zone(context, zone)), "H:i"))


@register.simple_tag
def ago(value: datetime | None) -> SafeString | str:
    """How far off a moment is: "in 3 minutes"; times.js lets it tick."""
    if value is None:
        return ""
    return _time("data-ago", value, distance(value - timezone.now()))


def distance(gap: timedelta) -> str:
    """How far a gap of time is, in the largest unit that fits, counted down: times.js counts the same way."""
    seconds = int(gap.total_seconds())
    for size, ahead, behind in UNITS:
        if count := abs(seconds) // size:
            return str((ahead if seconds > 0 else behind) % count)
    return str(_("now"))


@register.filter
def browser(user_agent: str) -> str:
    """What a browser calls itself, in words: "Firefox on Linux"; as it is where we cannot tell."""
    name = next((word for mark, word in BROWSERS.items() if mark in user_agent), "")
    system = next((word for mark, word in SYSTEMS.items() if mark in user_agent), "")
    if not (name and system):
        return user_agent
    return _("%(browser)s on %(system)s") % {"browser": name, "system": system}


def _time(attribute: str, value: datetime, words: str) -> SafeString:
    exact = value.astimezone(UTC)
    return format_html(
        '<time {}{}datetime="{}" title="{}">{}</time>',
        attribute,
        " " if attribute else "",
        exact.strftime("%Y-%m-%dT%H:%M:%SZ"),
        exact.strftime("%Y-%m-%d %H:%M:%S UTC"),
        words,
    )


def _zone(context: Context, name: str) -> ZoneInfo:
    if name:
        return ZoneInfo(str(name))
    member = context.get("member")
    return member.workspace.zone if member else ZoneInfo(timezone.get_current_timezone_name())


def _place(zone: ZoneInfo) -> str:
    return zone.key.rpartition("/")[2].replace("_", " ")


@register.simple_tag
def options(rows: Iterable[tuple[object, object]], chosen: object = None) -> SafeString:
    """The options of a select: a value and its words each. Long lists in one go, not one by one."""
    wanted = "" if chosen is None else str(chosen)
    choices = ((value, SELECTED if str(value) == wanted else "", words) for value, words in rows)
    return format_html_join("", '<option value="{}"{}>{}</option>', choices)


@register.simple_tag
def avatar(who: object) -> SafeString:
    """A face for an account (with its network's mark) or a person: the picture we hold, else initials."""
    name = (who.name or who.handle) if isinstance(who, Account) else str(who)
    mark = network_icon(who.platform_name) if isinstance(who, Account) else ""
    hue = zlib.crc32(str(name).encode()) % HUES
    return format_html(
        '<span class="avatar" data-hue="{}"><span class="avatar__face" aria-hidden="true">{}</span>{}</span>',
        hue,
        _face(who, name),
        format_html('<span class="avatar__mark">{}</span>', mark) if mark else "",
    )


def _face(who: object, name: str) -> SafeString | str:
    """The browser asks no other host: a picture is shown only where it lies on ours."""
    if isinstance(who, Account) and who.picture_version:
        path = reverse("accounts:account-picture", args=[who.pk, who.picture_version])
        return format_html('<img src="{}" alt="" width="40" height="40" loading="lazy">', path)
    address = who.avatar_url if isinstance(who, Account) else ""
    if address.startswith(f"{settings.SITE_URL}/"):
        path = address.removeprefix(settings.SITE_URL)
        return format_html('<img src="{}" alt="" width="40" height="40" loading="lazy">', path)
    return initials(name)


def initials(name: str) -> str:
    """One or two letters for a name, a handle or an address."""
    words = name.lstrip("@").partition("@")[0].replace(".", " ").replace("_", " ").split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"
