"""How Harbour & Rye sound, and what they write again and again."""

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.models import Membership
from campaigns.models import Campaign
from publishing.ai_rows import AiProfile
from publishing.models import Media
from publishing.post_templates import Part, TemplateInput, save_template
from snsauto.demo.bakery import HOURS, LOAF, SUPPER, Drive

VOICE = """\
We are two bakers by the river and write as we talk over the counter: short sentences, dry humour, \
what is in the loaf and what it costs. We say “we”. No exclamation marks, no superlatives; \
patience is our only secret.

Like this: “The cardamom buns lasted until ten past nine. We saw people running.”"""
FORBIDDEN = ["artisanal", "must have", "foodie", "guilty pleasure"]


@dataclass(frozen=True)
class Pattern:
    """A template of the bakery's."""

    name: str
    text: str
    hashtags: str = ""
    parts: tuple[Part, ...] = ()
    picture: str = ""
    drive: Drive | None = None


PATTERNS = (
    Pattern(
        "Loaf of the week",
        "This week's loaf: {loaf}.\n\n{what is in it}. From {weekday} until it is gone, {price} €.",
        "#sourdough #lisbon",
        (Part("x", "{loaf}, from {weekday}: {what is in it}. {price} €."),),
        "rye.jpg",
        LOAF,
    ),
    Pattern(
        "Closed on a holiday",
        "We are closed on {day}, because even sourdough rests. Bread for the day before can be ordered until"
        " {order until}.",
        picture="opening-hours.jpg",
        drive=HOURS,
    ),
    Pattern(
        "Seats at the long table",
        "{free seats} seats are left at the long table on {evening}. In the pot: {dish}."
        " https://harbourandrye.example/supper",
        parts=(Part("x", "{free seats} seats, {evening}. {dish}. https://harbourandrye.example/supper"),),
        picture="supper.jpg",
        drive=SUPPER,
    ),
    Pattern(
        "Somebody for the counter",
        "We are looking for somebody for the {place}, {hours}, from {begin}. Good hands with people matter"
        " more than practice: jobs@harbourandrye.example",
        "#jobs #lisbon",
    ),
    Pattern(
        "Sold out",
        "{what} is sold out for today. The next tray comes at {time}; whoever is there first is there first.",
    ),
    Pattern(
        "A regular's question",
        "“{question}” {who} asked over the counter.\n\n{answer}",
        "#askabaker",
    ),
)


def move_in(member: Membership, campaigns: Mapping[Drive, Campaign], pictures: Mapping[str, Media]) -> None:
    """Give the workspace its voice and its templates."""
    AiProfile.objects.create(workspace=member.workspace, voice=VOICE, forbidden_words=FORBIDDEN)
    for pattern in PATTERNS:
        content = TemplateInput(
            pattern.name,
            pattern.text,
            pattern.hashtags,
            pattern.parts,
            [pictures[pattern.picture]] if pattern.picture else [],
            campaigns[pattern.drive] if pattern.drive else None,
        )
        save_template(member, content)
