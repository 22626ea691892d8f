"""What `manage.py doctor` looks at: each finding says how a thing is and, where it is wrong, what to do."""

import os
import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.cache import caches
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.utils.timezone import now

from accounts.connections import offers
from accounts.fields import Undecryptable
from accounts.models import Account, ChatMessage
from inbox.models import Feed, Receipt
from publishing.ai.prices import is_priced
from publishing.storage import StorageAway
from snsauto import health, ports
from snsauto.models import BotReader

LITTLE_SPACE = 500_000_000  # bytes
STUCK = timedelta(minutes=10)
MOST_NAMED = 10  # accounts that cannot be read, one a line


@dataclass(frozen=True)
class Finding:
    """How one thing is. `advice` is empty where nothing has to be done."""

    name: str
    said: str
    advice: str = ""

    @property
    def ok(self) -> bool:
        return not self.advice


def examine() -> Iterator[Finding]:
    """Everything, the ground first; what needs the database is left out where that does not answer."""
    yield from ground()
    checks = health.examine()
    for check in checks:
        yield Finding(check.name, check.said, "" if check.ok else ADVICE[check.name.partition(" ")[0]])
    if all(check.ok for check in checks if check.name in {"database", "migrations"}):
        for step in (credentials, bot, inbox, networks):
            yield from step()


ADVICE = {
    "database": "Check DATABASE_URL, and whether the server runs and lets this machine in.",
    "migrations": "Run manage.py migrate.",
    "pump": "Start the desk with manage.py run, or the cluster “publishing” by itself.",
    "cluster": "Start the desk with manage.py run, or see docs/operations.md for clusters of their own.",
    "queue": "See docs/operations.md, “Posts are late”.",
}


def ground() -> Iterator[Finding]:
    steps: tuple[Callable[[], Finding], ...] = (
        versions,
        address,
        keys,
        data,
        media,
        shared_cache,
        mail,
        ai,
        web,
    )
    for step in steps:
        yield step()


def versions() -> Finding:
    database = f"SQLite {sqlite3.sqlite_version}" if connection.vendor == "sqlite" else "PostgreSQL"
    python = platform.python_version()
    return Finding("versions", f"Python {python}, Django {django.get_version()}, {database}, {sys.platform}")


def address() -> Finding:
    host = urlsplit(settings.SITE_URL).hostname or ""
    if settings.SITE_URL.startswith("http:") and not ports.is_loopback(host):
        advice = "Use https: networks send people back to https only, and browsers keep log-in cookies safe."
        return Finding("address", settings.SITE_URL, advice)
    if host not in settings.ALLOWED_HOSTS and "*" not in settings.ALLOWED_HOSTS:
        return Finding("address", settings.SITE_URL, f"Add {host} to ALLOWED_HOSTS, or leave that empty.")
    return Finding("address", settings.SITE_URL)


def keys() -> Finding:
    made = settings.DATA_DIR / "keys.json"
    if os.environ.get("SECRET_KEY") or not made.exists():
        return Finding("keys", f"from the environment, {len(settings.ENCRYPTION_KEYS)} for encryption")
    if made.stat().st_mode & 0o077:
        return Finding("keys", f"in {made}", f"Others may read them: chmod 600 {made}")
    return Finding("keys", f"in {made}; keep a copy where the backup is not")


def data() -> Finding:
    try:
        with tempfile.TemporaryFile(dir=settings.DATA_DIR):
            free = shutil.disk_usage(settings.DATA_DIR).free
    except OSError as error:
        return Finding("data", str(settings.DATA_DIR), f"Nothing can be written there: {error.strerror}.")
    said = f"{settings.DATA_DIR}, {free // 1_000_000_000} GB free"
    return Finding(
        "data", said, "Make room: less than half a gigabyte is left." if free < LITTLE_SPACE else ""
    )


def media() -> Finding:
    """Write a file where pictures and videos go, read it back, and take it away."""
    where = f"in the bucket {settings.MEDIA_S3['bucket_name']}" if settings.MEDIA_S3["bucket_name"] else ""
    try:
        name = default_storage.save("doctor.txt", ContentFile(b"written by doctor"))
        with default_storage.open(name) as file:
            is_same = file.read() == b"written by doctor"
        default_storage.delete(name)
    except StorageAway as error:
        return Finding("media", "cannot be stored", f"Check MEDIA_S3_…: {error.detail}")
    except OSError as error:
        return Finding("media", "cannot be stored", f"Check the folder of media: {error.strerror}.")
    advice = "" if is_same else "What is stored does not come back the same."
    return Finding("media", f"can be stored {where or f'in {settings.MEDIA_ROOT}'}", advice)


def shared_cache() -> Finding:
    """Whether the cache that all machines share answers."""
    cache = caches["default"]
    cache.get("doctor")
    is_away: bool | None = getattr(cache, "is_away", None)
    if is_away is None:
        return Finding("cache", "in the memory of each process")
    if is_away:
        return Finding(
            "cache", "Redis does not answer", "Check REDIS_URL. Limits count per process until then."
        )
    return Finding("cache", "Redis answers")


