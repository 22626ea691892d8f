"""How lists are narrowed: by what stands in the address, which tells nothing of rows that nobody may see."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, ClassVar

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters

LARGEST = 2**63 - 1


class IdField(forms.IntegerField):
    """A number that a row can have."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": LARGEST, **options})


class IdFilter(filters.NumberFilter):  # type: ignore[misc]
    """Rows that belong to another, by its number. One that exists elsewhere is like one that does not."""

    field_class = IdField

    def get_max_validator(self) -> None:
        """The field has its own."""


class MomentField(filters.IsoDateTimeFilter.field_class):  # type: ignore[misc]
    """A moment in UTC, whatever its offset: databases know fewer of them than people type."""

    def to_python(self, value: Any) -> datetime | None:
        moment: datetime | None = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError as error:
            raise forms.ValidationError(_("There is no such moment."), code="invalid") from error


class MomentFilter(filters.IsoDateTimeFilter):  # type: ignore[misc]
    """Rows before or after a moment."""

    field_class = MomentField


class FilterSet(filters.FilterSet):  # type: ignore[misc]
    """What narrows a list. A choice among all rows of a table would say which numbers there are."""

    FILTER_DEFAULTS: ClassVar[dict[Any, Any]] = deepcopy(filters.FilterSet.FILTER_DEFAULTS) | {
        models.ForeignKey: {"filter_class": IdFilter}
    }


class Filters(filters.DjangoFilterBackend):  # type: ignore[misc]
    filterset_base = FilterSet
