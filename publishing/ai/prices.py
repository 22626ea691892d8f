"""What tokens cost: US dollars for a million of them.

Source: the models' pages under https://platform.claude.com/docs/en/models/, read in November 2026. Reading
from the cache costs a tenth of the input's price, writing to it (for five minutes) a quarter more than that.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings

MILLION = Decimal(1_000_000)
CACHE_READ, CACHE_WRITE = Decimal("0.1"), Decimal("1.25")


@dataclass(frozen=True)
class Price:
    """US dollars for a million tokens in, and out."""

    input: Decimal
    output: Decimal


@dataclass(frozen=True)
class Tokens:
    """What a question used. `input` counts what was neither read from the cache nor written to it."""

    input: int = 0
    output: int = 0
    cached: int = 0
    cache_writes: int = 0


# By the beginning of a model's name, the longest that fits.
PRICES = {
    "claude-haiku-5-5": Price(
        Decimal("0.10"), Decimal("0.50")
    ),  # prompts up to 100,000 tokens; ours are shorter
    "claude-sonnet-5-5": Price(Decimal(2), Decimal(10)),
    "claude-opus-5-5": Price(Decimal(4), Decimal(20)),
    "claude-fable-5-1": Price(Decimal(10), Decimal(50)),
    "claude-opus-5": Price(Decimal(5), Decimal(25)),
    "claude-sonnet-4": Price(Decimal(3), Decimal(15)),
    "claude-haiku-4-5": Price(Decimal(1), Decimal(5)),
    "claude-opus-4-5": Price(Decimal(5), Decimal(25)),
}
UNKNOWN = Price(
    Decimal(10), Decimal(50)
)  # the dearest: a budget must not be overrun by a model we do not know


def is_priced(model: str) -> bool:
    """Whether it is known what a model costs."""
    return model in settings.AI_PRICES or any(model.startswith(name) for name in PRICES)


def price_of(model: str) -> Price:
    """What the operator says in AI_PRICES, else the table, else the dearest."""
    given = settings.AI_PRICES.get(model)
    if given:
        return Price(*given)
    names = [name for name in PRICES if model.startswith(name)]
    return PRICES[max(names, key=len)] if names else UNKNOWN


def cost_of(model: str, tokens: Tokens) -> Decimal:
    """US dollars."""
    price = price_of(model)
    weighted = tokens.input + CACHE_READ * tokens.cached + CACHE_WRITE * tokens.cache_writes
    total = weighted * price.input + tokens.output * price.output
    return (total / MILLION).quantize(Decimal("0.000001"))
