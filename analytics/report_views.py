"""Reports: the list, making one, looking at it, its files, its link; and plans that make them."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.middleware import MemberRequest
from accounts.paging import Pages
from accounts.permissions import Permission, requires
from analytics import reports
from analytics.report_forms import PlanForm, ReportForm
from analytics.report_models import Report, ReportPlan
from analytics.report_rows import content
from campaigns.models import Campaign
from publishing.models import Media
from publishing.storage import StorageAway, opened

PAGE_SIZE = 30


@require_GET
@requires(Permission.VIEW)
def report_list(request: MemberRequest) -> HttpResponse:
    """Newest first, and above them the plans."""
    rows = Report.objects.visible_to(request.member).select_related("plan", "created_by", "campaign")
    plans = ReportPlan.objects.visible_to(request.member).select_related("campaign")
    page = Pages(rows.defer("rows"), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "plans": plans.prefetch_related("members__user")}
    return render(request, "analytics/report_list.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def report_create(request: MemberRequest) -> HttpResponse:
    """A report that is made at once, in the background."""
    if request.method != "POST":
        form = ReportForm(request.member, initial=_asked_for(request))
        return render(request, "analytics/report_form.html", {"form": form})
    form = ReportForm(request.member, request.POST)
    if not form.is_valid():
        return render(request, "analytics/report_form.html", {"form": form}, status=422)
    report = form.save()
    reports.ring()
    return redirect(report.get_absolute_url())


def _asked_for(request: MemberRequest) -> dict[str, Any]:
    """What a link to the form may bring along."""
    pk = request.GET.get("campaign", "")
    campaigns = Campaign.objects.visible_to(request.member)
    campaign = campaigns.filter(pk=int(pk)).first() if pk.isdecimal() and len(pk) < 19 else None
    if campaign is None:
        return {"name": _("Report"), "days": "30"}
    return {"name": campaign.name, "campaign": campaign.pk, "days": "campaign"}


@never_cache
@require_GET
@requires(Permission.VIEW)
def report_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """The report; while it is being made, the page looks again by itself."""
    report = _report_or_404(request, pk)
    is_looking_again = "HX-Request" in request.headers
    if is_looking_again and report.state != Report.State.WAITING:
        return HttpResponseClientRefresh()
    context = {"report": report, "content": content(report.rows) if report.rows else None}
    fragment = "#body" if is_looking_again else ""
    return render(request, f"analytics/report_detail.html{fragment}", context)


@require_GET
@requires(Permission.VIEW)
def report_file(request: MemberRequest, pk: int, kind: str) -> HttpResponse:
    return _file(_report_or_404(request, pk), kind)


def _file(report: Report, kind: str) -> HttpResponse:
    if not report.is_ready or kind not in reports.FILES:
        raise Http404
    return attached(report, kind)


def attached(report: Report, kind: str) -> HttpResponse:
    """The file of a report that is ready, to be kept under its name."""
    content_type, draw = reports.FILES[kind]
    return HttpResponse(
        draw(report),
        content_type=content_type,
        headers={"Content-Disposition": reports.attachment(reports.filename(report, kind))},
    )


@require_POST
@requires(Permission.WRITE)
def report_share(request: MemberRequest, pk: int) -> HttpResponse:
    """A link that needs no log-in; one that was there before works no longer."""
    report = _report_or_404(request, pk)
    if report.is_ready:
        report.share()
        messages.success(request, _("Whoever has the link sees this report for thirty days."))
    return redirect(report.get_absolute_url())


@require_POST
@requires(Permission.WRITE)
def report_unshare(request: MemberRequest, pk: int) -> HttpResponse:
    report = _report_or_404(request, pk)
    report.unshare()
    messages.success(request, _("The link works no longer."))
    return redirect(report.get_absolute_url())


@require_POST
@requires(Permission.WRITE)
def report_again(request: MemberRequest, pk: int) -> HttpResponse:
    """What was given up is tried afresh."""
    report = _report_or_404(request, pk)
    failed = Report.objects.filter(pk=report.pk, state=Report.State.FAILED)
    if failed.update(state=Report.State.WAITING, fence=0, problem=""):
        reports.ring()
    return redirect(report.get_absolute_url())


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def report_delete(request: MemberRequest, pk: int) -> HttpResponse:
    report = _report_or_404(request, pk)
    if request.method != "POST":
        return render(request, "analytics/report_delete.html", {"row": report, "is_plan": False})
    report.delete()
    messages.success(request, _("“%(name)s” is deleted.") % {"name": report})
    return redirect("reports:report-list")


def _report_or_404(request: MemberRequest, pk: int) -> Report:
    rows = Report.objects.visible_to(request.member)
    return get_object_or_404(rows.select_related("workspace", "plan", "campaign", "created_by"), pk=pk)


# --- plans ---


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def plan_create(request: MemberRequest) -> HttpResponse:
    return _edit_plan(request, ReportPlan())


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def plan_edit(request: MemberRequest, pk: int) -> HttpResponse:
    return _edit_plan(request, _plan_or_404(request, pk))


def _edit_plan(request: MemberRequest, plan: ReportPlan) -> HttpResponse:
    posted = request.method == "POST"
    form = PlanForm(request.member, request.POST if posted else None, instance=plan)
    if posted and form.is_valid():
        form.save()
        messages.success(request, _("“%(name)s” is saved.") % {"name": plan.name})
        return redirect("reports:report-list")
    return render(request, "analytics/report_plan.html", {"form": form}, status=422 if posted else 200)


@require_POST
@requires(Permission.WRITE)
def plan_switch(request: MemberRequest, pk: int) -> HttpResponse:
    """On or off; switched on, it begins with its next time and makes nothing for those that passed."""
    plan = _plan_or_404(request, pk)
    plan.is_on = not plan.is_on
    plan.set_due(now())
    plan.save(update_fields=["is_on", "due_at", "zone"])
    sentence = _("“%(name)s” goes on.") if plan.is_on else _("“%(name)s” is stopped.")
    messages.success(request, sentence % {"name": plan.name})
    return redirect("reports:report-list")


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def plan_delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Reports that it made stay."""
    plan = _plan_or_404(request, pk)
    if request.method != "POST":
        return render(request, "analytics/report_delete.html", {"row": plan, "is_plan": True})
    plan.delete()
    messages.success(request, _("“%(name)s” is deleted.") % {"name": plan.name})
    return redirect("reports:report-list")


