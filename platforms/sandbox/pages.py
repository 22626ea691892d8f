"""The sandbox's own pages: what is played here and who lives in it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from platforms.sandbox.models import Person
from platforms.sandbox.world import NETWORKS


def home(request: HttpRequest) -> HttpResponse:
    people = Person.objects.order_by("network", "pk")
    return render(request, "sandbox/home.html", {"networks": NETWORKS, "people": people})
