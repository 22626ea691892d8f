"""Finding conversations by words: what was written in them, and who wrote it.

PostgreSQL looks in an index of its full-text search, SQLite in an FTS5 table that triggers keep. Both take a
word by its beginning ("cak" finds "cakes") and what stands in quotes as it stands there.
"""

import re

from django.db import connections
from django.db.models import Q
from django.db.models.expressions import RawSQL

from inbox.models import ConversationQuerySet
from inbox.search_index import VECTOR

MOST_RUNS = 12
RUN = re.compile(r'"([^"]*)"?|(\S+)')
WORD = re.compile(r"[^\W_]+")
FOUND = {
    "postgresql": f"SELECT conversation_id FROM inbox_message WHERE {VECTOR}"  # noqa: S608  (of our own words)
    " @@ to_tsquery('simple', %s)",
    "sqlite": "SELECT conversation_id FROM inbox_message WHERE id IN"
    " (SELECT rowid FROM inbox_message_search WHERE inbox_message_search MATCH %s)",
}


def matching(conversations: ConversationQuerySet, words: str) -> ConversationQuerySet:
    """Those in which all the words were written, or whose person is called so. Any input is a question."""
    asked = words.replace("\0", " ").strip()
    if not asked:
        return conversations
    name = asked.strip('"').removeprefix("@")
    found = Q(person__name__icontains=name) | Q(person__handle__icontains=name) if name else Q()
    runs = _runs(asked)
    if runs:
        vendor = connections[conversations.db].vendor
        found |= Q(pk__in=RawSQL(FOUND[vendor], [_question(runs, vendor)]))  # noqa: S611  (words are arguments)
    return conversations.filter(found) if found else conversations.none()


def _runs(words: str) -> list[list[str]]:
    """What is asked for: each a run of words that stand together."""
    runs = [WORD.findall(quoted or bare) for quoted, bare in RUN.findall(words)]
    return [run for run in runs if run][:MOST_RUNS]


def _question(runs: list[list[str]], vendor: str) -> str:
    """The runs in the database's own language; words are letters and digits: nothing is to be escaped."""
    if vendor == "postgresql":
        return " & ".join("(" + " <-> ".join(f"'{word}'" for word in run) + ":*)" for run in runs)
    return " AND ".join('"' + " ".join(run) + '"*' for run in runs)