def mail() -> Finding:
    if settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        advice = "" if settings.SANDBOX else "Set EMAIL_URL, or nobody can reset a password."
        return Finding("mail", "is written to the log", advice)
    return Finding("mail", f"goes through {settings.EMAIL_HOST}")


def ai() -> Finding:
    """Whose help with writing it is. The service is not asked: that would cost something."""
    if not settings.ANTHROPIC_API_KEY:
        return Finding("ai", "no key: the built-in helper helps")
    models = list(dict.fromkeys([settings.AI_MODEL, settings.AI_MODEL_FAST]))
    host = urlsplit(settings.ANTHROPIC_BASE_URL).netloc
    said = f"{' and '.join(models)} at {host}, ${settings.AI_BUDGET} a workspace and month"
    unpriced = [name for name in models if not is_priced(name)]
    advice = f"Say in AI_PRICES what {' and '.join(unpriced)} costs: the dearest price is counted."
    return Finding("ai", said, advice if unpriced else "")


def web() -> Finding:
    where = f"{settings.BIND}:{settings.PORT}"
    if ports.answers(settings.BIND, settings.PORT):
        return Finding("web", f"answers at {where}")
    return Finding("web", f"nobody answers at {where}", "Start the desk with manage.py run.")


def credentials() -> Iterator[Finding]:
    """Whether the tokens that are stored can be read with the keys that are there."""
    total, unreadable = 0, 0
    for account in Account.objects.connected().only("credentials").iterator():
        total += 1
        try:
            account.credentials  # noqa: B018  (reading is what is tried)
        except Undecryptable:
            unreadable += 1
    advice = "Put the key that was used back into ENCRYPTION_KEYS, or connect these accounts again."
    yield Finding("tokens", f"{total - unreadable} of {total} can be read", advice if unreadable else "")


def bot() -> Iterator[Finding]:
    """Whether the desk's own bot is read, and whether what it has to tell is told."""
    if not settings.CHAT_BOT["token"]:
        yield Finding("bot", "no token: nobody is told anything in a chat")
        return
    moment = now()
    lease = BotReader.objects.filter(lease_until__gt=moment).first()
    stuck = ChatMessage.objects.filter(due_at__lt=moment - STUCK).count()
    if account := _sharing():
        yield Finding("bot", f"{account} posts by the same bot", "Give the desk a bot of its own.")
    elif lease is None:
        yield Finding("bot", "no process reads it", "Start manage.py run, or manage.py bot by itself.")
    elif stuck:
        advice = "Look at “Chat messages” in the back office, and in the log for what the network says."
        yield Finding("bot", f"{stuck} messages wait for more than ten minutes", advice)
    else:
        yield Finding("bot", f"read by {lease.owner}")


def _sharing() -> str:
    """The account that posts by the desk's own bot, if one does."""
    rows = Account.objects.connected().filter(platform_name=settings.CHAT_BOT["name"])
    with suppress(Undecryptable):  # told of by itself
        return next(
            (str(row) for row in rows if row.token and row.token.access == settings.CHAT_BOT["token"]), ""
        )
    return ""


def inbox() -> Iterator[Finding]:
    """Whether what people write to the accounts is read."""
    feeds = Feed.objects.filter(account__state=Account.State.CONNECTED).select_related("account")
    late = feeds.filter(due_at__lt=now() - STUCK).count()
    troubled = list(feeds.exclude(problem="").order_by("looked_at")[:MOST_NAMED])
    if late:
        advice = (
            "See “cluster default” above: it reads them. “Feeds” in the back office says when each is due."
        )
        yield Finding("inbox", f"{late} of {feeds.count()} accounts are not read", advice)
    for feed in troubled:
        who = f"{feed.account.handle} on {feed.account.platform.label}"
        yield Finding(
            "inbox", f"{who}: {feed.problem}", "It is tried again by itself; connect it again if not."
        )
    if not late and not troubled:
        yield Finding("inbox", f"{feeds.count()} accounts are read")
    waiting = Receipt.objects.filter(due_at__lt=now() - STUCK).count()
    if waiting:
        advice = "“Receipts” in the back office says why, and works them off again."
        yield Finding("inbox", f"{waiting} calls of networks are not worked off", advice)


def networks() -> Iterator[Finding]:
    for offer in offers().values():
        said = "ready to connect" if not offer.missing else f"not set up ({', '.join(offer.missing)})"
        yield Finding(offer.platform.label, f"{said}; sends people back to {offer.redirect_uri}")


def report(findings: Iterator[Finding]) -> tuple[list[str], int]:
    """Lines to read, and how many things need somebody."""
    lines, wrong = [], 0
    for finding in findings:
        lines.append(f"{'✓' if finding.ok else '✗'} {finding.name}: {finding.said}")
        if finding.advice:
            wrong += 1
            lines.append(f"    {finding.advice}")
    return lines, wrong
