"""What a person does with a conversation: each press is answered by the pieces that it changed."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.middleware import MemberRequest
from accounts.permissions import Permission, requires
from inbox import conversations, moderating, replying
from inbox.around import around
from inbox.forms.answering import NoteForm, PersonForm, ReplyForm, SnoozeForm, colleague, labels_of
from inbox.forms.filters import ConversationFilter
from inbox.models import Conversation, Label, Message, Person, Reply
from inbox.reading import check_answer, conversations_of
from inbox.undoing import move
from inbox.views.desk import conversation_context, list_context, query_of
from platforms.errors import PlatformError

State = Conversation.State


def _conversation(request: MemberRequest, pk: int) -> Conversation:
    return get_object_or_404(conversations_of(request.member), pk=pk)


def acted(
    request: MemberRequest,
    pk: int,
    parts: Iterable[str],
    status: int = 200,
    **extra: Any,
) -> HttpResponse:
    """The pieces that changed; for a browser without script the conversation's page."""
    if not request.htmx and status == 200:  # type: ignore[attr-defined]
        query = query_of(ConversationFilter(request.member, request.GET))
        return redirect(f"{reverse('inbox:conversation', args=[pk])}?{query}")
    row = _conversation(request, pk)
    if request.htmx:  # type: ignore[attr-defined]
        context: dict[str, Any] = {
            "query": query_of(ConversationFilter(request.member, request.GET)),
            "parts": set(parts),
        }
        context |= conversation_context(request, row, around(request.member, [row]), extra.pop("reply", None))
        return render(request, "inbox/_acted.html", {**context, **extra}, status=status)
    context = list_context(request, row)
    context |= conversation_context(request, row, context["around"], extra.pop("reply", None))
    return render(request, "inbox/inbox.html", {**context, **extra}, status=status)


# --- answering ---


@require_POST
@requires(Permission.WRITE)
def reply(request: MemberRequest, pk: int) -> HttpResponse:
    """An answer, queued to be sent once; it may close the conversation."""
    row = _conversation(request, pk)
    form = ReplyForm(row, request.POST)
    if not form.is_valid() or not _queued(request, form):
        return acted(request, pk, ["answer"], 422, reply=form)
    if request.POST.get("then") == "done":
        _move(request, row, conversations.close, _("Answered and done."))
    return acted(request, pk, ["thread", "answer", "head"])


def _queued(request: MemberRequest, form: ReplyForm) -> bool:
    """Whether it is on its way; where not, the form says why."""
    asked = form.cleaned_data
    try:
        replying.reply(asked["message"], asked["text"], request.user, key=asked["key"])
    except replying.Refused as refusal:
        form.add_error("text", ValidationError(f"{refusal.message} {refusal.advice}".strip(), refusal.code))
        return False
    return True


@require_POST
@requires(Permission.WRITE)
def check(request: MemberRequest, pk: int) -> HttpResponse:
    """How long an answer is by the network's count, and what is not filled in."""
    row = _conversation(request, pk)
    return render(request, "inbox/_check.html", {"checked": check_answer(row, request.POST.get("text", ""))})


@require_POST
@requires(Permission.WRITE)
def answer(request: MemberRequest, pk: int) -> HttpResponse:
    """What a person decides about an answer that failed, is unclear, or was not sent yet."""
    rows = Reply.objects.filter(conversation__workspace_id=request.member.workspace_id)
    row = get_object_or_404(rows.select_related("message__conversation__account"), pk=pk)
    decisions: dict[str, Callable[[Reply], bool]] = {
        "retry": replying.retry,
        "cancel": replying.cancel,
        "arrived": lambda each: replying.confirm(each, arrived=True),
        "again": lambda each: replying.confirm(each, arrived=False),
    }
    decide = decisions.get(request.POST.get("press", ""))
    if decide is None:
        raise Http404(_("There is no such press."))
    try:
        if not decide(row):
            messages.warning(request, _("Too late: it has moved on meanwhile."))
    except replying.Refused as refusal:
        messages.error(request, f"{refusal.message} {refusal.advice}".strip())
    return acted(request, row.conversation_id, ["thread", "head"])


