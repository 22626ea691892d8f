"""The twin of YouTube: who lives there, its addresses, what arrives, and how a video looks to the public.

To the desk YouTube Shorts is another network, to YouTube the same service: its twin mounts the same views.
"""

import hashlib
import hmac
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path

from platforms.sandbox import google, wire, world
from platforms.sandbox.insights import grown
from platforms.sandbox.models import Entry, Note, Person
from platforms.sandbox.youtube_comments import (
    answer,
    begin_thread,
    change,
    comments,
    moderate,
    new_id,
    remove,
    threads,
)
from platforms.sandbox.youtube_lists import (
    add_playlist,
    add_playlist_item,
    categories,
    channels,
    playlist_items,
    playlists,
    reports,
)
from platforms.sandbox.youtube_shown import living, privacy_of
from platforms.sandbox.youtube_videos import (
    batch,
    delete,
    insert,
    look_up,
    receive,
    set_thumbnail,
    update,
)
from platforms.sandbox.youtube_wire import WANTS, dialect, serve, stamp

NETWORK = "youtube"
DIALECT = dialect(NETWORK)
WHO = {"unlisted": "Unlisted", "private": "Private"}


def people() -> None:
    settle(NETWORK)


def settle(network: str) -> None:
    """A bakery with all that a channel may have, and two who watch and comment."""
    world.person(
        network,
        "UCmorgenrotBakery0000001",
        "morgenrotbakery",
        "Morgenrot Bakery",
        about="Bread films from a small bakery. New ones on Tuesdays, before the oven cools.",
        colour="#a8451f",
        facts={
            "country": "DE",
            "subscribers": 12_400,
            "playlists": [
                {"id": "PLmorgenrotOven", "title": "At the oven", "items": []},
                {"id": "PLmorgenrotBasics", "title": "Bread basics", "items": []},
            ],
        },
    )
    world.person(
        network,
        "UCkornmuehle00000000002x",
        "kornmuehle",
        "Kornmühle Lindau",
        about="We mill what others bake.",
        colour="#5f6b2a",
        facts={"subscribers": 830, "long_uploads": "eligible"},
    )
    world.person(
        network,
        "UCannikaVogt00000000003x",
        "annikavogt",
        "Annika Vogt",
        about="I watch people bake.",
        colour="#355c8a",
    )


# --- what arrives ---


def arrive(kind: str, person: Person, author: Person, text: str, entry: Entry | None = None) -> Note:
    """Somebody comments on a video, the newest if none is named. `holds_comments` of a person holds it."""
    is_held = bool(person.facts.get("holds_comments"))
    return Note.objects.create(
        network=person.network,
        person=person,
        author=author,
        kind=kind,
        remote_id=new_id(),
        text=text,
        entry=entry or living(person.network).filter(person=person).first(),
        body={"moderation": "heldForReview" if is_held else "published"},
        is_hidden=is_held,
    )


def webhook(note: Note, secret: str) -> tuple[dict[str, str], bytes]:
    """What the hub tells of the video that a note is about: it tells of videos, and of nothing else."""
    assert note.entry is not None  # noqa: S101  (comments of tests stand on videos)
    body = notification(note.entry)
    signature = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    return {"Content-Type": "application/atom+xml", "X-Hub-Signature": f"sha1={signature}"}, body


def notification(entry: Entry) -> bytes:
    """A feed of one video, as the hub sends it on upload and on a change of title or text."""
    channel, video = entry.person.remote_id, entry.remote_id
    title = entry.body["snippet"]["title"].replace("&", "&amp;")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns="http://www.w3.org/2005/Atom">'
        '<link rel="hub" href="https://pubsubhubbub.appspot.com"/>'
        f'<link rel="self" href="https://www.youtube.com/xml/feeds/videos.xml?channel_id={channel}"/>'
        f"<title>YouTube video feed</title><updated>{stamp(entry.created_at)}</updated>"
        f"<entry><id>yt:video:{video}</id><yt:videoId>{video}</yt:videoId><yt:channelId>{channel}</yt:channelId>"
        f'<title>{title}</title><link rel="alternate" href="http://www.youtube.com/watch?v={video}"/>'
        f"<author><name>{entry.person.name}</name><uri>http://www.youtube.com/channel/{channel}</uri></author>"
        f"<published>{stamp(entry.created_at)}</published><updated>{stamp(entry.created_at)}</updated></entry></feed>"
    ).encode()


