"""Somebody writes to a person of the sandbox, from its page or by its control endpoint; networks that call
webhooks call them then."""

import json
from urllib.parse import urlsplit

import requests
from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from platforms.sandbox.models import Entry, Grant, Note, Person
from platforms.sandbox.world import Network, by_name

SECRET = "hook-secret"  # noqa: S105  (what the sandbox's networks know our webhook by)
ANSWERS_WITHIN = 10.0  # seconds


class NoteForm(forms.Form):
    """What somebody writes, and below which post (none: the newest)."""

    kind = forms.ChoiceField(label="As")
    author = forms.ModelChoiceField(
        Person.objects.none(), label="Who writes", required=False, to_field_name="handle"
    )
    entry = forms.CharField(required=False)
    text = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, person: Person, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.person, self.network = person, by_name(person.network)
        self.fields["kind"].choices = [(kind, kind.capitalize()) for kind in self.network.kinds]  # type: ignore[attr-defined]
        others = Person.objects.filter(network=person.network).exclude(pk=person.pk).order_by("pk")
        self.fields["author"].queryset = others  # type: ignore[attr-defined]

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        mine = Entry.objects.filter(network=self.person.network, person=self.person, deleted_at=None)
        wanted = cleaned.get("entry")
        entry = (
            mine.filter(remote_id=wanted).first() if wanted else mine.order_by("-created_at", "-pk").first()
        )
        if wanted and entry is None:
            self.add_error("entry", "There is no such post.")
        elif cleaned.get("kind") == "comment" and entry is None:
            self.add_error("kind", "There is no post to comment on yet.")
        return {**cleaned, "post": entry}

    def save(self) -> Note:
        """Write it, as the network has it written."""
        told, twin = self.cleaned_data, self.network.twin
        author = told["author"]
        if author is None or hasattr(twin, "writer"):
            author = twin.writer() if hasattr(twin, "writer") else self.fields["author"].queryset[0]  # type: ignore[attr-defined]
        entry = told["post"] if told["kind"] == "comment" or told["entry"] else None
        note: Note = twin.arrive(told["kind"], self.person, author, told["text"], entry=entry)
        return note


@require_POST
def write(request: HttpRequest, network: str, handle: str) -> HttpResponse:
    """From a person's page, and back to it."""
    person = get_object_or_404(Person, network=network, handle=handle)
    form = NoteForm(person, request.POST)
    if not form.is_valid():
        return HttpResponse("\n".join(problems(form)), content_type="text/plain", status=422)
    call(form.network, form.save(), request)
    return redirect("sandbox-person", network=network, handle=handle)


@csrf_exempt
@require_POST
def control_notes(request: HttpRequest) -> HttpResponse:
    """The same for tests and rehearsals, in JSON: network, handle, kind, text; author and entry if wanted."""
    try:
        asked = json.loads(request.body)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        return JsonResponse({"errors": {"__all__": ["Send a JSON object."]}}, status=400)
    person = get_object_or_404(Person, network=asked.get("network"), handle=asked.get("handle"))
    form = NoteForm(person, asked)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=422)
    note = form.save()
    told = call(form.network, note, request)
    return JsonResponse({"id": note.remote_id, "kind": note.kind, "webhook": told}, status=201)


def problems(form: NoteForm) -> list[str]:
    return [f"{name}: {' '.join(map(str, errors))}" for name, errors in form.errors.items()]


# --- calling ---


def call(network: Network, note: Note, request: HttpRequest) -> int | None:
    """Call the webhook about a note: the status of its answer; None where none is called, or none answers."""
    if not network.tells:
        return None
    headers, body = network.twin.webhook(note, SECRET)
    try:
        answer = requests.post(
            hook_of(network.name, request), data=body, headers=headers, timeout=ANSWERS_WITHIN
        )
    except requests.RequestException:
        return None
    return answer.status_code


def hook_of(network: str, request: HttpRequest) -> str:
    """Where the desk listens: beside the address to which people were last sent back, else right here."""
    back = Grant.objects.filter(network=network).exclude(redirect_uri="").order_by("-pk").first()
    place = urlsplit(back.redirect_uri if back else request.build_absolute_uri(reverse("sandbox-home")))
    return f"{place.scheme}://{place.netloc}/hooks/{network}/"
