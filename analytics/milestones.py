"""Round numbers that were passed, told once each: a reason to be glad."""

from bisect import bisect_right

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import notices
from accounts.models import Account
from publishing.models import Delivery
from publishing.telling import quoted

MILESTONE = "milestone"
VIEWS = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
FOLLOWERS = (
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
)  # fmt: skip


def passed(steps: tuple[int, ...], before: float | None, value: float | None) -> int | None:
    """The highest of the steps that lies between what was known before and now; None: there is none."""
    if value is None or before is None:
        return None
    reached = bisect_right(steps, value)
    return steps[reached - 1] if reached > bisect_right(steps, before) else None


def of_post(delivery: Delivery, before: float | None, views: float | None) -> None:
    """A post that was first asked starts from nothing."""
    step = passed(VIEWS, before or 0, views)
    if step is None:
        return
    text = _("%(post)s has passed %(count)s views on %(account)s.") % {
        "post": quoted(delivery),
        "count": f"{step:,}",
        "account": delivery.account,
    }
    notices.tell(
        notices.writers(delivery.account.workspace_id, delivery.post.author_id),
        kind=MILESTONE,
        key=f"{MILESTONE}:views:{delivery.pk}:{step}",
        text=text,
        url=reverse("analytics:post", args=[delivery.post_id]),
        workspace=delivery.account.workspace,
    )


def of_account(account: Account, before: float | None, followers: float | None) -> None:
    """An account that was connected with its followers has passed nothing here."""
    step = passed(FOLLOWERS, before, followers)
    if step is None:
        return
    text = _("%(account)s has %(count)s followers now.") % {"account": account, "count": f"{step:,}"}
    notices.tell(
        notices.writers(account.workspace_id),
        kind=MILESTONE,
        key=f"{MILESTONE}:followers:{account.pk}:{step}",
        text=text,
        url=reverse("analytics:account", args=[account.pk]),
        workspace=account.workspace,
    )