def _plan_or_404(request: MemberRequest, pk: int) -> ReportPlan:
    return get_object_or_404(ReportPlan.objects.visible_to(request.member).select_related("workspace"), pk=pk)


# --- by link, for whoever has it ---


@require_safe
def shared_report(request: HttpRequest, key: str) -> HttpResponse:
    report = _shared_or_404(key)
    if not report.is_shared:
        return _gone(request)
    context = {"report": report, "content": content(report.rows or {}), "key": key}
    return _unlisted(render(request, "analytics/report_shared.html", context))


@require_safe
def shared_file(request: HttpRequest, key: str, kind: str) -> HttpResponse:
    report = _shared_or_404(key)
    return _unlisted(_file(report, kind)) if report.is_shared else _gone(request)


@require_safe
def shared_picture(request: HttpRequest, key: str, pk: int) -> HttpResponse:
    """A picture of one of the report's best posts, and no other."""
    report = _shared_or_404(key)
    if not report.is_shared:
        return _gone(request)
    shown = {row.media for row in content(report.rows or {}).best}
    media = get_object_or_404(Media.objects.filter(workspace_id=report.workspace_id), pk=pk)
    if pk not in shown or not media.thumbnail.name:
        raise Http404
    try:
        with opened(media.thumbnail.storage, media.thumbnail.name) as stored:
            return _unlisted(HttpResponse(stored.read(), content_type="image/webp"))
    except StorageAway as error:
        raise Http404 from error


@require_safe
def shared_logo(request: HttpRequest, key: str) -> HttpResponse:
    """The workspace's logo, beside its name."""
    report = _shared_or_404(key)
    image: bytes | None = getattr(report.workspace, "logo_image", None)
    if not image:
        raise Http404
    return _unlisted(HttpResponse(image, content_type="image/png")) if report.is_shared else _gone(request)


def _shared_or_404(key: str) -> Report:
    return get_object_or_404(Report.objects.shared(key).select_related("workspace"))


def _gone(request: HttpRequest) -> HttpResponse:
    return _unlisted(render(request, "analytics/report_gone.html", status=410))


def _unlisted(response: HttpResponse) -> HttpResponse:
    """Nobody's search, cache or referrer learns of a secret address."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response
