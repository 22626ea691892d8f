"""The books of an answer: the same promises as those of a post, on steps of its own."""

from inbox.models import Reply, ReplyStep
from publishing.ledger import Books, StepLedger


class ReplyLedger(StepLedger):
    books = Books(Reply, ReplyStep, "reply", Reply.State.SENDING)

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply, reply.steps.all())
