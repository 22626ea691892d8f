"""Template tags for posts: marks drawn once a page, links in texts, days."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from django import template
from django.template import Context
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Account
from accounts.templatetags.interface import STATES, drawing, icon, is_colourful
from platforms.registry import PLATFORMS
from platforms.text import entities
from publishing.forecast import Forecast, month_of
from publishing.models import Delivery, Media, State
from publishing.pacing import amount_words

register = template.Library()
FEW = 100  # a day: worth knowing before anything is planned


@register.simple_tag(takes_context=True)
def sprite(context: Context) -> SafeString:
    """The marks of the workspace's networks and states' icons, drawn once; long lists refer to them."""
    used = {account.platform_name for account in context["request"].member.accounts}
    networks = [
        (f"mark-{name}", network.icon, ink(network.colour))
        for name, network in PLATFORMS.items()
        if name in used
    ]
    states = [(f"state-{state}", STATES[state][1], "") for state in State.values]
    symbols = format_html_join("", '<symbol id="{}"{}{}', _symbols([*networks, *states]))
    return format_html('<svg class="sprite" aria-hidden="true">{}</svg>', symbols)


def ink(colour: str) -> str:
    """A mark's colour, where it can be seen on light and dark ground."""
    return format_html(' color="{}"', colour) if is_colourful(colour) else ""


def _symbols(icons: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str, SafeString]]:
    for name, shape, colour in icons:
        drawn = drawing(shape).replace("</svg>", "</symbol>")
        yield name, colour, mark_safe(drawn)


@register.simple_tag
@cache
def mark(platform_name: str) -> SafeString:
    """A network's mark out of the page's sprite, named for screen readers."""
    label = PLATFORMS[platform_name].label
    return format_html(
        '<svg class="icon network" role="img" aria-label="{}"><use href="#mark-{}"/></svg>',
        label,
        platform_name,
    )


@register.simple_tag
def state_mark(state: str) -> SafeString:
    """A state's icon out of the page's sprite, with its word for screen readers."""
    return _state_mark(state, str(STATES[state][0]))


@cache
def _state_mark(state: str, word: str) -> SafeString:
    return format_html(
        '<svg class="icon state" data-state="{0}" role="img" aria-label="{1}"><use href="#state-{0}"/></svg>',
        state,
        word,
    )


@register.simple_tag
def media_badge(media: Media) -> SafeString:
    """What a medium is where its picture does not tell: a film of 1:05, a document of 3 pages."""
    if media.kind == "video":
        seconds = round(media.seconds)
        return format_html(
            '<span class="medium__badge">{} <span class="visually-hidden">{}</span>{}</span>',
            icon("player-play"),
            _("Video"),
            f"{seconds // 60}:{seconds % 60:02d}",
        )
    if media.kind == "document":
        pages = ngettext("%(count)d page", "%(count)d pages", media.pages) % {"count": media.pages}
        return format_html('<span class="medium__badge">{} PDF · {}</span>', icon("file-text"), pages)
    return mark_safe("")


@register.simple_tag(takes_context=True)
def usages(context: Context, accounts: list[Account]) -> dict[int, dict[str, object]]:
    """What each account has used and planned today, by its key, and its money of this month."""
    zone = context["request"].member.workspace.zone
    today, forecast = now().astimezone(zone).date(), Forecast(accounts, *month_of(zone), zone)
    told: dict[int, dict[str, object]] = {}
    for account in accounts:
        uses = forecast.on(account, today)
        shown = [use for use in uses if use.percent] or [use for use in uses[:1] if use.quota.limit <= FEW]
        told[account.pk] = {"uses": shown, "money": forecast.money(account)}
    return told


@register.filter
def of(rows: dict[int, object], key: int) -> object:
    """What is told of one row among many."""
    return rows.get(key)


@register.filter
def amount(number: Decimal | int) -> str:
    """A number without needless zeros."""
    return amount_words(Decimal(number))


@register.filter
def live_deliveries(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """Without those that were cancelled."""
    return [delivery for delivery in deliveries if delivery.state != State.CANCELLED]


@register.filter
def linked(text: str) -> SafeString:
    """A text in which links, mentions and hashtags stand out, as on a network."""
    raw, done, pieces = text.encode(), 0, []
    for entity in sorted(entities(text), key=lambda entity: entity.start_byte):
        if entity.start_byte < done:
            continue
        pieces.append(escape(raw[done : entity.start_byte].decode()))
        pieces.append(format_html("<mark>{}</mark>", raw[entity.start_byte : entity.end_byte].decode()))
        done = entity.end_byte
    pieces.append(escape(raw[done:].decode()))
    return mark_safe("".join(pieces))


@register.filter
def local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    """A moment on a zone's clock, for `date`."""
    return moment.astimezone(zone).replace(tzinfo=None) if moment else None
