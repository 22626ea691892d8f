"""The books of an answer: the same promises as those of a post, on steps of its own."""

from datetime import timedelta

from inbox.models import Reply, ReplyStep
from publishing.ledger import Books, StepLedger

# Nobody renews it while a request is under way, so it outlasts the slowest: else a second worker would find
# nothing on the network yet, and send the answer once more.
LEASE = timedelta(minutes=4)


class ReplyLedger(StepLedger):
    books = Books(Reply, ReplyStep, "reply", Reply.State.SENDING, LEASE)

    def __init__(self, reply: Reply, *, may_send: bool = True) -> None:
        super().__init__(reply, reply.steps.all(), may_send=may_send)
