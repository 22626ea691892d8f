"""Labels of media: typed as words between commas, kept once a workspace."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from publishing.library_rows import MediaLabel
from publishing.models import Media

MOST = 12
LONGEST = 40


def parse(typed: str) -> list[str]:
    """The labels that were typed, each once however capitalised. Raises ValidationError with a sentence."""
    names: dict[str, str] = {}
    for word in typed.replace("\n", ",").split(","):
        name = " ".join(word.split()).lstrip("#")
        if name:
            names.setdefault(name.casefold(), name)
    return check(names.values())


def check(names: Iterable[str]) -> list[str]:
    """The names, where they may be labels."""
    labels = list(names)
    if len(labels) > MOST:
        sentence = ngettext("%(most)d label at most.", "%(most)d labels at most.", MOST)
        raise ValidationError(sentence % {"most": MOST}, code="too_many_labels")
    if any(len(name) > LONGEST for name in labels):
        raise ValidationError(
            _("A label has %(most)d characters at most.") % {"most": LONGEST}, code="label_too_long"
        )
    return labels


@transaction.atomic
def put(media: Media, names: Iterable[str]) -> None:
    """Make these the labels of a medium; one that differs in capitals only is the one that is there."""
    rows = MediaLabel.objects.filter(workspace_id=media.workspace_id)
    known = {label.name.casefold(): label for label in rows}
    labels = []
    for name in names:
        label = known.get(name.casefold())
        if label is None:
            label, _made = MediaLabel.objects.get_or_create(workspace_id=media.workspace_id, name=name)
            known[name.casefold()] = label
        labels.append(label)
    media.labels.set(labels)
    rows.filter(media=None).delete()
