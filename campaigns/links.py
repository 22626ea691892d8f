"""Links that say where a reader came from: a campaign's `utm_` values, put on the links of its posts.

One function makes the text that is counted, shown and sent. At the first try the values are kept with the
delivery, so whoever edits the campaign later changes nothing of what is out or under way.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qsl, quote_plus, urlsplit, urlunsplit

from django.utils.text import slugify

from platforms.content import Json
from platforms.text import web_links

if TYPE_CHECKING:
    from campaigns.models import Campaign

FIELDS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
VARIABLE = "{platform}"
MEDIUM = "social"


@dataclass(frozen=True)
class Tags:
    """What links get, and the hosts whose links stay as they are; without values nothing is changed."""

    values: Mapping[str, str] = field(default_factory=dict)
    untagged: frozenset[str] = frozenset()

    def text(self, text: str) -> str:
        """The text with its links tagged; bare names such as “example.org” are words, not links."""
        if not self.values or "://" not in text:
            return text
        tagged, end = "", 0
        for start, stop in web_links(text):
            tagged += text[end:start] + self.link(text[start:stop])
            end = stop
        return tagged + text[end:]

    def link(self, link: str) -> str:
        """One address tagged; one that has a `utm_` value already stays as it is."""
        if not self.values:
            return link
        try:
            parts = urlsplit(link)
            host = parts.hostname or ""
        except ValueError:
            return link
        if parts.scheme.lower() not in {"http", "https"} or not host or self._leaves_alone(host):
            return link
        if any(name.lower().startswith("utm_") for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
            return link
        added = "&".join(f"{name}={quote_plus(value)}" for name, value in self.values.items())
        query = f"{parts.query}&{added}" if parts.query else added
        return urlunsplit(parts._replace(path=parts.path or "/", query=query))

    def _leaves_alone(self, host: str) -> bool:
        """Whether the host, or one that it lies under, is excluded."""
        return any(host == other or host.endswith(f".{other}") for other in self.untagged)

    def kept(self) -> dict[str, Json]:
        """As a row keeps it: in pairs, as databases put the keys of an object in an order of their own."""
        if not self.values:
            return {}
        pairs: list[Json] = [[name, value] for name, value in self.values.items()]
        return {"values": pairs, "untagged": cast(Json, sorted(self.untagged))}

    @classmethod
    def of_kept(cls, kept: Mapping[str, Json]) -> "Tags":
        """What a row kept."""
        values = cast(list[tuple[str, str]], kept.get("values") or [])
        return cls(dict(values), frozenset(cast(list[str], kept.get("untagged") or [])))


NONE = Tags()


def tags_of(campaign: "Campaign | None", platform_name: str) -> Tags:
    """What links of a campaign's post on a network get; empty fields take their defaults."""
    if campaign is None or not campaign.tags_links:
        return NONE
    typed = {
        "utm_source": campaign.utm_source or VARIABLE,
        "utm_medium": campaign.utm_medium or MEDIUM,
        "utm_campaign": campaign.utm_campaign or slugify(campaign.name, allow_unicode=True) or "campaign",
        "utm_term": campaign.utm_term,
        "utm_content": campaign.utm_content,
    }
    values = {name: value.replace(VARIABLE, platform_name) for name, value in typed.items() if value}
    return Tags(values, hosts(campaign.workspace.untagged_hosts))


def hosts(typed: str) -> frozenset[str]:
    """The hosts that somebody typed, one a line or with commas between."""
    return frozenset(word.strip().lower().lstrip(".") for word in typed.replace(",", " ").split())
