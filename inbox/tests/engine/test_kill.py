"""Workers killed with SIGKILL at every line that matters of an answer: it stands at the network at most once.

As `publishing/tests/test_kill.py`, whose worker and whose moments these are.
"""

import signal
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils.timezone import now

from accounts.models import User
from inbox import replying, sending
from inbox.models import Message, Reply, ReplyStep
from inbox.reply_ledger import ReplyLedger
from inbox.tests.engine.desk import Desk
from platforms.tests.contract.drafts import Shelf
from publishing.tests.test_kill import MOMENTS, Deadly, in_a_worker

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]

ANSWER = "At seven, as on every day."
# One that takes keys, one that is looked up, one whose chat is looked up, one where nobody can look.
NETWORKS = (("bluesky", "mention"), ("facebook", "direct"), ("x", "direct"), ("telegram", "direct"))
SEEN = {"facebook", "x", "bluesky"}  # where a look finds out


def answer_and_die(moment: str) -> None:
    """A worker that kills itself at one moment of the answer."""
    Deadly(moment, 1, ReplyLedger).arm()
    for reply in sending.claim("doomed"):
        sending.work(reply)


def go_on(reply: Reply) -> Reply:
    """Workers that live go on until nothing is left to be done; minutes pass on every clock in between."""
    for _ in range(8):
        Reply.objects.filter(due_at__isnull=False).update(
            due_at=now(), lease_until=now() - timedelta(seconds=1)
        )
        for claimed in sending.claim("alive"):
            sending.work(claimed)
        for step in ReplyStep.objects.exclude(first_sent_at=None):
            earlier = step.first_sent_at - timedelta(minutes=2)  # type: ignore[operator]
            ReplyStep.objects.filter(pk=step.pk).update(first_sent_at=earlier)
    reply.refresh_from_db()
    return reply


@pytest.mark.parametrize(("network", "kind"), NETWORKS)
@pytest.mark.parametrize("moment", MOMENTS)
def test_an_answer_stands_once_whenever_the_worker_dies(
    network: str, kind: str, moment: str, desk: Callable[[str], Desk], shelf: Shelf, ada: User
) -> None:
    one = desk(network)
    one.listen()
    one.write(kind)
    one.read()
    reply = replying.reply(Message.objects.get(is_ours=False), ANSWER, ada)

    assert in_a_worker(lambda: answer_and_die(moment)) == signal.SIGKILL
    reply = go_on(reply)

    if reply.state == Reply.State.UNKNOWN:
        assert network not in SEEN, reply.reason
        assert one.answers(ANSWER) <= 1
    else:
        assert reply.state == Reply.State.SENT, reply.reason
        assert one.answers(ANSWER) == 1
        assert Message.objects.filter(text=ANSWER).count() == 1
