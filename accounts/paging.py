"""Lists a page at a time: the rows and how many there are of all, in one query."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet, Subquery, Value

DIGITS = 7  # no list has more pages, and databases count no further than some


def how_many(rows: QuerySet[Any]) -> Subquery:
    """The number of rows, as a part of another query that does not depend on it: counted once.

    Not for rows that are grouped or made distinct: those are not what a plain count counts.
    """
    if rows.query.group_by is not None or rows.query.distinct:
        raise ValueError("rows that are grouped or made distinct are to be counted by themselves")
    counted = rows.order_by().annotate(all=Value(1)).values("all").annotate(count=Count("pk"))
    return Subquery(counted.values("count"))


class Pages(Paginator):  # type: ignore[type-arg]
    """Pages of an ordered queryset. What is no number means the first page, what is too large the last."""

    object_list: QuerySet[Any]

    def get_page(self, number: Any) -> "Page[Any]":
        asked = str(number or "")[:DIGITS]
        wanted = max(int(asked), 1) if asked.isdecimal() else 1
        first = (wanted - 1) * self.per_page
        counted = self.object_list.annotate(of_all=how_many(self.object_list))
        rows = list(counted[first : first + self.per_page])
        if first and not rows:
            return super().get_page(wanted)
        self.count = rows[0].of_all if rows else 0
        return Page(rows, wanted, self)
