"""Sending what webhooks are told of: signed, once a turn, again for a day, and no target holds up another.

The row says what is to be done. A turn is claimed by one UPDATE that names its lease; whoever dies has the
lease run out, and the same message is sent again under the same id, which receivers know it by. The requests
leave on threads that touch no database.
"""

import base64
import hmac
import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import notices
from accounts.connections import transport
from accounts.models import Dispatch, Webhook
from accounts.permissions import Permission
from accounts.webhooks import switch_off
from platforms.content import Json
from platforms.errors import PlatformError

log = structlog.get_logger(__name__)

# After a try that failed, the next; the last one leaves about a day after the first.
DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=6),
)
FAILING_FOR = timedelta(days=5)  # without one success: then it is switched off
LEASE = timedelta(minutes=3)  # longer than a request can take
READ_SECONDS = 10.0
ANSWER_BYTES = 100_000
THREADS = 16
AT_ONCE = 2  # to one target, so that a slow one keeps few threads
BUDGET_SECONDS = 200.0  # a task of the cluster is ended after 300
LONGEST_ANSWER = 500
GONE = 410


@dataclass(frozen=True)
class Outcome:
    """What came of a try. `status` is None where there was no answer."""

    status: int | None
    answer: str
    milliseconds: int

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


# --- what leaves ---


def told(dispatch: Dispatch) -> dict[str, Json]:
    """The message as Standard Webhooks has it."""
    happening = dispatch.happening
    return {
        "type": happening.event,
        "timestamp": happening.created_at.isoformat(),
        "data": happening.payload,
    }


def body(dispatch: Dispatch) -> bytes:
    return json.dumps(told(dispatch), separators=(",", ":"), ensure_ascii=False).encode()


def message_id(dispatch: Dispatch) -> str:
    """The same in every try, so that the receiver can leave out what it has had."""
    return f"msg_{dispatch.happening_id}"


def headers(dispatch: Dispatch, content: bytes, moment: datetime) -> dict[str, str]:
    """Id, time and signatures; for a day after a change the old secret signs as well."""
    hook, identity, seconds = dispatch.webhook, message_id(dispatch), str(int(moment.timestamp()))
    secrets = [hook.secret]
    if hook.old_secret and hook.old_secret_until and hook.old_secret_until > moment:
        secrets.append(hook.old_secret)
    signed = f"{identity}.{seconds}.".encode() + content
    return {
        "Content-Type": "application/json",
        "webhook-id": identity,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(signature(secret, signed) for secret in secrets),
    }


