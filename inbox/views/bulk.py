"""What is pressed for many conversations at once, and taking a press back."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.middleware import MemberRequest
from accounts.permissions import Permission, requires
from inbox import conversations
from inbox.forms.answering import Press
from inbox.forms.filters import ConversationFilter
from inbox.models import Conversation
from inbox.reading import conversations_of
from inbox.undoing import move, undo, undoable
from inbox.views.desk import list_context, query_of


@require_POST
@requires(Permission.WRITE)
def bulk(request: MemberRequest) -> HttpResponse:
    """Done, open, read, given or labelled: all that are ticked."""
    try:
        press = Press(request.member, request.POST)
        count, undo_at = _pressed(request, press, list(press.narrow(conversations_of(request.member))))
    except ValidationError as error:
        context = {**list_context(request), "problem": " ".join(error.messages)}
        return render(request, "inbox/inbox.html", context, status=422)
    except conversations.NotAMember as error:
        return render(
            request, "inbox/inbox.html", {**list_context(request), "problem": str(error)}, status=422
        )
    sentence = ngettext("%(count)d conversation changed.", "%(count)d conversations changed.", count)
    messages.success(request, sentence % {"count": count}, undo_at)
    query = query_of(ConversationFilter(request.member, request.GET))
    return redirect(f"{reverse('inbox:conversation-list')}?{query}")


def _pressed(request: MemberRequest, press: Press, rows: list[Conversation]) -> tuple[int, str]:
    """How many it changed, and where it is taken back ('' where it is not)."""
    if press.action in {"done", "reopen"}:
        change = conversations.close if press.action == "done" else conversations.reopen
        moved, event = move(request.member, rows, change)
        return len(moved), reverse("inbox:undo", args=[event.pk]) if event else ""
    if press.action == "assign":
        return sum(conversations.assign(row, press.assignee, request.user) for row in rows), ""
    if press.action == "read":
        return sum(conversations.mark_read(row, request.user) > 0 for row in rows), ""
    for row in rows if press.label else []:
        row.labels.add(press.label)  # type: ignore[arg-type]
        row.save(update_fields=["changed_at"])
    return len(rows), ""


@require_POST
@requires(Permission.WRITE)
def undo_move(request: MemberRequest, pk: int) -> HttpResponse:
    """Put back what one's own press has just put away."""
    event = get_object_or_404(undoable(request.member, pk))
    count = undo(event)
    if count:
        sentence = ngettext("%(count)d conversation is back.", "%(count)d conversations are back.", count)
        messages.success(request, sentence % {"count": count})
    else:
        messages.warning(request, _("Too late: there is nothing left to put back."))
    moved = [memory["id"] for memory in event.details["conversations"]]
    if len(moved) == 1:
        return redirect("inbox:conversation", moved[0])
    return redirect("inbox:conversation-list")
