"""Why there is no answer: one sentence each, for people, and a code for programs."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from publishing.ai_rows import AiUse


class AiError(Exception):
    """No answer, or none that is whole. `message` is for people, `detail` for whoever looks into it."""

    code = "ai_unavailable"
    status = 503
    outcome = AiUse.Outcome.FAILED
    sentence: str | Promise = _("The AI service cannot be reached just now. Try again in a minute.")

    def __init__(self, sentence: str | Promise = "", *, detail: str = "") -> None:
        self.message = str(sentence or self.sentence)
        self.detail = detail or self.message
        super().__init__(self.message)


class Unavailable(AiError):
    """Nothing came back; asking again later may help."""


class Busy(Unavailable):
    """Too many answers are on their way in this process."""

    sentence = _("Several people are being helped at this moment. Try again in a few seconds.")


class Declined(AiError):
    """The model does not want to."""

    code = "ai_refused"
    status = 422
    outcome = AiUse.Outcome.REFUSED
    sentence = _("The AI declined to write this. Put it in other words, or write it yourself.")


class CutOff(AiError):
    """The answer ended before its end; nothing of it is used."""

    code = "ai_cut_off"
    status = 502
    outcome = AiUse.Outcome.CUT_OFF
    sentence = _("The answer broke off in the middle, so nothing of it was used. Try again.")


class NothingToDo(AiError):
    """There is no material to work on."""

    code = "ai_nothing_to_do"
    status = 422
    sentence = _("Write something first.")


class BudgetSpent(AiError):
    """The month's money is used up."""

    code = "ai_budget_spent"
    status = 402
    sentence = _("This month's budget for AI is used up. An owner can raise it under Settings, AI.")