def signature(secret: str, signed: bytes) -> str:
    """HMAC-SHA256 with the key that stands in base64 behind `whsec_`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}"


def request(url: str, head: dict[str, str], content: bytes) -> Outcome:
    """One request through the guarded way out. Redirects are answers, never followed."""
    begun = time.monotonic()
    try:
        answer = transport().request(
            "POST", url, headers=head, body=content, read_seconds=READ_SECONDS, most_bytes=ANSWER_BYTES
        )
        status, said = answer.status, answer.text
    except PlatformError as error:
        status, said = None, str(error)
    return Outcome(status, said.replace("\0", "")[:LONGEST_ANSWER], int((time.monotonic() - begun) * 1000))


# --- taking turns ---


def send_due() -> int:
    """Send all that is due. How many requests left."""
    end, sent = time.monotonic() + BUDGET_SECONDS, 0
    with ThreadPoolExecutor(THREADS, "webhook") as pool:
        going: dict[Future[Outcome], Dispatch] = {}
        while True:
            if time.monotonic() < end:
                busy = Counter(dispatch.webhook_id for dispatch in going.values())
                for dispatch in _taken(busy, THREADS - len(going)):
                    content = body(dispatch)
                    head = headers(dispatch, content, now())
                    going[pool.submit(request, dispatch.webhook.url, head, content)] = dispatch
            if not going:
                return sent
            for future in wait(going, return_when=FIRST_COMPLETED).done:
                settle(going.pop(future), future.result())
                sent += 1


def _taken(busy: Counter[int], room: int) -> Iterator[Dispatch]:
    """What is ours to send now: the oldest due, few to a target at once, however much waits for one."""
    while room > 0:
        full = [hook for hook, count in busy.items() if count >= AT_ONCE]
        rows = Dispatch.objects.due(now()).exclude(webhook_id__in=full)
        dispatch = rows.select_related("webhook", "happening").order_by("due_at", "pk").first()
        if dispatch is None:
            return
        if claim(dispatch, now()):
            busy[dispatch.webhook_id] += 1
            room -= 1
            yield dispatch


def claim(dispatch: Dispatch, moment: datetime) -> bool:
    """Take the turn. False if somebody else has it, or it is over."""
    dispatch.tries, dispatch.lease_until = dispatch.tries + 1, moment + LEASE
    rows = Dispatch.objects.due(moment).filter(pk=dispatch.pk, tries=dispatch.tries - 1)
    return rows.update(tries=dispatch.tries, lease_until=dispatch.lease_until) == 1


# --- what came of it ---


@transaction.atomic
def settle(dispatch: Dispatch, outcome: Outcome) -> bool:
    """Write down what came of a try, and when the next is. False if the turn was no longer ours."""
    moment = now()
    changes = _changes(dispatch, outcome, moment)
    mine = Dispatch.objects.filter(
        pk=dispatch.pk, state=Dispatch.State.WAITING, lease_until=dispatch.lease_until
    )
    if not mine.update(**changes):
        return False
    hook = Webhook.objects.filter(pk=dispatch.webhook_id)
    if outcome.is_taken:
        hook.exclude(failing_since=None).update(failing_since=None, problem="")
        return True
    hook.filter(failing_since=None).update(failing_since=moment)
    hook.filter(is_on=True).update(problem=_said(outcome)[:300])
    _judge(hook.get(), outcome, moment, is_given_up=changes["state"] == Dispatch.State.FAILED)
    return True


def _changes(dispatch: Dispatch, outcome: Outcome, moment: datetime) -> dict[str, object]:
    one_try = {
        "at": moment.isoformat(),
        "status": outcome.status,
        "answer": outcome.answer[:200],
        "milliseconds": outcome.milliseconds,
    }
    over = outcome.is_taken or outcome.status == GONE or dispatch.tries > len(DELAYS)
    state = Dispatch.State.WAITING
    if over:
        state = Dispatch.State.DONE if outcome.is_taken else Dispatch.State.FAILED
    return {
        "state": state,
        "due_at": None if over else moment + DELAYS[dispatch.tries - 1],
        "done_at": moment if over else None,
        "lease_until": None,
        "http_status": outcome.status,
        "answer": outcome.answer,
        "history": [*dispatch.history, one_try][-20:],
    }


def _judge(hook: Webhook, outcome: Outcome, moment: datetime, *, is_given_up: bool) -> None:
    """Switch off what is gone or has failed for days, and tell those who can mend it."""
    since = hook.failing_since or moment
    told = {"url": hook.url, "why": _said(outcome)}
    if outcome.status == GONE:
        if switch_off(hook, _said(outcome)):
            sentence = _("The webhook %(url)s is switched off: the address says that it is gone for good.")
            _tell(hook, f"off:{moment:%Y%m%d%H%M}", sentence % told)
    elif moment - since >= FAILING_FOR:
        if switch_off(hook, _said(outcome)):
            sentence = _("The webhook %(url)s is switched off: nothing has arrived for five days. %(why)s")
            _tell(hook, f"off:{moment:%Y%m%d%H%M}", sentence % told)
    elif is_given_up:
        sentence = _("The webhook %(url)s has not taken a message for a day. %(why)s")
        _tell(hook, f"failing:{since:%Y%m%d%H%M%S}", sentence % told)


def _said(outcome: Outcome) -> str:
    """What the target answered, in words."""
    if outcome.status is None:
        return outcome.answer
    if 300 <= outcome.status < 400:
        return _("It answered with a redirect (%(status)d), which is not followed.") % {
            "status": outcome.status
        }
    return _("It answered %(status)d.") % {"status": outcome.status}


def _tell(hook: Webhook, key: str, sentence: str) -> None:
    log.info("webhook trouble", webhook=hook.pk, key=key)
    notices.tell(
        notices.able(hook.workspace_id, Permission.MANAGE),
        kind="webhook_failing",
        key=f"webhook:{hook.pk}:{key}",
        text=sentence,
        url=reverse("accounts:webhook-detail", args=[hook.pk]),
        workspace=hook.workspace,
    )
