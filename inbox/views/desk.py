"""The inbox: the list, a conversation beside it, and what changed since."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.middleware import MemberRequest
from accounts.permissions import Permission, requires
from inbox.around import Around, around
from inbox.conversations import mark_read
from inbox.forms.answering import ReplyForm, presets
from inbox.forms.filters import SHOWN, ConversationFilter, after, cursor_of, read_cursor
from inbox.models import Conversation, ConversationQuerySet, Kind, Message
from inbox.news import MOST, Stamp, changed, fresh_stamp, next_stamp, nothing_new
from inbox.reading import Asked, Window, conversations_of, history_of, saved_for, thread_of

PAGE_SIZE = 25


@never_cache
@require_GET
@requires(Permission.VIEW)
def conversation_list(request: MemberRequest) -> HttpResponse:
    """The list alone; its next rows where it is asked for those that stand below one."""
    context = list_context(request)
    return render(request, "inbox/inbox.html#rows" if request.htmx else "inbox/inbox.html", context)  # type: ignore[attr-defined]


@never_cache
@require_GET
@requires(Permission.VIEW)
def conversation(request: MemberRequest, pk: int) -> HttpResponse:
    """A conversation, in the whole page with the list beside it. Who may answer has read it then."""
    row = get_object_or_404(conversations_of(request.member), pk=pk)
    if request.member.may_write and row.unread:
        mark_read(row, request.user)
        row.unread = 0
    if request.htmx:  # type: ignore[attr-defined]
        context: dict[str, Any] = {"form": ConversationFilter(request.member, request.GET)}
        context |= {"query": query_of(context["form"]), "is_fragment": True}
        context |= conversation_context(request, row, around(request.member, [row]))
        return render(request, "inbox/_conversation.html", context)
    context = list_context(request, row)
    context |= conversation_context(request, row, context["around"])
    return render(request, "inbox/inbox.html", context)


@never_cache
@require_GET
@requires(Permission.VIEW)
def thread(request: MemberRequest, pk: int) -> HttpResponse:
    """What was written, as it stands now."""
    row = get_object_or_404(conversations_of(request.member), pk=pk)
    if request.member.may_write and row.unread:
        mark_read(row, request.user)
    return render(request, "inbox/_thread.html", {"conversation": row, "thread": thread_of(row)})


@never_cache
@require_GET
def news(request: HttpRequest) -> HttpResponse:
    """The rows that changed since a stamp; 204 where none did."""
    stamp = Stamp.read(request.GET.get("since", ""))
    if stamp is not None and nothing_new(request.session, stamp):
        return HttpResponse(status=204)
    return _news(request, stamp or fresh_stamp())


@requires(Permission.VIEW)
def _news(request: Any, stamp: Stamp) -> HttpResponse:
    everything: ConversationQuerySet = Conversation.objects.visible_to(request.member)
    rows = list(changed(with_people(everything), stamp)[:MOST])
    form = ConversationFilter(request.member, request.GET)
    pks = [row.pk for row in rows]
    fitting = set(form.conversations().filter(pk__in=pks).values_list("pk", flat=True)) if rows else set()
    arrived = Message.objects.filter(conversation__in=pks, is_ours=False, received_at__gt=stamp.at)
    context = {
        "form": form,
        "query": query_of(form),
        "around": around(request.member, rows),
        "rows": sorted((row for row in rows if row.pk in fitting), key=lambda row: (row.last_at, row.pk)),
        "gone": [pk for pk in pks if pk not in fitting],
        "changed": pks,
        "arrived": arrived.count() if rows else 0,
        "stamp": next_stamp(rows, stamp),
    }
    return render(request, "inbox/_news.html", context)


# --- contexts ---


def with_people(rows: ConversationQuerySet) -> ConversationQuerySet:
    """With what a row of the list shows of an account, a person and an assignee."""
    shown = ("account__platform_name", "account__handle", "account__name", "person__name", "person__handle")
    names = ("assignee__name", "assignee__email", "person__platform_name")
    own = [field.attname for field in Conversation._meta.concrete_fields]
    return rows.select_related("account", "person", "assignee").only(*own, *shown, *names)


def list_context(request: MemberRequest, opened: Conversation | None = None) -> dict[str, Any]:
    form = ConversationFilter(request.member, request.GET)
    cursor = read_cursor(request.GET.get("after", ""))
    rows = with_people(form.conversations())
    page = list((after(rows, cursor) if cursor else rows)[: PAGE_SIZE + 1])
    more, page = len(page) > PAGE_SIZE, page[:PAGE_SIZE]
    told = around(request.member, [*page, *([opened] if opened else [])])
    return {
        "form": form,
        "rows": page,
        "next": cursor_of(page[-1]) if more else "",
        "query": query_of(form),
        "around": told,
        "tabs": tabs(form, told),
        "kinds": Kind.choices,
        "stamp": fresh_stamp(),
        "opened": opened,
    }


def tabs(form: ConversationFilter, told: Around) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "query": urlencode({"show": name, **form.asked}),
            "is_current": name == form.shown,
            "count": told.counts.get(name, 0) if name in {"open", "mine", "unassigned", "snoozed"} else 0,
        }
        for name, label in SHOWN.items()
    ]


def query_of(form: ConversationFilter) -> str:
    """The tab and the filters, as they stand in an address."""
    return urlencode({"show": form.shown, **form.asked})


def conversation_context(
    request: MemberRequest, row: Conversation, told: Around, reply: ReplyForm | None = None
) -> dict[str, Any]:
    """All that stands beside the list."""
    saved = saved_for(row)
    chosen = next((filled.text for each, filled in saved if str(each.pk) == request.GET.get("saved")), "")
    asked = _number(request.POST.get("message") or request.GET.get("to"))
    answered = row.messages.filter(pk=asked, is_ours=False, deleted_at=None).select_related("person").first()
    thread = thread_of(row)
    return {
        "conversation": row,
        "opened": row,
        "around": told,
        "thread": thread,
        "window": Window.of(row),
        "reply": reply or ReplyForm(row, text=chosen),
        "answered": answered,
        "asked": Asked.of(row, answered or thread.last_in),
        "saved": saved,
        "history": history_of(row),
        "notes": row.notes.select_related("user"),
        "presets": presets(request.member.workspace.zone),
        "labels": row.shown_labels,  # type: ignore[attr-defined]
    }


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 19 else 0
