"""A page of rows and their number, in one query."""

import pytest
from django.db.models import Count
from pytest_django import DjangoAssertNumQueries

from accounts.factories import UserFactory
from accounts.models import User
from accounts.paging import Pages, how_many

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> Pages:
    UserFactory.create_batch(5)
    return Pages(User.objects.order_by("pk"), 2)


@pytest.mark.parametrize(
    ("asked", "number", "count"),
    [(None, 1, 2), ("", 1, 2), ("2", 2, 2), ("3", 3, 1), ("x", 1, 2), ("-2", 1, 2)],
)
def test_a_page_and_its_place_cost_one_query(
    people: Pages,
    asked: str | None,
    number: int,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        page = people.get_page(asked)
        told = (page.number, len(page), page.paginator.count, page.paginator.num_pages)

    assert told == (number, count, 5, 3)


@pytest.mark.parametrize("asked", ["99", "9" * 30, "9" * 6000])
def test_behind_the_end_is_the_last_page(people: Pages, asked: str) -> None:
    page = people.get_page(asked)

    assert (page.number, len(page), page.end_index()) == (3, 1, 5)


def test_nothing_is_one_empty_page() -> None:
    page = Pages(User.objects.order_by("pk"), 2).get_page("1")

    assert (len(page), page.paginator.count, page.has_other_pages()) == (0, 0, False)


@pytest.mark.parametrize(
    "rows",
    [User.objects.annotate(places=Count("memberships")), User.objects.filter(memberships=None).distinct()],
)
def test_what_a_plain_count_would_count_wrongly_is_refused(rows: object) -> None:
    with pytest.raises(ValueError, match="by themselves"):
        how_many(rows)
