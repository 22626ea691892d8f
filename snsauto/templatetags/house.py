"""Template tags of the frame itself."""

from django import template
from django.urls import reverse

from snsauto.stylesheet import stylesheet

register = template.Library()


@register.simple_tag
def stylesheet_url() -> str:
    """Where the one stylesheet lies; it changes when the sheet does, so browsers may keep it for good."""
    return reverse("stylesheet", args=[stylesheet().digest])
