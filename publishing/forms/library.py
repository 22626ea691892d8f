"""What comes into the library, what is said of it, and what is looked for there."""

from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from publishing import labels
from publishing.library_rows import MediaLabel
from publishing.media import USED
from publishing.models import Media

KINDS = {
    "image": Q(content_type__startswith="image/"),
    "video": Q(content_type__startswith="video/"),
    "document": ~Q(content_type__startswith="image/") & ~Q(content_type__startswith="video/"),
}
ONLY = {"unused": ~USED, "used": USED, "undescribed": Q(alt_text="")}


def searched(rows: QuerySet[Media], words: str) -> QuerySet[Media]:
    """Those that have each of the words in their name, their description or a label."""
    for word in words.split():
        labelled = Exists(MediaLabel.objects.filter(media=OuterRef("pk"), name__icontains=word))
        rows = rows.filter(Q(name__icontains=word) | Q(alt_text__icontains=word) | labelled)
    return rows


class UploadForm(forms.Form):
    """One picture; what it really is, is found out from its content."""

    file = forms.FileField(
        label=_("Picture"),
        allow_empty_file=True,
        error_messages={"required": _("Choose a picture."), "invalid": _("Choose a picture.")},
    )


class LabelsField(forms.CharField):
    """Labels between commas; cleaned, a list."""

    def to_python(self, value: Any) -> Any:
        return labels.parse(super().to_python(value) or "")


class MediaForm(forms.ModelForm):  # type: ignore[type-arg]
    """A medium's name, description and labels."""

    labels = LabelsField(
        label=_("Labels"), required=False, max_length=None, help_text=_("Words between commas.")
    )

    class Meta:
        model = Media
        fields = ["name", "alt_text"]
        widgets = {"alt_text": forms.Textarea({"rows": 4, "maxlength": 1500})}
        help_texts = {"alt_text": _("For people who cannot see it; networks that take it are given it.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.initial.setdefault("labels", ", ".join(label.name for label in self.instance.labels.all()))

    def save(self, commit: bool = True) -> Media:
        media: Media = super().save(commit)
        labels.put(media, self.cleaned_data["labels"])
        return media


class LibraryFilter(forms.Form):
    """What to show of the library. A value that makes no sense narrows nothing."""

    q = forms.CharField(
        required=False, max_length=200, label=_("Search"), help_text=_("Name, description, label")
    )
    kind = forms.ChoiceField(
        required=False,
        label=_("Kind"),
        choices=[
            ("", _("All kinds")),
            ("image", _("Pictures")),
            ("video", _("Videos")),
            ("document", _("Documents")),
        ],
    )
    label = forms.ModelChoiceField(
        MediaLabel.objects.none(), required=False, label=_("Label"), empty_label=_("All labels")
    )
    only = forms.ChoiceField(
        required=False,
        label=_("Only"),
        choices=[
            ("", _("Used or not")),
            ("unused", _("In no post")),
            ("used", _("In a post")),
            ("undescribed", _("Without description")),
        ],
    )

    def __init__(self, member: Membership, data: Any) -> None:
        self.member = member
        super().__init__(data, auto_id="filter_%s", label_suffix="")
        self.fields["label"].queryset = MediaLabel.objects.visible_to(member)  # type: ignore[attr-defined]

    def found(self) -> QuerySet[Media]:
        """The workspace's media that are asked for, newest first, each with whether a post holds it."""
        self.is_valid()
        asked = self.cleaned_data
        rows: QuerySet[Media] = Media.objects.visible_to(self.member).annotate(is_used=USED)
        rows = searched(rows, asked.get("q") or "")
        if asked.get("kind"):
            rows = rows.filter(KINDS[asked["kind"]])
        if asked.get("only"):
            rows = rows.filter(ONLY[asked["only"]])
        if asked.get("label"):
            rows = rows.filter(labels=asked["label"])
        return rows.prefetch_related("labels")

    @property
    def is_narrowed(self) -> bool:
        return any(self.cleaned_data.get(name) for name in self.fields)
