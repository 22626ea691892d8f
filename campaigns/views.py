"""The campaigns page, and the form that makes and changes one."""

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.middleware import MemberRequest
from accounts.permissions import Permission, requires
from campaigns.forms import CampaignForm
from campaigns.models import Campaign


@require_GET
@requires(Permission.VIEW)
def campaign_list(request: MemberRequest) -> HttpResponse:
    campaigns = Campaign.objects.visible_to(request.member).annotate(post_count=Count("posts"))
    return render(request, "campaigns/campaign_list.html", {"campaigns": campaigns})


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def campaign_create(request: MemberRequest) -> HttpResponse:
    return _edit(request, Campaign(), _("“%(name)s” is ready. Choose it when you write a post."))


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE)
def campaign_edit(request: MemberRequest, pk: int) -> HttpResponse:
    return _edit(request, _campaign_or_404(request, pk), _("“%(name)s” is saved."))


def _edit(request: MemberRequest, campaign: Campaign, sentence: str) -> HttpResponse:
    posted = request.method == "POST"
    form = CampaignForm(request.member.workspace, request.POST if posted else None, instance=campaign)
    if posted and form.is_valid():
        form.save()
        messages.success(request, sentence % {"name": campaign.name})
        return redirect("campaigns:campaign-list")
    return render(request, "campaigns/campaign_form.html", {"form": form}, status=422 if posted else 200)


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


def _campaign_or_404(request: MemberRequest, pk: int) -> Campaign:
    return get_object_or_404(Campaign.objects.visible_to(request.member), pk=pk)
