"""Templates as people use them: written down, made from a post, and filled in until they are a post."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import regex
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.dateformat import format as date_format
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Account, Membership
from campaigns.models import Campaign
from platforms.content import Json
from publishing.models import Media, Post
from publishing.template_rows import Template, TemplateMedia, TemplatePart
from publishing.writing import PostInput, Target

VARIABLE = regex.compile(r"\{\{|\}\}|\{(\p{L}[\p{L}\p{N} _-]{0,39})\}")
BUILT_IN = ("date", "weekday", "account", "campaign")
LONGEST_VALUE = 1000


class MissingVariables(Exception):
    """Nothing was made: some of what the template asks for was not said."""

    code = "variable_missing"

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        listed = ", ".join(f"{{{name}}}" for name in names)
        sentence = ngettext("Say what %(names)s is.", "Say what %(names)s are.", len(names))
        self.message = sentence % {"names": listed}
        super().__init__(self.message)


@dataclass(frozen=True)
class Part:
    """What one network gets of a template; `text` None: the template's own."""

    platform_name: str
    text: str | None = None
    options: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class TemplateInput:
    """A template as somebody writes it."""

    name: str
    text: str = ""
    hashtags: str = ""
    parts: Sequence[Part] = ()
    media: Sequence[Media] = ()
    campaign: Campaign | None = None


@dataclass(frozen=True)
class Filling:
    """What a template is filled in with: words for its variables, for which accounts and which day."""

    values: Mapping[str, str] = field(default_factory=dict)
    accounts: Sequence[Account] = ()
    day: date | None = None
    campaign: Campaign | None = None


def variables_in(text: str) -> list[str]:
    """The names in braces, each once, in their order. `{{` and `}}` stand for plain braces."""
    return list(dict.fromkeys(match[1] for match in VARIABLE.finditer(text) if match[1]))


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables filled in; one without a value stays as it is."""

    def one(match: "regex.Match[str]") -> str:
        if match[1] is None:
            return str(match[0][0])
        return values.get(match[1], match[0])

    return str(VARIABLE.sub(one, text))


def plain(text: str) -> str:
    """A post's text as a template that gives just this text again."""
    return text.replace("{", "{{").replace("}", "}}")


def asked_for(template: Template) -> list[str]:
    """What must be said before it can be used: its variables without those that the desk knows itself."""
    texts = [template.text, template.hashtags, *(part.text or "" for part in template.parts.all())]
    names = variables_in("\n".join(texts))
    known = [name for name in BUILT_IN if name != "campaign" or template.campaign_id]
    return [name for name in names if name not in known]


@transaction.atomic
def save_template(member: Membership, content: TemplateInput, template: Template | None = None) -> Template:
    """Write a template down, all of it or nothing. Raises ValidationError where another has its name."""
    others = Template.objects.visible_to(member).filter(name__iexact=content.name.strip())
    if (others.exclude(pk=template.pk) if template else others).exists():
        raise _taken()
    template = template or Template(workspace=member.workspace, created_by=member.user)
    template.name = content.name.strip()
    template.text, template.hashtags = content.text, content.hashtags.strip()
    template.campaign = content.campaign
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError as error:  # somebody was faster
        raise _taken() from error
    template.parts.all().delete()
    TemplatePart.objects.bulk_create(
        TemplatePart(
            template=template, platform_name=part.platform_name, text=part.text, options=dict(part.options)
        )
        for part in content.parts
        if part.text is not None or part.options
    )
    template.templatemedia_set.all().delete()
    TemplateMedia.objects.bulk_create(
        TemplateMedia(template=template, media=media, position=n) for n, media in enumerate(content.media)
    )
    return template


def _taken() -> ValidationError:
    sentence = ValidationError(_("There is a template of this name already."), code="unique")
    return ValidationError({"name": sentence})


