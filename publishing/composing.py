"""The helper in the composer: what was pressed, what it works on, where the answer goes without script."""

from dataclasses import dataclass

from django.http import Http404, QueryDict
from django.utils.translation import gettext as _

from accounts.models import Membership
from publishing.ai import claude
from publishing.ai.errors import AiError, NothingToDo
from publishing.ai.helping import helper_for
from publishing.ai.values import Events, Room, Suggestion, whole
from publishing.forms.ai import HelpForm
from publishing.forms.post import PostForm
from publishing.models import Media, Post
from publishing.previews import preview
from publishing.renditions import unfitted

APPLIES = frozenset({"insert", "replace", "discard"})
SHORTEST_DESCRIPTION = 100  # characters; of a network that takes fewer the composer says so itself


@dataclass(frozen=True)
class Press:
    """A button of the helper: what it does and, where it is about one account or picture, which."""

    what: str
    pk: int = 0

    @classmethod
    def read(cls, value: str) -> "Press":
        """From a button's value: "optimise", "rewrite-12"."""
        what, _dash, pk = value.partition("-")
        return cls(what, int(pk) if pk.isdecimal() and len(pk) < 19 else 0)


@dataclass(frozen=True)
class Panel:
    """The helper's panel as the page shows it."""

    form: HelpForm
    suggestion: Suggestion | None = None
    problem: str = ""
    said: Suggestion | None = None  # what went straight to its place: a shortened text, a description

    @property
    def is_ai(self) -> bool:
        return claude.is_ready()

    @property
    def is_open(self) -> bool:
        return bool(self.suggestion or self.problem)


def events(form: PostForm, wishes: HelpForm, press: Press) -> Events:
    """What the helper says to a press. Raises AiError; Http404 where there is no such thing to work on."""
    form.is_valid()
    wishes.is_valid()
    said = wishes.cleaned_data
    helper = helper_for(form.member, use_voice=bool(said.get("voice")))
    text = form.cleaned_data.get("text", "")
    match press.what:
        case "generate":
            wrong = " ".join(map(str, wishes.errors.get("brief", [])))
            brief = _needed(said.get("brief", ""), wrong or _("Say first what the post is about."))
            return helper.generate(brief, tone=said.get("tone", ""), rooms=shared_rooms(form))
        case "optimise":
            return helper.optimise(_needed(text), shared_rooms(form))
        case "hashtags":
            return helper.hashtags(_needed(text), shared_rooms(form))
        case "rewrite":
            own, room = _share(form, press.pk)
            return helper.rewrite(_needed(own), room)
        case "alt_text":
            return helper.alt_text(_picture(form, press.pk), _description_room(form))
        case _:
            raise Http404


def _needed(text: str, sentence: str = "") -> str:
    if not text.strip():
        raise NothingToDo(sentence)
    return text


def shared_rooms(form: PostForm) -> list[Room]:
    """The rooms of the accounts that share the post's text, each network's once."""
    content = form.post_input()
    sharing = [target for target in content.targets if target.text is None]
    media = tuple(unfitted(content.media))
    rooms = [Room.of(target.account, dict(target.options), media) for target in sharing]
    return list({str(room): room for room in rooms}.values())


def _share(form: PostForm, pk: int) -> tuple[str, Room]:
    """What one account would get, and its room."""
    content = form.post_input()
    target = next((target for target in content.targets if target.account.pk == pk), None)
    if target is None or pk in {row.account_id for row in form.locked_deliveries}:
        raise Http404
    shown = preview(content, target)
    return shown.text, Room.of(target.account, dict(target.options), unfitted(content.media))


def _picture(form: PostForm, pk: int) -> Media:
    row = next((picture.row for picture in form.pictures if picture.row.pk == pk), None)
    if row is None:
        raise Http404
    return row


def _description_room(form: PostForm) -> int:
    """How long a description may be for all networks that take one."""
    allowed = [room.rules.images.alt_text for room in shared_rooms(form)]
    return max(SHORTEST_DESCRIPTION, min([most for most in allowed if most] or [1500]))


# --- without script ---


def helped(member: Membership, post: Post | None, typed: QueryDict) -> Panel:
    """Do what a pressed button of the helper says to the form that came with it; the page then shows it."""
    press = Press.read(typed.get("ai", ""))
    if press.what in APPLIES:
        _apply(press.what, typed)
    if not press.what or press.what in APPLIES:
        return Panel(HelpForm(typed))
    wishes = HelpForm(typed)
    try:
        suggestion = whole(events(PostForm(member, post, typed), wishes, press))
    except AiError as error:
        return Panel(wishes, problem=error.message)
    if press.pk:
        _put(press, suggestion.text, typed)
        return Panel(wishes, said=suggestion)
    typed["ai-suggestion"] = suggestion.text
    return Panel(HelpForm(typed), suggestion)


def _apply(what: str, typed: QueryDict) -> None:
    """Put the suggestion into the text, or away."""
    suggestion, text = typed.get("ai-suggestion", "").strip(), typed.get("text", "").rstrip()
    if what == "replace":
        typed["text"] = suggestion
    elif what == "insert":
        typed["text"] = "\n\n".join(filter(None, [text, suggestion]))
    typed["ai-suggestion"] = ""


def _put(press: Press, text: str, typed: QueryDict) -> None:
    """A shortened text becomes the account's own, a description its picture's."""
    if press.what == "rewrite":
        typed[f"share-{press.pk}-open"] = typed[f"share-{press.pk}-own"] = "on"
        typed[f"share-{press.pk}-text"] = text
    else:
        typed[f"picture-{press.pk}-alt_text"] = text
