"""The twin of Facebook Pages: who lives there, what people see, and every address of its Graph."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, include, path, re_path

from platforms.sandbox import facebook_inbox as inbox
from platforms.sandbox import facebook_numbers as numbers
from platforms.sandbox import facebook_oauth as oauth
from platforms.sandbox import facebook_posts as posts
from platforms.sandbox import facebook_videos as videos
from platforms.sandbox import graph, world
from platforms.sandbox.facebook_wire import (
    DIALECT,
    NETWORK,
    acting_page,
    entry_of,
    fields_of,
    methods,
    missing,
    note_of,
    upload_of,
)
from platforms.sandbox.models import Entry, Grant, Note, Person, Upload

__all__ = ["DIALECT", "arrive", "face", "people", "urlpatterns", "webhook"]

BAKERY, CAFE = "104872165938412", "104218859077316"
KINDS = {"reel": "Reel", "story": "Story", "video": "Video"}


def people() -> None:
    """Two Pages, who runs both, and two who write. On the consent page a Page stands for the choice of it."""
    owner = {"id": "10157893046217733", "name": "Lena Vogt"}
    bakery = {"category": "Bakery", "followers": 1843}
    cafe = {"category": "Café", "followers": 612, "address": "Marktplatz 4, Freiburg"}
    bread, cake = "Bread from our own sourdough. Open from six.", "Coffee, cake and the bread from next door."
    pages: tuple[tuple[str, str, str, str, str, dict[str, Any]], ...] = (
        (BAKERY, "morgenrotbakery", "Morgenrot Bakery", bread, "#b4552d", bakery),
        (CAFE, "morgenrotcafe", "Morgenrot Café am Markt", cake, "#6b4a2f", cafe),
    )
    for remote_id, handle, name, about, colour, facts in pages:
        facts |= {"pages": [remote_id], "owner": owner}
        world.person(NETWORK, remote_id, handle, name, about=about, colour=colour, facts=facts)
    business = {"id": "229011483760551", "name": "Morgenrot", "owned_pages": [CAFE]}
    facts = {"pages": [BAKERY], "businesses": [business]}
    world.person(NETWORK, owner["id"], "lena.vogt", owner["name"], colour="#31548f", facts=facts)
    world.person(NETWORK, "10161220457738190", "jonas.feld", "Jonas Feld", colour="#2f6f4f")
    world.person(NETWORK, "10159904412836275", "amira.haddad", "Amira Haddad", colour="#8a3f6b")


def face(entry: Entry) -> world.Face:
    """What Facebook shows around a post."""
    body = entry.body
    facts = {
        **body,
        "kind_label": KINDS.get(body["kind"], ""),
        "host": str(body.get("link", "")).partition("//")[2].partition("/")[0],
        "reactions": posts.reactions(entry),
        "shares": posts.counted(entry, "shares", 30),
    }
    note = f"with {body['collaborator']}" if "collaborator" in body else ""
    return world.Face(note=note, facts=facts)


def arrive(kind: str, person: Person, author: Person, text: str, entry: Entry | None = None) -> Note:
    """Somebody writes to a Page; a comment without a post goes below its latest."""
    if kind == "direct":
        return inbox.write(person, author, kind, text, facts={"with": inbox.psid(author)})
    if kind == "review":
        return inbox.write(person, author, kind, text, facts={"recommendation_type": "positive"})
    if kind == "comment" and entry is None:
        entry = posts.posts_of(person).first()
    return inbox.write(person, author, kind, text, entry if kind == "comment" else None)


def webhook(note: Note, secret: str) -> tuple[dict[str, str], bytes]:
    """A delivery as Facebook sends it, signed with the app's secret."""
    return graph.signed(inbox.delivery(note), secret)


# --- whatever an id names ---


def named(grant: Grant, node: str) -> tuple[Upload | None, Entry | None, Note | None]:
    page = acting_page(grant)
    return upload_of(page, node), entry_of(page, node), note_of(page, node)


