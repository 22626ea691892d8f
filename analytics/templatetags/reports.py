"""Template tags for numbers in reports and on campaigns' pages."""

from collections.abc import Mapping, Sequence

from django import template

from analytics.metrics import Number
from analytics.report_words import change_words, label, words

register = template.Library()


@register.simple_tag
def said_number(values: Mapping[str, Number], metric: str) -> str:
    """One of several numbers with its name: “Views: 12 480”."""
    return f"{label(metric)}: {words(metric, values.get(metric))}"


@register.filter
def said(value: Number, metric: str) -> str:
    """A number in words: “not available” where it is not known."""
    return words(metric, value)


@register.filter
def called(metric: str) -> str:
    """What a number is called."""
    return label(metric)


@register.filter
def said_change(share: Number) -> str:
    """By how much a number changed, or nothing."""
    return change_words(share)


@register.filter
def item(values: Sequence[str], place: int) -> str:
    """One of several words, by its place."""
    return values[place]
