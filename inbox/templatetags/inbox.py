"""Template tags of the inbox: marks drawn once a page, kinds, what may be done with a message."""

from functools import cache

from django import template
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.templatetags.interface import drawing
from inbox.around import Around
from inbox.models import Kind, ReplyRule
from platforms.registry import PLATFORMS
from publishing.templatetags.posts import ink

register = template.Library()
KINDS = {Kind.COMMENT: "message-circle", Kind.MENTION: "at", Kind.REVIEW: "star", Kind.DIRECT: "mail"}
ACTIONS: dict[str, tuple[str | Promise, str]] = {
    "like": (_("Like"), "heart"),
    "unlike": (_("Take the like back"), "heart-off"),
    "hide": (_("Hide"), "eye-off"),
    "unhide": (_("Show again"), "eye"),
    "delete": (_("Delete there"), "trash"),
}


@register.simple_tag
def inbox_sprite(around: Around) -> SafeString:
    """The marks of the workspace's networks and of the kinds, drawn once; rows refer to them."""
    names = {account.more for account in around.accounts}
    networks = [
        (f"mark-{name}", ink(network.colour), drawing(network.icon))
        for name, network in PLATFORMS.items()
        if name in names
    ]
    kinds = [(f"kind-{kind}", "", drawing(shape)) for kind, shape in KINDS.items()]
    symbols = format_html_join("", '<symbol id="{}"{}{}', (_symbol(*row) for row in [*networks, *kinds]))
    return format_html('<svg class="sprite" aria-hidden="true">{}</svg>', symbols)


def _symbol(name: str, colour: str, drawn: str) -> tuple[str, str, SafeString]:
    return name, colour, SafeString(drawn.replace("</svg>", "</symbol>"))


@register.simple_tag
def kind_mark(kind: str) -> SafeString:
    """The sign of a kind of conversation out of the page's sprite, named for screen readers."""
    return _kind_mark(kind, str(Kind(kind).label))


@cache
def _kind_mark(kind: str, label: str) -> SafeString:
    return format_html(
        '<svg class="icon" role="img" aria-label="{}"><use href="#kind-{}"/></svg>', label, kind
    )


@register.filter
def web(address: str) -> str:
    """An address that may stand in a link: what others give us is followed only on the web."""
    return address if address.startswith(("https://", "http://")) else ""


@register.filter
def action_word(action: str) -> str | Promise:
    """What a moderation is called on its button."""
    return ACTIONS[action][0]


@register.filter
def action_icon(action: str) -> str:
    return ACTIONS[action][1]


@register.filter
def rule_words(rule: ReplyRule) -> str:
    """A rule in a sentence: with what, and what it does."""
    accounts = [account.handle for account in rule.accounts.all()]
    conditions = [
        ", ".join(str(Kind(kind).label) for kind in rule.kinds if kind in Kind.values),
        (_("on %(accounts)s") % {"accounts": ", ".join(accounts)}) if accounts else "",
        (_("with %(words)s") % {"words": ", ".join(f"“{word}”" for word in rule.words)})
        if rule.words
        else "",
        _stars(rule),
        ", ".join(str(WEEKDAYS_ABBR[day]) for day in rule.days if day in WEEKDAYS_ABBR),
        _hours(rule),
    ]
    deeds = [
        _("answers “%(text)s”") % {"text": Truncator(rule.reply).chars(80)} if rule.reply else "",
        _("labels it “%(label)s”") % {"label": rule.label} if rule.label else "",
        _("gives it to %(name)s") % {"name": rule.assignee} if rule.assignee else "",
        _("marks it as done") if rule.closes else "",
    ]
    meant = "; ".join(str(one) for one in conditions if one) or str(_("Everything"))
    done = ", ".join(str(one) for one in deeds if one) or str(_("does nothing"))
    return f"{meant} → {done}"


def _stars(rule: ReplyRule) -> str:
    if rule.most_stars is None:
        return ""
    sentence = ngettext("%(count)d star at most", "%(count)d stars at most", rule.most_stars)
    return sentence % {"count": rule.most_stars}


def _hours(rule: ReplyRule) -> str | Promise:
    if rule.from_time is None or rule.until_time is None:
        return ""
    sentence = _("outside %(first)s–%(last)s") if rule.is_outside_hours else _("%(first)s–%(last)s")
    return sentence % {"first": f"{rule.from_time:%H:%M}", "last": f"{rule.until_time:%H:%M}"}
