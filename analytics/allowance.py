"""What reading may take out of the networks' quotas: never so much that a post would have to wait for it."""

from datetime import datetime
from decimal import Decimal

from django.db.models import Sum

from accounts.models import Account
from publishing.buckets import amount_of, key_of
from publishing.engine_rows import Bucket, Spend

SHARE = Decimal("0.5")  # of a quota may be used up, by posts and reading together, and reading goes on


def room_at(account: Account, moment: datetime) -> datetime:
    """When the account's numbers may be asked: now, or when enough of the fullest quota is free again."""
    latest = moment
    for quota in account.platform.quotas:
        amount = account.platform.reading.get(quota.what)
        if not amount:
            continue
        taken = Spend.objects.filter(
            bucket__key=key_of(account, quota.what, quota.each), at__gt=quota.since(moment), is_turn=False
        )
        used = taken.aggregate(used=Sum("amount"))["used"] or Decimal(0)
        if used + amount_of(amount) <= quota.limit * SHARE:
            continue
        oldest = taken.order_by("at").values_list("at", flat=True).first()
        latest = max(latest, quota.frees(oldest) if oldest else moment + quota.within)
    return latest


def take(account: Account, moment: datetime) -> None:
    """Count a look, where posts are counted too."""
    places = {(quota.what, quota.each) for quota in account.platform.quotas}
    wanted = [(what, each) for what, each in sorted(places) if account.platform.reading.get(what)]
    for what, each in wanted:
        bucket, _new = Bucket.objects.get_or_create(key=key_of(account, what, each))
        amount = amount_of(account.platform.reading[what])
        Spend.objects.create(bucket=bucket, amount=amount, at=moment)
