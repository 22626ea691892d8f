"""The table of networks in the documents: what is declared, and what passing contract tests have shown."""

import re
from collections.abc import Collection
from pathlib import Path

from platforms.base import Platform
from platforms.registry import PLATFORMS

BEGIN, END = "<!-- made by `make network-table` -->", "<!-- end -->"
HEADS = ("Network", "Publishes", "Numbers", "Inbox", "Answers", "Moderates", "Webhooks", "Also")
TICK, MISSING, NONE = "✓", "✗", "–"


def write(path: Path, ticked: Collection[str]) -> None:
    """Put the table into a document, in place of the one before."""
    page = path.read_text()
    made = f"{BEGIN}\n\n{rendered(ticked)}\n{END}"
    path.write_text(re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: made, page, flags=re.DOTALL))


def rendered(ticked: Collection[str]) -> str:
    """The table as Markdown."""
    head = f"| {' | '.join(HEADS)} |\n{'|---' * len(HEADS)}|\n"
    return head + "".join(row(platform, ticked) for platform in PLATFORMS.values())


def row(platform: type[Platform], ticked: Collection[str]) -> str:
    name = platform.name
    columns = (
        [(kind.label, f"{name}:publish:{kind.name}") for kind in platform.post_kinds()],
        [(word, f"{name}:{ability}") for word, ability in NUMBERS if platform.can(ability)],
        [(kind, f"{name}:messages:{kind}") for kind in platform.message_kinds],
        [(kind, f"{name}:reply:{kind}") for kind in platform.replies_to],
        [
            (f"{action} {kind}", f"{name}:moderate:{kind}:{action}")
            for kind, actions in platform.moderation.items()
            for action in actions
        ],
        [("signed", f"{name}:webhooks")] if platform.can("verify_webhook") else [],
        [(word, f"{name}:{ability}") for word, ability in ALSO if platform.can(ability)],
    )
    cells = [
        ", ".join(f"{word} {TICK if cell in ticked else MISSING}" for word, cell in column) or NONE
        for column in columns
    ]
    return f"| [{platform.label}]({name}.md) | {' | '.join(cells)} |\n"


NUMBERS = (("post", "post_metrics"), ("account", "account_metrics"))
ALSO = (("find again", "find"), ("edit", "edit"), ("take down", "delete"))
