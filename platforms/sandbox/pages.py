"""The sandbox's own pages: what is played, who lives here and what they posted, and what shall go wrong."""

import io
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib.staticfiles import finders
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import select_template
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from PIL import Image, ImageDraw, ImageFont

from platforms.sandbox.models import Call, Entry, Fault, Note, Person, Upload
from platforms.sandbox.world import LABELS, NETWORKS, Face, by_name, face
from platforms.sandbox.writing import NoteForm
from platforms.text import entities

SHOWN = frozenset(
    {
        "image/jpeg",
        "image/png",
        "image/gif",
        "image/webp",
        "image/avif",
        "video/mp4",
        "video/webm",
        "application/pdf",
    }
)
SHOWN_POSTS = 200
SHOWN_CALLS = 40
SHOWN_LETTERS = 30
AVATAR_SIDE = 256


# --- home, and what shall go wrong ---


class FaultForm(forms.ModelForm):  # type: ignore[type-arg]
    """Something that shall go wrong; what is left out has its default."""

    network = forms.ChoiceField(choices=[("", "Every network"), *LABELS.items()], required=False)
    method = forms.ChoiceField(
        choices=[("", "Any method"), *((name, name) for name in ("GET", "POST", "PUT", "PATCH", "DELETE"))],
        required=False,
    )
    times = forms.IntegerField(min_value=1, max_value=10_000)
    skip = forms.IntegerField(min_value=0, max_value=10_000)
    seconds = forms.FloatField(min_value=0, max_value=300)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("kind") == Fault.Kind.REFUSED and not cleaned.get("code"):
            self.add_error("code", "Say with which code.")
        return cleaned

    class Meta:
        model = Fault
        fields = ["network", "kind", "path", "method", "times", "skip", "seconds", "code"]


DEFAULTS = {"times": 1, "skip": 0, "seconds": 1.0}


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return _home(request, FaultForm(initial=DEFAULTS))


def _home(request: HttpRequest, form: FaultForm, status: int = 200) -> HttpResponse:
    people = Person.objects.annotate(
        posts=Count("entries", filter=Q(entries__deleted_at=None, entries__parent_id=""))
    ).order_by("pk")
    played = [
        {"network": network, "people": [person for person in people if person.network == network.name]}
        for network in NETWORKS
    ]
    context = {
        "played": played,
        "calls": Call.objects.order_by("-pk")[:SHOWN_CALLS],
        "faults": Fault.objects.filter(times__gt=0).order_by("pk"),
        "form": form,
    }
    return render(request, "sandbox/home.html", context, status=status)


@require_POST
def set_fault(request: HttpRequest) -> HttpResponse:
    form = FaultForm({**DEFAULTS, **request.POST.dict()})
    if not form.is_valid():
        return _home(request, form, status=422)
    form.save()
    return redirect("sandbox-home")


@require_POST
def clear_faults(_request: HttpRequest) -> HttpResponse:
    Fault.objects.all().delete()
    return redirect("sandbox-home")


@csrf_exempt
@require_http_methods(["GET", "POST", "DELETE"])
def control_faults(request: HttpRequest) -> HttpResponse:
    """The same for tests and rehearsals, in JSON."""
    if request.method == "DELETE":
        cleared, _ = Fault.objects.all().delete()
        return JsonResponse({"cleared": cleared})
    if request.method == "GET":
        return JsonResponse({"faults": [fault_json(fault) for fault in Fault.objects.order_by("pk")]})
    try:
        asked = json.loads(request.body)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        return JsonResponse({"errors": {"__all__": ["Send a JSON object."]}}, status=400)
    form = FaultForm({**DEFAULTS, **asked})
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=422)
    return JsonResponse(fault_json(form.save()), status=201)


def fault_json(fault: Fault) -> dict[str, Any]:
    return {"id": fault.pk, **{name: getattr(fault, name) for name in FaultForm.Meta.fields}}


# --- what the public sees ---


@dataclass(frozen=True)
class Piece:
    """A stretch of text, with the address it leads to where it is a link."""

    text: str
    href: str = ""
    is_marked: bool = False


@dataclass(frozen=True)
class Shown:
    """A post as the public sees it, with those that its author hung on it."""

    entry: Entry
    face: Face
    pieces: list[Piece]
    pictures: list[Upload]
    chain: list["Shown"] = field(default_factory=list)

    @property
    def template(self) -> Any:
        """The look of a post on its network."""
        return select_template([f"sandbox/networks/{self.entry.network}.html", "sandbox/networks/plain.html"])

    @property
    def notes(self) -> list[Note]:
        """What people wrote below it."""
        return [note for note in self.entry.notes.all() if not note.is_hidden and note.deleted_at is None]


def person_page(request: HttpRequest, network: str, handle: str) -> HttpResponse:
    person = _person(network, handle)
    return _posts_page(request, person, chains(list(_entries(person)[:SHOWN_POSTS])))


