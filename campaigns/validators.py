"""What is wrong with a campaign that somebody typed: the same for the form and the API."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Workspace
from campaigns.links import FIELDS, VARIABLE
from campaigns.models import WHOLE_ONLY, Campaign

HOST = re.compile(r"(?i)(?:[\w](?:[\w-]{0,61}[\w])?\.)*[\w](?:[\w-]{0,61}[\w])?")
Fault = tuple[str, str]  # a code and a sentence


def faults(workspace: Workspace, values: Mapping[str, Any], pk: int | None = None) -> dict[str, Fault]:
    """The first fault of each field; `values` are those of the whole campaign as it shall stand."""
    found = {**_of_name(workspace, str(values.get("name") or ""), pk), **_of_dates(values)}
    return {**found, **_of_goal(values), **_of_money(values), **_of_tags(values)}


def _of_name(workspace: Workspace, name: str, pk: int | None) -> dict[str, Fault]:
    others = Campaign.objects.filter(workspace=workspace, name__iexact=name)
    if pk is not None:
        others = others.exclude(pk=pk)
    if name and others.exists():
        return {"name": ("unique", _("There is a campaign of this name already."))}
    return {}


def _of_dates(values: Mapping[str, Any]) -> dict[str, Fault]:
    starts_on, ends_on = values.get("starts_on"), values.get("ends_on")
    if isinstance(starts_on, date) and isinstance(ends_on, date) and ends_on < starts_on:
        return {"ends_on": ("ends_early", _("The end must not be before the start."))}
    return {}


def _of_goal(values: Mapping[str, Any]) -> dict[str, Fault]:
    metric, target = values.get("goal_metric"), values.get("goal_target")
    if metric and not target:
        return {"goal_target": ("required", _("How many shall it be?"))}
    if target and not metric:
        return {"goal_metric": ("required", _("What is counted?"))}
    return {}


def _of_money(values: Mapping[str, Any]) -> dict[str, Fault]:
    found: dict[str, Fault] = {}
    for name in ("budget", "spent"):
        amount = values.get(name)
        if amount is None:
            continue
        if not values.get("currency"):
            found["currency"] = ("required", _("Choose the currency."))
        elif values["currency"] in WHOLE_ONLY and amount != Decimal(amount).to_integral_value():
            found[name] = ("not_whole", _("This currency has no smaller unit. Leave out the point."))
    return found


def _of_tags(values: Mapping[str, Any]) -> dict[str, Fault]:
    return {
        name: ("unknown_variable", _("Only {platform} is filled in. Take other braces away."))
        for name in FIELDS
        if set(str(values.get(name) or "").replace(VARIABLE, "")) & {"{", "}"}
    }


def wrong_hosts(typed: str) -> list[str]:
    """The words among typed hosts that are none."""
    words = typed.replace(",", " ").split()
    return [word for word in words if not HOST.fullmatch(word.strip().lstrip("."))]
