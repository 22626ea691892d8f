"""Saved replies, labels and rules: what a team sets its inbox up with."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Max, Model, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.middleware import MemberRequest
from accounts.permissions import Permission, requires
from inbox.forms.setting_up import LabelForm, Named, RuleForm, SavedReplyForm
from inbox.models import Label, ReplyRule, SavedReply
from inbox.rules import dry_run
from inbox.variables import VARIABLES

DRY_RUN_DAYS = 7
SHOWN_MATCHES = 100


def _edit(request: MemberRequest, form: type[Named], row: Model, back: str, template: str) -> HttpResponse:
    """A form for a row, new or old; refused input comes back with 422."""
    sent = request.POST if request.method == "POST" else None
    filled = form(request.member, sent, instance=row)
    if sent is not None and filled.is_valid():
        filled.save()
        messages.success(request, _("“%(name)s” is saved.") % {"name": filled.instance})
        return redirect(back)
    context = {"form": filled, "back": back, "variables": VARIABLES.items()}
    return render(request, template, context, status=200 if sent is None else 422)


def _delete(request: MemberRequest, row: Any, back: str) -> HttpResponse:
    name = str(row)
    row.delete()
    messages.success(request, _("“%(name)s” is deleted.") % {"name": name})
    return redirect(back)


# --- saved replies ---


@require_GET
@requires(Permission.VIEW)
def saved_reply_list(request: MemberRequest) -> HttpResponse:
    rows = SavedReply.objects.visible_to(request.member)
    return render(request, "inbox/saved_reply_list.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def saved_reply_create(request: MemberRequest) -> HttpResponse:
    return _edit(
        request, SavedReplyForm, SavedReply(), "inbox:saved-reply-list", "inbox/saved_reply_form.html"
    )


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def saved_reply_edit(request: MemberRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(SavedReply.objects.visible_to(request.member), pk=pk)
    return _edit(request, SavedReplyForm, row, "inbox:saved-reply-list", "inbox/saved_reply_form.html")


@require_POST
@requires(Permission.WRITE)
def saved_reply_delete(request: MemberRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(SavedReply.objects.visible_to(request.member), pk=pk)
    return _delete(request, row, "inbox:saved-reply-list")


# --- labels ---


@require_GET
@requires(Permission.VIEW)
def label_list(request: MemberRequest) -> HttpResponse:
    counted = Count("conversations", filter=~Q(conversations__state="done"))
    rows = Label.objects.visible_to(request.member).annotate(open_count=counted, count=Count("conversations"))
    return render(request, "inbox/label_list.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def label_create(request: MemberRequest) -> HttpResponse:
    return _edit(request, LabelForm, Label(), "inbox:label-list", "inbox/label_form.html")


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def label_edit(request: MemberRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Label.objects.visible_to(request.member), pk=pk)
    return _edit(request, LabelForm, row, "inbox:label-list", "inbox/label_form.html")


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def label_delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Conversations and rules stay; they only lose the label. The page says how many before."""
    row = get_object_or_404(Label.objects.visible_to(request.member), pk=pk)
    if request.method == "POST":
        return _delete(request, row, "inbox:label-list")
    rules = ReplyRule.objects.visible_to(request.member).filter(label=row).count()
    context = {"label": row, "count": row.conversations.count(), "rules": rules}
    return render(request, "inbox/label_delete.html", context)


# --- rules ---


def _rule(request: MemberRequest, pk: int) -> ReplyRule:
    rows = ReplyRule.objects.visible_to(request.member).select_related("label", "assignee", "workspace")
    return get_object_or_404(rows, pk=pk)


@require_GET
@requires(Permission.VIEW)
def rule_list(request: MemberRequest) -> HttpResponse:
    """In the order in which they are asked."""
    rows = ReplyRule.objects.visible_to(request.member).select_related("label", "assignee")
    counted = rows.prefetch_related("accounts").annotate(
        run_count=Count("runs"), ran_at=Max("runs__created_at")
    )
    return render(request, "inbox/rule_list.html", {"rows": counted})


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def rule_create(request: MemberRequest) -> HttpResponse:
    """It is off until somebody switches it on, and stands last."""
    last = ReplyRule.objects.visible_to(request.member).aggregate(last=Max("position"))["last"]
    new = ReplyRule(position=0 if last is None else last + 1)
    return _edit(request, RuleForm, new, "inbox:rule-list", "inbox/rule_form.html")


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def rule_edit(request: MemberRequest, pk: int) -> HttpResponse:
    return _edit(request, RuleForm, _rule(request, pk), "inbox:rule-list", "inbox/rule_form.html")


@require_POST
@requires(Permission.WRITE)
def rule_switch(request: MemberRequest, pk: int) -> HttpResponse:
    """On or off, as the button says."""
    rule, is_on = _rule(request, pk), request.POST.get("is_on") == "1"
    ReplyRule.objects.filter(pk=rule.pk).update(is_on=is_on)
    sentence = _("“%(name)s” is on.") if is_on else _("“%(name)s” is off.")
    messages.success(request, sentence % {"name": rule})
    return redirect("inbox:rule-list")


@require_POST
@requires(Permission.WRITE)
def rule_move(request: MemberRequest, pk: int) -> HttpResponse:
    """One place up or down."""
    rule = _rule(request, pk)
    step = -1 if request.POST.get("to") == "up" else 1
    with transaction.atomic():
        rows = list(ReplyRule.objects.visible_to(request.member).select_for_update())
        at = next(n for n, row in enumerate(rows) if row.pk == rule.pk)
        rows.insert(max(0, at + step), rows.pop(at))
        for position, row in enumerate(rows):
            row.position = position
        ReplyRule.objects.bulk_update(rows, ["position"])
    return redirect("inbox:rule-list")


@require_POST
@requires(Permission.WRITE)
def rule_delete(request: MemberRequest, pk: int) -> HttpResponse:
    return _delete(request, _rule(request, pk), "inbox:rule-list")


@require_GET
@requires(Permission.VIEW)
def rule_try(request: MemberRequest, pk: int) -> HttpResponse:
    """What it would have done with what came in over the last week. Nothing is sent."""
    rule = _rule(request, pk)
    matches = dry_run(rule, days=DRY_RUN_DAYS)
    context = {"rule": rule, "matches": matches[:SHOWN_MATCHES], "count": len(matches), "days": DRY_RUN_DAYS}
    return render(request, "inbox/rule_try.html", context)