def post_page(request: HttpRequest, network: str, handle: str, remote_id: str) -> HttpResponse:
    """One post and the thread below it."""
    person = _person(network, handle)
    posts = chains(list(_entries(person)))
    found = next(
        (post for top in posts for post in (top, *top.chain) if post.entry.remote_id == remote_id), None
    )
    if found is None:
        raise Http404("There is no such post.")
    return _posts_page(request, person, [found])


def _posts_page(request: HttpRequest, person: Person, posts: list[Shown]) -> HttpResponse:
    label = LABELS.get(person.network, person.network)
    sheet = f"css/sandbox/{person.network}.css"
    letters = person.notes.filter(entry=None, deleted_at=None).select_related("author").order_by("-pk")
    context = {
        "person": person,
        "label": label,
        "posts": posts,
        "look": finders.find(sheet) and sheet,
        "form": NoteForm(person) if by_name(person.network).kinds else None,
        "letters": letters[:SHOWN_LETTERS],
    }
    return render(request, "sandbox/person.html", context)


def _person(network: str, handle: str) -> Person:
    return get_object_or_404(Person, network=network, handle=handle)


def _entries(person: Person) -> Any:
    entries = Entry.objects.filter(person=person, network=person.network, deleted_at=None)
    return entries.select_related("person").prefetch_related("notes__author").order_by("-created_at", "-pk")


def chains(entries: list[Entry]) -> list[Shown]:
    """Posts, newest first; an author's replies to themselves hang on the post that they began with."""
    pictures = _pictures(entries)
    shown = {entry.remote_id: _shown(entry, pictures.get(entry.pk, [])) for entry in entries}
    tops: list[Shown] = []
    for post in shown.values():
        root, seen = post, {post.entry.remote_id}
        while (parent := shown.get(root.entry.parent_id)) and parent.entry.remote_id not in seen:
            root = parent
            seen.add(root.entry.remote_id)
        if root is post:
            tops.append(post)
        else:
            root.chain.insert(0, post)
    return tops


def _pictures(entries: list[Entry]) -> dict[int, list[Upload]]:
    through = Entry.uploads.through.objects
    rows = through.filter(entry__in=entries).select_related("upload").defer("upload__content").order_by("pk")
    pictures: dict[int, list[Upload]] = {}
    for row in rows:
        pictures.setdefault(row.entry_id, []).append(row.upload)
    return pictures


def _shown(entry: Entry, pictures: list[Upload]) -> Shown:
    return Shown(entry, face(entry), pieces(entry.text), pictures)


def pieces(text: str) -> list[Piece]:
    """A text cut at its links, mentions and hashtags."""
    raw, cut, position = text.encode(), [], 0
    for entity in entities(text):
        cut.append(Piece(raw[position : entity.start_byte].decode()))
        href = entity.value if entity.kind == "link" and is_web(entity.value) else ""
        cut.append(Piece(raw[entity.start_byte : entity.end_byte].decode(), href, is_marked=True))
        position = entity.end_byte
    return [*cut, Piece(raw[position:].decode())]


def is_web(url: str) -> bool:
    try:
        return urlsplit(url).scheme in {"http", "https"}
    except ValueError:
        return False


# --- files ---


def upload(_request: HttpRequest, network: str, remote_id: str) -> HttpResponse:
    """A medium's bytes, as what it was found to be, and as nothing that a browser could run."""
    found = Upload.objects.filter(network=network, remote_id=remote_id).first()
    if found is None:
        raise Http404("There is no such picture.")
    kind = found.content_type if found.content_type in SHOWN else "application/octet-stream"
    response = HttpResponse(bytes(found.content), content_type=kind)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=86400"
    return response


def avatar(_request: HttpRequest, network: str, handle: str) -> HttpResponse:
    """A face: the first letter of the name on the person's colour."""
    person = _person(network, handle)
    face = Image.new("RGB", (AVATAR_SIDE, AVATAR_SIDE), _colour(person.colour))
    letter = (person.name or person.handle)[0].upper()
    middle = (AVATAR_SIDE / 2, AVATAR_SIDE / 2)
    ImageDraw.Draw(face).text(middle, letter, "white", ImageFont.load_default(AVATAR_SIDE * 0.55), "mm")
    buffer = io.BytesIO()
    face.save(buffer, "PNG")
    response = HttpResponse(buffer.getvalue(), content_type="image/png")
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _colour(written: str) -> str:
    """The person's colour, or grey where what is written down is none."""
    return written if re.fullmatch("#[0-9a-fA-F]{6}", written) else "#777777"


def not_found(request: HttpRequest, *_: Exception, **__: Exception) -> HttpResponse:
    return render(request, "sandbox/not_found.html", status=404)
