"""Numbers as pages, mails and PDFs of reports say them: exact, short, and never 0 for what is not known."""

from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from analytics.metrics import LABELS, Number
from campaigns.models import WHOLE_ONLY

RATES = frozenset({"engagement_rate"})


def label(metric: str) -> str:
    """What a number is called."""
    return str(LABELS.get(metric, metric))


def words(metric: str, value: Number) -> str:
    """A number with its unit: “12 480”, “4.2 %”, “not available”."""
    if value is None:
        return _("not available")
    if metric in RATES:
        return f"{number_format(round(value * 100, 1), decimal_pos=1)} %"
    return number_format(round(value), force_grouping=True)


def change_words(share: Number) -> str:
    """By how much a number differs from the one before: “+12 %”; nothing where that says nothing."""
    if share is None:
        return ""
    percent = round(share * 100)
    return f"{'+' if percent > 0 else '−' if percent < 0 else '±'}{abs(percent)} %"


def money(amount: Decimal, currency: str) -> str:
    """An amount in its currency's own smallest unit: “120.50 EUR”, “35 000 KRW”."""
    places = 0 if currency in WHOLE_ONLY else 2
    rounded = amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{number_format(rounded, decimal_pos=places, force_grouping=True)} {currency}"