def from_post(member: Membership, post: Post) -> Template:
    """A template that gives the post again; its name is the post's first words."""
    parts: dict[str, Part] = {}
    for delivery in post.deliveries.select_related("account").order_by("pk"):
        name = delivery.account.platform_name
        text = None if delivery.text is None else plain(delivery.text)
        parts.setdefault(name, Part(name, text, delivery.options))
    content = TemplateInput(
        name=free_name(member, " ".join(post.text.split())[:60] or _("Template")),
        text=plain(post.text),
        parts=list(parts.values()),
        media=post.pictures,
        campaign=post.campaign,
    )
    template = save_template(member, content)
    template.created_from = post
    template.save(update_fields=["created_from"])
    return template


def duplicate(member: Membership, template: Template) -> Template:
    """The same once more, under another name."""
    content = as_input(template)
    name = free_name(member, _("%(name)s, copy") % {"name": template.name[:60]})
    return save_template(
        member,
        TemplateInput(name, content.text, content.hashtags, content.parts, content.media, content.campaign),
    )


def as_input(template: Template) -> TemplateInput:
    """What stands in a template."""
    return TemplateInput(
        template.name,
        template.text,
        template.hashtags,
        [Part(part.platform_name, part.text, part.options) for part in template.parts.all()],
        template.pictures,
        template.campaign,
    )


def free_name(member: Membership, wish: str) -> str:
    """The name, with a number behind it where it is taken."""
    taken = {name.lower() for name in Template.objects.visible_to(member).values_list("name", flat=True)}
    names = [wish, *(f"{wish} {number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name.lower() not in taken)


# --- using one ---


def use(member: Membership, template: Template, filling: Filling) -> PostInput:
    """The post that a template becomes. Raises MissingVariables before anything is made."""
    campaign = filling.campaign or template.campaign
    values = {**_known(member, filling, campaign), **filling.values}
    missing = [name for name in asked_for(template) if not values.get(name, "").strip()]
    if missing:
        raise MissingVariables(missing)
    names_account = "account" in variables_in(f"{template.text}\n{template.hashtags}")
    accounts = filling.accounts or suited_accounts(member, template)
    targets = [_target(template, account, values, names_account) for account in accounts]
    return PostInput(
        text=_whole(template, template.text, {**values, "account": _named(member, accounts)}),
        targets=targets,
        media=template.pictures,
        timezone=member.workspace.timezone,
        campaign=campaign,
    )


def _known(member: Membership, filling: Filling, campaign: Campaign | None) -> dict[str, str]:
    """What the desk knows itself."""
    day = filling.day or now().astimezone(member.workspace.zone).date()
    known = {"date": date_format(day, "j F"), "weekday": date_format(day, "l")}
    return {**known, "campaign": campaign.name} if campaign else known


def _named(member: Membership, accounts: Sequence[Account]) -> str:
    """Whose post it is, where all accounts share the text."""
    names = {account.name or account.handle for account in accounts}
    return names.pop() if len(names) == 1 else member.workspace.name


def _whole(template: Template, text: str, values: Mapping[str, str]) -> str:
    """A text with the hashtags behind it, filled in."""
    tags = template.hashtags
    return filled("\n\n".join(filter(None, [text.rstrip(), tags])), values).strip()


def _target(template: Template, account: Account, values: Mapping[str, str], names_account: bool) -> Target:
    """An account's share: its network's own text, or the template's where that names the account."""
    part = next((row for row in template.parts.all() if row.platform_name == account.platform_name), None)
    own = {**values, "account": account.name or account.handle}
    options = dict(part.options) if part else {}
    if part and part.text is not None:
        return Target(account, filled(part.text, own).strip(), options)
    return Target(account, _whole(template, template.text, own) if names_account else None, options)


def suited_accounts(member: Membership, template: Template) -> list[Account]:
    """The connected accounts of the networks that the template has something for; else the only one."""
    names = [part.platform_name for part in template.parts.all()]
    connected = Account.objects.visible_to(member).filter(state=Account.State.CONNECTED)
    if names:
        return list(connected.filter(platform_name__in=names))
    only = list(connected[:2])
    return only if len(only) == 1 else []