@graph.granted(NETWORK)
def read(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    person = Person.objects.filter(network=NETWORK, remote_id=node).first()
    if node == "me":
        is_page = "under" in grant.facts
        return JsonResponse(
            oauth.page_body(request, grant, acting_page(grant)) if is_page else oauth.owner_of(grant)
        )
    if person:
        return JsonResponse(oauth.page_body(request, grant, person))
    asked = graph.asked_fields(request, "created_time,message,description")
    upload, entry, note = named(grant, node)
    if upload:
        is_video = upload.facts["kind"] == "video"
        return JsonResponse(videos.video_body(upload, asked) if is_video else {"id": node})
    if entry:
        return JsonResponse(graph.only(posts.post_body(request, entry), request))
    if note:
        return JsonResponse(graph.only(inbox.comment_body(request, grant, note), request))
    raise missing()


@graph.granted(NETWORK, "pages_manage_engagement")
def change(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    upload, entry, note = named(grant, node)
    if upload and upload.facts["kind"] == "video":
        return videos.change_video(upload, fields_of(request, "description", "name"))
    if entry:
        return posts.change(entry, fields_of(request, "message"))
    if note:
        return inbox.change_comment(note, fields_of(request, "is_hidden", "message"))
    raise missing()


@graph.granted(NETWORK, "pages_manage_posts")
def remove(_request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    upload, entry, note = named(grant, node)
    if upload and upload.facts["kind"] == "photo":
        return posts.remove_photo(upload)
    if entry:
        return posts.remove(entry)
    if note:
        return inbox.remove_comment(note)
    raise missing()


@graph.granted(NETWORK, "pages_manage_posts")
def collaborators(request: HttpRequest, grant: Grant, node: str) -> HttpResponse:
    upload = upload_of(acting_page(grant), node)
    if upload is None:
        raise missing()
    return videos.invite(upload, fields_of(request, "target_id"))


# --- what people open ---


def open_page(_request: HttpRequest, node: str) -> HttpResponse:
    """A person, a Page, or a post by its whole id."""
    page_id = node.partition("_")[0]
    person = Person.objects.filter(network=NETWORK, remote_id=page_id).first()
    person = person or Person.objects.filter(network=NETWORK, handle=node).first()
    if person is None:
        raise Http404("There is nobody here.")
    if "_" in node:
        return redirect("sandbox-post", NETWORK, person.handle, node)
    return redirect("sandbox-person", NETWORK, person.handle)


def open_post(_request: HttpRequest, own: str) -> HttpResponse:
    """A post by its own part of the id, or by its video."""
    entries = Entry.objects.filter(network=NETWORK, deleted_at=None).select_related("person")
    entry = (
        entries.filter(remote_id__endswith=f"_{own}").first() or entries.filter(body__video_id=own).first()
    )
    if entry is None:
        raise Http404("There is no such post.")
    return redirect("sandbox-post", NETWORK, entry.person.handle, entry.remote_id)


GRAPH: list[URLPattern | URLResolver] = [
    path("dialog/oauth", oauth.authorize),
    path("oauth/access_token", methods(GET=oauth.access_token, POST=oauth.access_token)),
    path("debug_token", methods(GET=oauth.debug_token)),
    path("me/accounts", methods(GET=oauth.accounts)),
    path("me/businesses", methods(GET=oauth.businesses)),
    path("me/permissions", methods(GET=oauth.permissions, DELETE=oauth.remove_app)),
    re_path("^(?P<node>[0-9]+)/(?P<edge>owned_pages|client_pages)$", methods(GET=oauth.business_pages)),
    path("<str:node>/feed", methods(GET=posts.feed, POST=posts.publish)),
    path("<str:node>/published_posts", methods(GET=posts.feed)),
    path("<str:node>/posts", methods(GET=posts.feed)),
    path("<str:node>/photos", methods(POST=posts.photo)),
    path("<str:node>/photo_stories", methods(POST=posts.photo_story)),
    path("<str:node>/stories", methods(GET=posts.stories)),
    path("<str:node>/videos", methods(GET=videos.list_videos, POST=videos.videos)),
    path("<str:node>/video_reels", methods(GET=videos.list_reels, POST=videos.video_reels)),
    path("<str:node>/video_stories", methods(POST=videos.video_stories)),
    path("<str:node>/collaborators", methods(POST=collaborators)),
    path("<str:node>/comments", methods(GET=inbox.comments, POST=inbox.comment)),
    path("<str:node>/likes", methods(POST=inbox.likes(is_liked=True), DELETE=inbox.likes(is_liked=False))),
    path("<str:node>/tagged", methods(GET=inbox.tagged)),
    path("<str:node>/ratings", methods(GET=inbox.ratings)),
    path("<str:node>/conversations", methods(GET=inbox.conversations)),
    path("<str:node>/messages", methods(POST=inbox.send)),
    path(
        "<str:node>/subscribed_apps",
        methods(GET=inbox.subscriptions, POST=inbox.subscribe, DELETE=inbox.unsubscribe),
    ),
    path("<str:node>/insights", methods(GET=numbers.of_node)),
    path("<str:node>/video_insights", methods(GET=numbers.of_video)),
    re_path("^(?P<node>[^/]+)/?$", methods(GET=read, POST=change, DELETE=remove)),
]

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^v[0-9]+\.[0-9]/", include(GRAPH)),
    re_path(r"^video-upload/v[0-9]+\.[0-9]/(?P<video_id>[0-9]+)$", videos.rupload),
    re_path("^[0-9]+/(?:posts|videos)/(?P<own>[0-9]+)/?$", open_post),
    re_path("^reel/(?P<own>[0-9]+)/?$", open_post),
    re_path("^stories/[0-9]+_(?P<own>[0-9]+)/?$", open_post),
    re_path("^(?P<node>[A-Za-z0-9_.]+)/?$", open_page),
]
