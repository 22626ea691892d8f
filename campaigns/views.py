"""The campaigns page, the form that makes and changes one, the archive, and links that stay as they are.

A campaign's own page shows numbers, so it stands two floors above: analytics/report_campaign.py.
"""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts.middleware import MemberRequest
from accounts.models import AuditEvent
from accounts.permissions import Permission, requires
from campaigns.forms import CampaignForm, LinksForm
from campaigns.models import Campaign, CampaignQuerySet

PAGE_SIZE = 48


@require_GET
@requires(Permission.VIEW)
def campaign_list(request: MemberRequest) -> HttpResponse:
    """Those that are open; those in the archive under `?show=archived`."""
    rows: CampaignQuerySet = Campaign.objects.visible_to(request.member)
    is_archive = request.GET.get("show") == "archived"
    chosen = rows.archived() if is_archive else rows.open()
    counted = chosen.select_related("workspace").annotate(
        post_count=Count("posts", distinct=True),
        published_count=Count("posts", filter=Q(posts__deliveries__state="published"), distinct=True),
    )
    context = {
        "page": Paginator(counted.order_by("name", "pk"), PAGE_SIZE).get_page(request.GET.get("page")),
        "is_archive": is_archive,
        "has_archived": is_archive or rows.archived().exists(),
    }
    return render(request, "campaigns/campaign_list.html", context)


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def campaign_create(request: MemberRequest) -> HttpResponse:
    return _edit(request, Campaign(), _("“%(name)s” is ready. Choose it when you write a post."))


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def campaign_edit(request: MemberRequest, pk: int) -> HttpResponse:
    return _edit(request, _campaign_or_404(request, pk), _("“%(name)s” is saved."))


def _edit(request: MemberRequest, campaign: Campaign, sentence: str) -> HttpResponse:
    """A page of its own; for htmx the same form in a dialog, which leaves by itself once it is saved."""
    posted = request.method == "POST"
    is_dialog = "HX-Request" in request.headers
    form = CampaignForm(request.member.workspace, request.POST if posted else None, instance=campaign)
    if posted and form.is_valid():
        form.save()
        messages.success(request, sentence % {"name": campaign.name})
        address = campaign.get_absolute_url()
        return HttpResponseClientRedirect(address) if is_dialog else redirect(address)
    template = "campaigns/campaign_form.html" + ("#dialog" if is_dialog else "")
    return render(request, template, {"form": form}, status=422 if posted else 200)


@require_POST
@requires(Permission.WRITE)
def campaign_archive(request: MemberRequest, pk: int) -> HttpResponse:
    """Out of the way of whoever writes; its posts, planned ones too, go on as they are."""
    campaign = _campaign_or_404(request, pk)
    if campaign.archive():
        undo = reverse("campaigns:campaign-restore", args=[pk])
        messages.success(request, _("“%(name)s” is in the archive.") % {"name": campaign.name}, undo)
    return redirect("campaigns:campaign-list")


@require_POST
@requires(Permission.WRITE)
def campaign_restore(request: MemberRequest, pk: int) -> HttpResponse:
    campaign = _campaign_or_404(request, pk)
    if campaign.restore():
        messages.success(request, _("“%(name)s” is back.") % {"name": campaign.name})
    return redirect(campaign.get_absolute_url())


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def campaign_delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Posts stay; they only lose the campaign."""
    campaign = _campaign_or_404(request, pk)
    if request.method != "POST":
        context = {"campaign": campaign, "post_count": campaign.posts.count()}
        return render(request, "campaigns/campaign_delete.html", context)
    campaign.delete()
    messages.success(request, _("“%(name)s” is deleted.") % {"name": campaign.name})
    return redirect("campaigns:campaign-list")


@require_http_methods(["GET", "POST"])
@requires(Permission.MANAGE)
def links(request: MemberRequest) -> HttpResponse:
    """Hosts whose links no campaign of the workspace may touch."""
    posted = request.method == "POST"
    workspace = request.member.workspace
    form = LinksForm(request.POST if posted else None, instance=workspace)
    if posted and form.is_valid():
        form.save()
        AuditEvent.record(request.member, "workspace.changed", workspace, fields=list(form.changed_data))
        messages.success(request, _("Saved. Posts that are out keep their links."))
        return redirect("campaigns:campaign-list")
    return render(request, "campaigns/links.html", {"form": form}, status=422 if posted else 200)


def _campaign_or_404(request: MemberRequest, pk: int) -> Campaign:
    return get_object_or_404(Campaign.objects.visible_to(request.member).select_related("workspace"), pk=pk)