# --- what people see ---


def face(entry: Entry) -> world.Face:
    """A title, a length, numbers, and what YouTube marks: Shorts, labels, who may see it."""
    body, film = entry.body, entry.body["film"]
    status = body.get("status", {})
    minutes, seconds = divmod(round(film["seconds"]), 60)
    labels = {
        "Includes paid promotion": body.get("paidProductPlacementDetails", {}).get("hasPaidProductPlacement"),
        "Altered or synthetic content": status.get("containsSyntheticMedia"),
        "Made for kids": status.get("selfDeclaredMadeForKids"),
        "Creative Commons": status.get("license") == "creativeCommon",
    }
    facts: dict[str, Any] = {
        "title": body["snippet"]["title"],
        "tags": body["snippet"].get("tags", []),
        "is_short": film["is_short"],
        "length": f"{minutes}:{seconds:02}",
        "views": grown(entry.pk, "views", 5200, entry.created_at),
        "likes": grown(entry.pk, "likes", 340, entry.created_at),
        "subscribers": entry.person.facts.get("subscribers", 0),
        "thumbnail": body.get("thumbnail", ""),
        "labels": [label for label, holds in labels.items() if holds],
        "trouble": "" if body["state"] == "processed" else f"{body['state']}: {body['reason']}",
    }
    return world.Face(note=WHO.get(privacy_of(entry), ""), facts=facts)


def watch(request: HttpRequest, network: str, video_id: str = "") -> HttpResponse:
    """A video's own address."""
    wanted = video_id or request.GET.get("v", "")
    entry = get_object_or_404(Entry, network=network, remote_id=wanted, deleted_at=None)
    return redirect("sandbox-post", network, entry.person.handle, entry.remote_id)


def channel(_request: HttpRequest, network: str, channel_id: str) -> HttpResponse:
    person = get_object_or_404(Person, network=network, remote_id=channel_id)
    return redirect("sandbox-person", network, person.handle)


def urls(dialect: wire.Dialect, label: str) -> list[URLPattern]:
    """YouTube's addresses, of several hosts side by side, for one network of the desk."""
    api, network = "youtube/v3", {"network": dialect.network}
    uploads = serve(dialect, POST=insert, PUT=receive)
    return [
        *google.oauth_urls(dialect, label, WANTS),
        path(f"upload/{api}/videos", uploads),
        path(f"resumable/upload/{api}/videos", uploads),
        path(f"upload/{api}/thumbnails/set", serve(dialect, POST=set_thumbnail)),
        path(f"{api}/videos", serve(dialect, GET=look_up, PUT=update, DELETE=delete)),
        path(f"{api}/videos:batchGetStats", serve(dialect, GET=batch)),
        path(f"{api}/channels", serve(dialect, GET=channels)),
        path(f"{api}/videoCategories", serve(dialect, GET=categories)),
        path(f"{api}/playlists", serve(dialect, GET=playlists, POST=add_playlist)),
        path(f"{api}/playlistItems", serve(dialect, GET=playlist_items, POST=add_playlist_item)),
        path(f"{api}/commentThreads", serve(dialect, GET=threads, POST=begin_thread)),
        path(f"{api}/comments", serve(dialect, GET=comments, POST=answer, PUT=change, DELETE=remove)),
        path(f"{api}/comments/setModerationStatus", serve(dialect, POST=moderate)),
        path("v2/reports", serve(dialect, GET=reports)),
        path("watch", watch, network),
        path("shorts/<str:video_id>", watch, network),
        path("channel/<str:channel_id>", channel, network),
    ]


urlpatterns = urls(DIALECT, "YouTube")
