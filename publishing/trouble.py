"""What came to need a person since the last look: failed, unclear, missed. It reads rows and asks no engine.

A delivery is told once for each fence under which it got into trouble, and the mark stands in the transaction
that tells: whoever dies in between has told nothing, and two runs at one moment never tell the same.
"""

from dataclasses import dataclass
from functools import partial

from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils.translation import ngettext

from publishing.models import Delivery, State
from publishing.telling import grouped, quoted, tell_of

BATCH = 500


@dataclass(frozen=True)
class Cause:
    """What several deliveries have in common; being missed is one cause for all accounts."""

    workspace_id: int
    state: str
    code: str
    account_id: int | None

    def __str__(self) -> str:
        return f"{self.workspace_id}:{self.account_id or 'all'}:{self.code}"

    @property
    def deliveries(self) -> list[int]:
        """Which deliveries are in this trouble by now, the newest first."""
        rows = Delivery.objects.filter(
            post__workspace_id=self.workspace_id, state=self.state, reason_code=self.code
        )
        of_account = rows.filter(account_id=self.account_id) if self.account_id else rows
        return list(of_account.order_by("-due_at", "-pk").values_list("pk", flat=True))


def tell_of_trouble() -> int:
    """Tell who may write of what needs them now. How many deliveries were news."""
    told = 0
    while batch := _tell_batch():
        told += batch
    return told


@transaction.atomic
def _tell_batch() -> int:
    held = Delivery.objects.untold().select_for_update(of=("self",), skip_locked=True)
    rows = list(
        held.select_related("post__workspace", "account")
        .defer("account__credentials")
        .order_by("due_at")[:BATCH]
    )
    for cause, hit in grouped(rows, _cause).items():
        about = cause.deliveries or [row.pk for row in hit]
        count = max(len(about), len(hit))
        tell_of(cause.state, str(cause), hit, count, _sentence(cause, hit[0], count), _page(cause), about)
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(told_fence=F("fence"))
    return len(rows)


def _cause(row: Delivery) -> Cause:
    is_everywhere = row.state == State.MISSED
    return Cause(row.post.workspace_id, row.state, row.reason_code, None if is_everywhere else row.account_id)


def _page(cause: Cause) -> str:
    is_missed = cause.state == State.MISSED
    return reverse("publishing:missed") if is_missed else f"{reverse('publishing:queue')}?show=trouble"


def _sentence(cause: Cause, row: Delivery, count: int) -> str:
    """What happened, why, and what to do."""
    told = {
        "post": quoted(row),
        "account": str(row.account),
        "count": count,
        "why": f"{row.reason} {row.advice}".strip(),
    }
    plural = partial(ngettext, number=count)
    if cause.state == State.MISSED:
        sentence = plural(
            "%(post)s was missed. %(why)s", "%(count)d posts were missed. Say what becomes of them."
        )
    elif cause.state == State.UNKNOWN:
        sentence = plural(
            "Nobody knows whether %(post)s is on %(account)s. %(why)s",
            "Nobody knows whether %(count)d posts are on %(account)s. %(why)s",
        )
    else:
        sentence = plural(
            "%(post)s did not go out on %(account)s. %(why)s",
            "%(count)d posts did not go out on %(account)s. %(why)s",
        )
    return sentence % told
