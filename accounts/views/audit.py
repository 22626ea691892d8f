"""What was done in the workspace, by whom, when."""

from datetime import datetime, time, timedelta

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import auditing
from accounts.middleware import MemberRequest
from accounts.models import AuditEvent
from accounts.paging import Pages
from accounts.permissions import Permission, requires
from accounts.settings_forms import AuditFilter

PAGE_SIZE = 50


@require_GET
@requires(Permission.MANAGE)
def audit(request: MemberRequest) -> HttpResponse:
    """Newest first, by person, kind and day."""
    form = AuditFilter(request.member, request.GET)
    rows = _chosen(request, form).select_related("user")
    page = Pages(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "form": form,
        "page": page,
        "rows": [(row, auditing.words(row.action), auditing.details(row)) for row in page],
        "query": query.urlencode(),
    }
    return render(request, "accounts/settings_audit.html", context)


@require_GET
@requires(Permission.MANAGE)
def audit_sheet(request: MemberRequest) -> HttpResponseBase:
    """The same rows, all of them, as CSV."""
    events = _chosen(request, AuditFilter(request.member, request.GET))
    response = StreamingHttpResponse(auditing.sheet(events), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="audit-log.csv"'
    return response


def _chosen(request: MemberRequest, form: AuditFilter) -> QuerySet[AuditEvent]:
    """What the filter names; a wrong value filters nothing, and is said."""
    form.is_valid()
    wanted, zone = form.cleaned_data, request.member.workspace.zone
    rows = AuditEvent.objects.visible_to(request.member)
    if wanted.get("user"):
        rows = rows.filter(user=wanted["user"])
    if wanted.get("action"):
        rows = rows.filter(action=wanted["action"])
    if wanted.get("first"):
        rows = rows.filter(created_at__gte=datetime.combine(wanted["first"], time.min, zone))
    if wanted.get("last"):
        rows = rows.filter(
            created_at__lt=datetime.combine(wanted["last"] + timedelta(days=1), time.min, zone)
        )
    return rows
