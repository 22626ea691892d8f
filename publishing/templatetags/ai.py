"""What the pages about AI need: money as people write it."""

from decimal import Decimal, InvalidOperation

from django import template

from publishing.ai import budget

register = template.Library()


@register.filter
def dollars(amount: object) -> str:
    """“$0.42”; less than a cent is not nothing."""
    try:
        return budget.dollars(Decimal(str(amount)))
    except InvalidOperation:
        return ""
