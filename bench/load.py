"""What is due: workspaces, accounts and scheduled deliveries, made in bulk."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.db.models import Max
from django.utils.timezone import now

from accounts.models import Account, AppCredential, Workspace
from bench.slow_network import Arrival
from publishing.models import Delivery, Post, State

SERVER = "social.example"
BATCH = 1000


def workspace(accounts: int, network: str = "mastodon") -> list[Account]:
    """The accounts of a new workspace."""
    desk = Workspace.objects.create(name="Bench", timezone="UTC")
    first = (Account.objects.aggregate(last=Max("pk"))["last"] or 0) + 1
    AppCredential.objects.get_or_create(
        platform_name=network, server=SERVER, defaults={"client_id": "bench", "client_secret": "a secret"}
    )
    rows = [
        Account(
            workspace=desk,
            platform_name=network,
            remote_id=f"-100{number}" if network == "telegram" else f"{number}@{SERVER}",
            handle=f"person{number}",
            server=SERVER,
            credentials={"access": f"token-{number}", "refresh": "", "extra": {}},
        )
        for number in range(first, first + accounts)
    ]
    return Account.objects.bulk_create(rows)


def deliveries(accounts: list[Account], number: int, due_at: Callable[[int], datetime]) -> list[int]:
    """Scheduled posts, one after the other for each account in turn; the ids of their deliveries."""
    made: list[int] = []
    for begin in range(0, number, BATCH):
        made += _batch(accounts, range(begin, min(begin + BATCH, number)), due_at)
    return made


def _batch(accounts: list[Account], numbers: range, due_at: Callable[[int], datetime]) -> list[int]:
    chosen = [accounts[number % len(accounts)] for number in numbers]
    posts = Post.objects.bulk_create(
        Post(
            workspace=account.workspace,
            text=f"Bench {account.pk} post {number}",
            timezone="UTC",
            scheduled_at=due_at(number),
        )
        for number, account in zip(numbers, chosen, strict=True)
    )
    rows = Delivery.objects.bulk_create(
        Delivery(
            post=post,
            account=account,
            state=State.SCHEDULED,
            due_at=post.scheduled_at,
            planned_at=post.scheduled_at,
        )
        for post, account in zip(posts, chosen, strict=True)
    )
    return [row.pk for row in rows]


def at(moment: datetime) -> Callable[[int], datetime]:
    """All at the same moment."""
    return lambda _number: moment


def soon(seconds: float) -> datetime:
    return now() + timedelta(seconds=seconds)


def texts(ids: list[int]) -> set[str]:
    return set(Post.objects.filter(deliveries__in=ids).values_list("text", flat=True))


def lateness(arrivals: Iterable[Arrival]) -> list[float]:
    """How long after their time posts were first at the network, in seconds."""
    due = dict(Post.objects.values_list("text", "scheduled_at"))
    firsts = [arrival for arrival in arrivals if arrival.text in due and not arrival.is_repeated]
    return [arrival.at - moment.timestamp() for arrival in firsts if (moment := due[arrival.text])]
