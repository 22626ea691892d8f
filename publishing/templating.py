"""A template in the composer: what it asks for, and how it joins what is written there already."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date

from django.http import QueryDict
from django.shortcuts import get_object_or_404

from accounts.models import Account, Membership
from campaigns.models import Campaign
from platforms.content import Json
from publishing.forms.templates import UseForm
from publishing.post_templates import Filling, use
from publishing.template_rows import Template
from publishing.writing import PostInput, Target


@dataclass(frozen=True)
class Use:
    """A template that was pressed in the composer; where its form has errors, nothing was changed."""

    form: UseForm | None = None

    @property
    def is_done(self) -> bool:
        return self.form is not None and not self.form.errors

    @property
    def is_asking(self) -> bool:
        return self.form is not None and bool(self.form.errors)


def used(member: Membership, typed: QueryDict) -> Use:
    """Fill in the template that was pressed, and put it into what was typed. What stands there stays."""
    pressed = typed.get("template", "")
    if not pressed:
        return Use()
    pk = int(pressed) if pressed.isdecimal() and len(pressed) < 19 else 0
    template = get_object_or_404(Template.objects.visible_to(member).whole(), pk=pk)
    form = UseForm(member, template, typed)
    if form.is_valid():
        _join(use(member, template, _filling(member, form, typed)), typed)
    return Use(form)


def _filling(member: Membership, form: UseForm, typed: QueryDict) -> Filling:
    """What was said, for the accounts, day and campaign that are chosen in the composer."""
    filling = form.filling()
    accounts = _rows(typed.getlist("accounts"))
    day = None
    with suppress(ValueError):
        day = date.fromisoformat(typed.get("date", ""))
    campaigns = Campaign.objects.visible_to(member).filter(pk__in=_rows([typed.get("campaign", "")]))
    return replace(
        filling,
        accounts=list(Account.objects.visible_to(member).filter(pk__in=accounts)),
        day=day,
        campaign=filling.campaign or campaigns.first(),
    )


def _rows(values: list[str]) -> list[int]:
    return [int(value) for value in values if value.isdecimal() and len(value) < 19]


def _join(content: PostInput, typed: QueryDict) -> None:
    """Below what is written; pictures after those that are there; own texts where there are none yet."""
    before = typed.get("text", "").rstrip()
    typed["text"] = "\n\n".join(filter(None, [before, content.text]))
    for media in content.media:
        if str(media.pk) not in typed.getlist("media"):
            typed.appendlist("media", str(media.pk))
    if not typed.getlist("accounts"):
        typed.setlist("accounts", [str(target.account.pk) for target in content.targets])
    if content.campaign and not typed.get("campaign"):
        typed["campaign"] = str(content.campaign.pk)
    for target in content.targets:
        _share(target, before, typed)


def _share(target: Target, before: str, typed: QueryDict) -> None:
    prefix = f"share-{target.account.pk}"
    if target.text is not None and not typed.get(f"{prefix}-own"):
        typed[f"{prefix}-own"] = "on"
        typed[f"{prefix}-text"] = "\n\n".join(filter(None, [before, target.text]))
    for name, value in target.options.items():
        if said := _said(value):
            typed.setdefault(f"{prefix}-option-{name}", said)
    if target.text is not None or target.options:
        typed[f"{prefix}-open"] = "on"


def _said(value: Json) -> str:
    """An option's value as a form has it."""
    if isinstance(value, list):
        return "\n".join(map(str, value))
    if isinstance(value, bool):
        return "on" if value else ""
    return "" if value is None else str(value)
