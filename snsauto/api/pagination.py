"""Pages that do not shift while rows are added: a cursor, not a number."""

from rest_framework import pagination


class CursorPagination(pagination.CursorPagination):
    """Newest first; `?cursor=` from `next` and `previous`, `?page_size=` up to 200."""

    ordering = "-pk"
    page_size_query_param = "page_size"
    max_page_size = 200
