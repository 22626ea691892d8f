"""Deciding about many deliveries in one request: what may be asked, and what is told about each."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import Account, AuditEvent, Membership
from publishing.causes import NEEDS, Remedy
from publishing.deciding import MOST, Decision
from publishing.models import Delivery, DeliveryQuerySet, State
from snsauto.api.writing import OwnRows

OPEN = (State.MISSED, State.FAILED)


class BulkFilterSerializer(serializers.Serializer[Any]):
    """Which deliveries, by what they have in common; what is left out narrows nothing."""

    state = serializers.ChoiceField(choices=[(state.value, state.label) for state in OPEN])
    account = OwnRows(queryset=Account.objects.all(), required=False)
    platform = serializers.CharField(required=False)
    reason_code = serializers.CharField(required=False)
    remedy = serializers.ChoiceField(
        choices=[remedy.value for remedy in Remedy],
        required=False,
        help_text=_("Of failures: `reconnected` are those whose account was connected again since."),
    )


class BulkSerializer(serializers.Serializer[Any]):
    """A decision, and either `ids` or a `filter`."""

    action = serializers.ChoiceField(choices=Decision.choices)
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), required=False, max_length=MOST
    )
    filter = BulkFilterSerializer(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("ids" in attrs) == ("filter" in attrs):
            raise serializers.ValidationError({"ids": _("Send either ids or a filter.")}, code="required")
        return attrs


class BulkItemSerializer(serializers.Serializer[Any]):
    """What became of one: `code` is empty where it was done, else `conflict` or `not_found`."""

    id = serializers.IntegerField()
    code = serializers.CharField()
    state = serializers.CharField()
    due_at = serializers.DateTimeField(allow_null=True)


class BulkResultSerializer(serializers.Serializer[Any]):
    """`left`: how many the filter still finds (one request takes 1,000). `undo`: for /deliveries/undo/."""

    done = serializers.IntegerField()
    left = serializers.IntegerField()
    undo = serializers.IntegerField(allow_null=True)
    results = BulkItemSerializer(many=True)


class StandingSerializer(serializers.Serializer[Any]):
    """A post of the account's own, as the network lists it."""

    permalink = serializers.CharField()
    text = serializers.CharField()
    at = serializers.DateTimeField()


class UndoSerializer(serializers.Serializer[Any]):
    undo = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class UndoneSerializer(serializers.Serializer[Any]):
    """How many were put back; what has moved on since is not."""

    undone = serializers.IntegerField()


def chosen(member: Membership, asked: dict[str, Any]) -> DeliveryQuerySet:
    """The deliveries that a request means."""
    if "ids" in asked:
        rows: DeliveryQuerySet = Delivery.objects.visible_to(member)
        return rows.filter(pk__in=asked["ids"])
    wanted = dict(asked["filter"])
    rows = Delivery.objects.visible_to(member)
    if "remedy" in wanted:
        rows = rows.filter(NEEDS[Remedy(wanted.pop("remedy"))])
    if "platform" in wanted:
        wanted["account__platform_name"] = wanted.pop("platform")
    return rows.filter(**wanted)


def told(
    asked: dict[str, Any], rows: DeliveryQuerySet, decided: list[Delivery], event: AuditEvent
) -> dict[str, Any]:
    """The answer: one line for each, in the order in which they were named."""
    done = {row.pk: row for row in decided}
    if "ids" in asked:
        others = {row.pk: row for row in rows.exclude(pk__in=done)}
        results = [_line(pk, done.get(pk), others.get(pk)) for pk in dict.fromkeys(asked["ids"])]
    else:
        results = [_line(row.pk, row, None) for row in decided]
    return {
        "done": len(decided),
        "left": _left(asked, rows),
        "undo": event.pk if decided and Decision(asked["action"]).can_be_undone else None,
        "results": results,
    }


def _left(asked: dict[str, Any], rows: QuerySet[Delivery]) -> int:
    """What the filter finds that may be decided in this way and was not."""
    return 0 if "ids" in asked else rows.filter(state__in=Decision(asked["action"]).states).count()


def _line(pk: int, done: Delivery | None, other: Delivery | None) -> dict[str, Any]:
    row = done or other
    code = "" if done else "conflict" if other else "not_found"
    return {"id": pk, "code": code, "state": row.state if row else "", "due_at": row.due_at if row else None}
