"""The shape of a durable step: posts and answers keep their books in rows of it (`publishing/ledger.py`)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class DurableStep(models.Model):
    """One durable step of a recipe: what was intended, and what came of it. Each recipe names its steps."""

    class Kind(models.TextChoices):
        REPEAT = "repeat", _("may be repeated")
        ONCE = "once", _("at most once")
        WAIT = "wait", _("waits")

    class State(models.TextChoices):
        OPEN = "open", _("not done")
        SENT = "sent", _("sent, answer not known")
        DONE = "done", _("done")

    name = models.CharField(max_length=40)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    state = models.CharField(max_length=4, choices=State.choices, default=State.OPEN)
    result = models.JSONField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    first_sent_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def is_public(self) -> bool:
        """Whether the network's public may see what this step did."""
        return self.kind == self.Kind.ONCE and self.state != self.State.OPEN