@require_POST
@requires(Permission.WRITE)
def moderate(request: MemberRequest, pk: int) -> HttpResponse:
    """Like, hide or delete what somebody wrote, on the network and here."""
    rows = Message.objects.visible_to(request.member).select_related("account", "conversation")
    row = get_object_or_404(rows, pk=pk)
    action = request.POST.get("action", "")
    if action not in moderating.actions_for(row):
        messages.warning(request, _("That is not possible with this message any more."))
        return acted(request, row.conversation_id, ["thread"])
    try:
        moderating.moderate(row, action, request.user)
    except (replying.Refused, PlatformError) as error:
        messages.error(request, error.message)
    return acted(request, row.conversation_id, ["thread"])


# --- whose it is, and where it stands ---


@require_POST
@requires(Permission.WRITE)
def assign(request: MemberRequest, pk: int) -> HttpResponse:
    """Give it to somebody, take it, or give it to nobody."""
    row = _conversation(request, pk)
    named = "me" if "me" in request.POST.getlist("to") else request.POST.get("to", "")
    try:
        to = colleague(request.member, named)
        conversations.assign(row, to, request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except conversations.NotAMember as error:
        messages.error(request, str(error))
    return acted(request, pk, ["head"])


@require_POST
@requires(Permission.WRITE)
def state(request: MemberRequest, pk: int) -> HttpResponse:
    """Done, open again, away until a moment, or unread as before."""
    row = _conversation(request, pk)
    match request.POST.get("to"):
        case State.DONE:
            _move(request, row, conversations.close, _("Done."))
        case State.OPEN:
            _move(request, row, conversations.reopen, _("Open again."))
        case State.SNOOZED:
            form = SnoozeForm(request.member.workspace.zone, request.POST)
            if not form.is_valid():
                messages.error(
                    request, " ".join(map(str, form.non_field_errors())) or _("Choose until when.")
                )
                return acted(request, pk, ["head"], 422)
            until = form.cleaned_data["until"]
            _move(request, row, lambda each: conversations.snooze(each, until), _("Snoozed."))
        case "unread":
            conversations.mark_unread(row)
            return acted(request, pk, ["head"]) if request.htmx else redirect("inbox:conversation-list")  # type: ignore[attr-defined]
        case _state:
            raise Http404(_("There is no such state."))
    return acted(request, pk, ["head"])


def _move(
    request: MemberRequest, row: Conversation, change: Callable[[Conversation], bool], sentence: str
) -> None:
    _moved, event = move(request.member, [row], change)
    if event is not None:
        messages.success(request, sentence, reverse("inbox:undo", args=[event.pk]))


# --- what the team knows ---


@require_POST
@requires(Permission.WRITE)
def labels(request: MemberRequest, pk: int) -> HttpResponse:
    """The labels that are ticked, and a new one where one is typed."""
    row = _conversation(request, pk)
    chosen = labels_of(request.member, request.POST.getlist("label"))
    name = " ".join(request.POST.get("new", "").split())[: Label._meta.get_field("name").max_length]
    if name:
        mine = Label.objects.visible_to(request.member)
        same = mine.filter(name__iexact=name).first()
        chosen.append(same or mine.get_or_create(workspace=request.member.workspace, name=name)[0])
    row.labels.set(chosen)
    row.save(update_fields=["changed_at"])
    return acted(request, pk, ["labels"])


@require_POST
@requires(Permission.WRITE)
def note(request: MemberRequest, pk: int) -> HttpResponse:
    """Something that only the team sees."""
    row = _conversation(request, pk)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return acted(request, pk, ["notes"], 422, note_problem=form.errors["text"][0])
    row.notes.create(user=request.user, text=form.cleaned_data["text"])
    row.save(update_fields=["changed_at"])
    return acted(request, pk, ["notes"])


@require_POST
@requires(Permission.WRITE)
def person(request: MemberRequest, pk: int) -> HttpResponse:
    """What the team should know about somebody."""
    row = get_object_or_404(Person.objects.visible_to(request.member), pk=pk)
    form = PersonForm(request.POST)
    if form.is_valid():
        Person.objects.filter(pk=row.pk).update(note=form.cleaned_data["note"])
        messages.success(request, _("Kept."))
    else:
        messages.error(request, " ".join(map(str, form.errors["note"])))
    asked = request.GET.get("conversation", "")
    theirs = row.conversations.filter(pk=int(asked) if asked.isdecimal() and len(asked) < 19 else 0).first()
    if theirs is None:
        return redirect("inbox:conversation-list")
    return acted(request, theirs.pk, ["person"], 200 if form.is_valid() else 422)
