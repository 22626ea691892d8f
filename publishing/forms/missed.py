"""What a person presses on the page of missed posts: an action, and what it is for."""

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from publishing.deciding import Decision
from publishing.models import DeliveryQuerySet, State

ALL, TICKED = "all", "ticked"


class Press:
    """The button that was pressed: its name is the decision, its value `all`, `ticked` or a delivery's id."""

    def __init__(self, sent: QueryDict) -> None:
        """ValidationError where no button of ours was pressed, or nothing was ticked."""
        offered = [decision for decision in Decision if State.MISSED in decision.states]
        pressed = [decision for decision in offered if decision in sent]
        if len(pressed) != 1:
            raise ValidationError(_("Choose what shall happen."), code="required")
        self.decision = pressed[0]
        self.scope = sent[self.decision]
        self.ids = self._ids(sent)

    def _ids(self, sent: QueryDict) -> list[int]:
        if self.scope == ALL:
            return []
        named = sent.getlist("delivery") if self.scope == TICKED else [self.scope]
        ids = [int(each) for each in map(str, named) if each.isdecimal() and len(each) < 19]
        if not ids:
            raise ValidationError(_("Tick the posts first."), code="required")
        return ids

    def narrow(self, deliveries: DeliveryQuerySet) -> DeliveryQuerySet:
        """Those of the deliveries that are meant."""
        return deliveries if self.scope == ALL else deliveries.filter(pk__in=self.ids)
