"""The page's rows for a spreadsheet: days of accounts and posts, streamed; no cell is a formula."""

import csv
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO

from django.utils.translation import gettext as _
from openpyxl import Workbook

from accounts.models import Workspace
from analytics.forms import Chosen
from analytics.metrics import DEEDS, LABELS, rate
from analytics.models import AccountDay
from analytics.reading import latest_of, values_of

Cell = str | float | int | None
Row = list[Cell]

DAY_NUMBERS = ("views", "reach", "engagements", *DEEDS, "watch_seconds")
POST_NUMBERS = ("views", "reach", "engagements", "engagement_rate", *DEEDS, "watch_seconds")
CHUNK = 2000


def safe(cell: Cell) -> Cell:
    """A cell that a spreadsheet shows and never runs."""
    if (isinstance(cell, str) and cell.lstrip()[:1] in {"=", "+", "-", "@"}) or (
        isinstance(cell, str) and cell[:1] in {"\t", "\r", "\n"}
    ):
        return f"'{cell}"
    return cell


def whole(number: float | None) -> float | int | None:
    """1200, not 1200.0; what is not told stays empty."""
    return int(number) if number is not None and number == int(number) else number


def day_rows(chosen: Chosen) -> Iterator[Row]:
    """A head, then one row for each account and day of which something is known."""
    names = (_("Day"), _("Network"), _("Account"), str(LABELS["posts"]))
    ends = (str(LABELS["engagement_rate"]), str(LABELS["followers"]), str(LABELS["new_followers"]), _("Note"))
    yield [*names, *(str(LABELS[name]) for name in DAY_NUMBERS), *ends]
    accounts = {account.pk: account for account in chosen.accounts}
    days = AccountDay.objects.filter(
        account_id__in=list(accounts), day__gte=chosen.span.first, day__lte=chosen.span.last
    )
    for day in days.order_by("day", "account_id").iterator(CHUNK):
        account = accounts[day.account_id]
        share = rate(day.seen_engagements, day.seen)
        yield [
            day.day.isoformat(),
            account.platform.label,
            account.handle,
            day.posts,
            *(whole(getattr(day, name)) for name in DAY_NUMBERS),
            None if share is None else round(share, 4),
            whole(day.followers),
            whole(day.new_followers),
            _note(day),
        ]


def _note(day: AccountDay) -> str:
    notes = [_("corrected by the network")] * day.is_corrected + [_("learnt later")] * day.is_late
    return ", ".join(notes)


def post_rows(workspace: Workspace, chosen: Chosen) -> Iterator[Row]:
    """A head, then one row for each post on each account that went out in the range."""
    names = (_("Went out"), _("Network"), _("Account"), _("Text"), _("Address"))
    yield [*names, *(str(LABELS[name]) for name in POST_NUMBERS), _("As of")]
    rows = latest_of(workspace, chosen.span, chosen.ids).select_related("delivery__post", "delivery__account")
    rows = rows.defer("delivery__account__credentials", "delivery__account__limits")
    for row in rows.order_by("published_at", "pk").iterator(CHUNK):
        values = values_of(row)
        zone = chosen.span.zone
        yield [
            row.published_at.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
            row.delivery.account.platform.label,
            row.delivery.account.handle,
            row.delivery.effective_text,
            row.delivery.permalink,
            *(
                round(value, 4)
                if name == "engagement_rate" and (value := values[name]) is not None
                else whole(values[name])
                for name in POST_NUMBERS
            ),
            row.taken_at.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
        ]


class _Echo:
    """A file that hands each line back."""

    def write(self, line: str) -> str:
        return line


def as_csv(rows: Iterable[Row]) -> Iterator[str]:
    """The lines of a CSV file, made as they are sent; it begins with the mark by which Excel knows UTF-8."""
    writer = csv.writer(_Echo())
    yield "\ufeff"
    for row in rows:
        yield writer.writerow([safe(cell) for cell in row])


def as_xlsx(sheets: Iterable[tuple[str, Iterable[Row]]]) -> IO[bytes]:
    """A workbook, written row by row into a file that is gone when it is closed."""
    book = Workbook(write_only=True)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "A2"
        for row in rows:
            sheet.append([safe(cell) for cell in row])
    file = tempfile.TemporaryFile(suffix=".xlsx")  # noqa: SIM115  (closed by the answer that sends it)
    book.save(file)
    file.seek(0)
    return file
