"""What people tell the helper, and how a workspace wants it."""

from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from publishing.ai_rows import LONGEST_VOICE, AiProfile
from publishing.forms.fields import ItemsField, LinesField

LONGEST_BRIEF = 4000
LONGEST_MESSAGE = 8000
LONGEST_AUTHOR = 200
TONES = (
    ("", _("As your voice says")),
    ("friendly and personal", _("Friendly")),
    ("matter-of-fact, for people who want the facts", _("Matter-of-fact")),
    ("cheerful, with a wink", _("Cheerful")),
    ("festive", _("Festive")),
    ("urgent, without shouting", _("Urgent")),
)


class HelpForm(forms.Form):
    """The composer's panel: what the post is about, in which tone, and what was suggested."""

    brief = LinesField(
        label=_("What is the post about?"),
        max_length=LONGEST_BRIEF,
        widget=forms.Textarea(
            attrs={
                "rows": 3,
                "placeholder": _("Rye and honey loaf, Friday to Sunday, 5.20 €, order by phone"),
            }
        ),
    )
    tone = forms.ChoiceField(required=False, label=_("Tone"), choices=TONES)
    voice = forms.BooleanField(required=False, initial=True, label=_("In our voice"))
    suggestion = LinesField(label=_("Suggestion"), widget=forms.Textarea(attrs={"rows": 4}))

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, prefix="ai", auto_id="id_%s", label_suffix="")


class ReplyHelpForm(forms.Form):
    """What an answer is drafted from; `most`: how many characters it may have, 0 for any."""

    message = LinesField(required=True, max_length=LONGEST_MESSAGE)
    author = forms.CharField(required=False, max_length=LONGEST_AUTHOR)
    post = LinesField(max_length=LONGEST_MESSAGE)
    most = forms.IntegerField(required=False, min_value=0)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, prefix="ai")


class AiProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """How a workspace wants to sound, what it never says, and what it wants to spend."""

    forbidden_words = ItemsField(
        label=_("Words that are never used"),
        help_text=_("A word or phrase a line. Suggestions that use one are written again, or point it out."),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=2000,
    )

    class Meta:
        model = AiProfile
        fields = ["voice", "forbidden_words", "monthly_budget"]
        widgets = {"voice": forms.Textarea(attrs={"rows": 6, "maxlength": LONGEST_VOICE})}
        help_texts = {
            "voice": _("How you sound: to whom you speak, what you like, a sentence or two as examples."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        budget = self.fields["monthly_budget"]
        most = Decimal(settings.AI_BUDGET)
        budget.widget.attrs |= {"min": 0, "max": str(most), "step": "0.01"}
        budget.help_text = _("At most $%(most)s, which the desk allows; empty: all of it.") % {"most": most}
        self.fields["voice"].required = False

    def clean_monthly_budget(self) -> Decimal | None:
        budget: Decimal | None = self.cleaned_data["monthly_budget"]
        if budget is not None and budget < 0:
            raise forms.ValidationError(_("A budget is not less than nothing."), code="negative")
        if budget is not None and budget > settings.AI_BUDGET:
            raise forms.ValidationError(
                _("This desk allows $%(most)s a month.") % {"most": settings.AI_BUDGET}, code="too_much"
            )
        return budget
