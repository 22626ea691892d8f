"""A report as CSV: one number a row, exact, with the number of the days before where there is one."""

import csv
import io
from collections.abc import Iterator

from analytics.metrics import Number
from analytics.report_models import Report
from analytics.report_rows import OF_BEST, OF_NETWORKS, Content, content

HEAD = ("section", "item", "network", "account", "metric", "value", "value_before")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
BOM = "\ufeff"  # without it spreadsheets read UTF-8 as something else
Row = tuple[str, str, str, str, str, str, str]


def as_csv(report: Report) -> bytes:
    """UTF-8 with a mark, comma between; a number that is not available is an empty cell."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(HEAD)
    for row in _rows(content(report.rows or {})):
        writer.writerow([_safe(cell) for cell in row[:5]] + list(row[5:]))
    return (BOM + target.getvalue()).encode()


def _rows(what: Content) -> Iterator[Row]:
    for row in what.key:
        yield "total", "", "", "", row.name, _exact(row.value), _exact(row.before)
    for name, points in what.points.items():
        for day, value in points:
            yield "day", day.isoformat(), "", "", name, _exact(value), ""
    for network in what.networks:
        for name, value in zip(OF_NETWORKS, network.values, strict=True):
            yield "network", "", network.name, "", name, _exact(value), ""
    for post in what.best:
        for name, value in zip(OF_BEST, post.values, strict=True):
            yield "post", post.permalink or post.text, post.network, post.handle, name, _exact(value), ""


def _exact(value: Number) -> str:
    if value is None:
        return ""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _safe(cell: str) -> str:
    """A text that a spreadsheet would take for a formula stays a text."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
