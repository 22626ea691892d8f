"""What searching in messages needs in the database, beside the tables that migrations make."""

from typing import Any

# PostgreSQL takes an address or a date for one word; with these signs as gaps both see the same words.
SIGNS = "@./:-_#&?=+~"
GAPS = " " * len(SIGNS)
VECTOR = f"to_tsvector('simple', translate(text, '{SIGNS}', '{GAPS}'))"
INDEX = f"CREATE INDEX IF NOT EXISTS message_words ON inbox_message USING gin ({VECTOR})"
TABLE = (
    "CREATE VIRTUAL TABLE inbox_message_search USING fts5(text, content='inbox_message', content_rowid='id',"
    " tokenize='unicode61 remove_diacritics 0')"
)
ADD = "INSERT INTO inbox_message_search(rowid, text) VALUES (new.id, new.text)"
DROP = (
    "INSERT INTO inbox_message_search(inbox_message_search, rowid, text) VALUES ('delete', old.id, old.text)"
)
TRIGGERS = {
    "inbox_message_added": f"AFTER INSERT ON inbox_message BEGIN {ADD}; END",
    "inbox_message_gone": f"AFTER DELETE ON inbox_message BEGIN {DROP}; END",
    "inbox_message_changed": f"AFTER UPDATE OF text ON inbox_message BEGIN {DROP}; {ADD}; END",
}


def prepare(connection: Any) -> None:
    """Make what searching needs where it is missing; a change of the table takes SQLite's triggers."""
    if "inbox_message" not in connection.introspection.table_names():
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(INDEX)
            return
        cursor.execute("SELECT name FROM sqlite_master WHERE tbl_name LIKE 'inbox_message%'")
        there = {name for (name,) in cursor.fetchall()} & {"inbox_message_search", *TRIGGERS}
        if "inbox_message_search" not in there:
            cursor.execute(TABLE)
        for name, what in TRIGGERS.items():
            if name not in there:
                cursor.execute(f"CREATE TRIGGER {name} {what}")
        if len(there) <= len(TRIGGERS):
            cursor.execute("INSERT INTO inbox_message_search(inbox_message_search) VALUES ('rebuild')")
