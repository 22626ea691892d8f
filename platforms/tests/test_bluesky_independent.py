"""A client that somebody else wrote (PyPI `atproto`) signs in to, posts to and reads from the twin."""

import time
from collections.abc import Callable

import pytest
import requests
from atproto import Client, client_utils, models
from atproto.exceptions import BadRequestError, UnauthorizedError
from atproto_client.client.raw import ClientRaw as RawClient
from pytest_django.live_server_helper import LiveServer

from platforms.content import MediaFile, Published
from platforms.ledger import MemoryLedger
from platforms.sandbox.bluesky import APP_PASSWORD, CHAT_PASSWORD
from platforms.sandbox.bluesky_wire import did_for
from platforms.tests.bluesky_world import client, draft, home, log_in, picture
from platforms.tests.files import film, medium

Shelf = Callable[[MediaFile], MediaFile]


@pytest.fixture
def server(live_server: LiveServer) -> str:
    return home(live_server)


@pytest.fixture
def theirs(server: str) -> Client:
    independent = Client(server)
    independent.login("moonrise.test", APP_PASSWORD)
    return independent


def test_it_signs_in_and_knows_who_it_is(theirs: Client) -> None:
    assert theirs.me is not None
    assert theirs.me.did == did_for("moonrise.test")
    assert theirs.me.display_name == "Moonrise Bakery"


def test_it_is_refused_with_a_wrong_password(server: str) -> None:
    with pytest.raises(UnauthorizedError) as refused:
        Client(server).login("moonrise.test", "wrong")

    assert refused.value.response is not None
    assert refused.value.response.content.error == "AuthenticationRequired"


def test_it_goes_on_from_a_stored_session(server: str, theirs: Client) -> None:
    stored = theirs.export_session_string()

    again = Client(server)
    again.login(session_string=stored)

    assert again.me is not None
    assert again.me.handle == "moonrise.test"


def test_it_renews_its_session(theirs: Client) -> None:
    before = theirs.export_session_string()

    theirs._refresh_and_set_session()

    assert theirs.export_session_string() != before
    assert theirs.app.bsky.actor.get_profile({"actor": "inga.test"}).display_name == "Inga Lindqvist"


def test_it_posts_rich_text_and_reads_it_back(theirs: Client) -> None:
    text = client_utils.TextBuilder().text("Grüße an ").mention("@inga.test", did_for("inga.test"))
    text.text(": ").link("unser Brot", "https://example.org/brot").text(" ").tag("#brot", "brot")

    made = theirs.send_post(text, langs=["de"])

    [post] = theirs.get_posts([made.uri]).posts
    assert post.cid == made.cid
    assert post.author.handle == "moonrise.test"
    assert post.record.text == "Grüße an @inga.test: unser Brot #brot"
    assert [facet.features[0].py_type.partition("#")[2] for facet in post.record.facets] == [
        "mention",
        "link",
        "tag",
    ]


def test_it_posts_pictures_and_a_thread_and_deletes_them(theirs: Client) -> None:
    with picture().open() as stream:
        root = theirs.send_image("Fresh", stream.read(), "A loaf")
    first = models.create_strong_ref(root)
    reply = theirs.send_post("And warm", reply_to=models.AppBskyFeedPost.ReplyRef(parent=first, root=first))
    records = theirs.app.bsky.feed.post.list(did_for("moonrise.test")).records

    assert set(records) == {root.uri, reply.uri}
    assert records[root.uri].embed.images[0].alt == "A loaf"
    assert theirs.get_posts([root.uri]).posts[0].reply_count == 1
    assert theirs.delete_post(reply.uri)
    assert theirs.delete_post(root.uri)
    assert not theirs.app.bsky.feed.post.list(did_for("moonrise.test")).records


def test_it_posts_a_video(theirs: Client) -> None:
    with film().open() as stream:
        made = theirs.send_video("From our oven", stream.read(), "Loaves in an oven")

    [post] = theirs.get_posts([made.uri]).posts
    assert isinstance(post.embed, models.AppBskyEmbedVideo.View)
    assert post.embed.alt == "Loaves in an oven"


def test_it_hands_a_video_to_the_service_and_posts_what_that_made(server: str, theirs: Client) -> None:
    audience = theirs.com.atproto.server.describe_server().did
    limits_token = service_token(theirs, "did:web:video.bsky.app", "app.bsky.video.getUploadLimits")
    upload_token = service_token(theirs, audience, "com.atproto.repo.uploadBlob")
    service = RawClient(server)

    limits = service.app.bsky.video.get_upload_limits(headers=limits_token)
    job = uploaded(server, upload_token).job_status
    states = [service.app.bsky.video.get_job_status({"job_id": job.job_id}).job_status for _ in range(2)]
    video = models.AppBskyEmbedVideo.Main(video=states[1].blob)
    made = theirs.send_post("From our oven", embed=video)

    assert limits.can_upload
    assert [state.state for state in states] == ["JOB_STATE_ENCODING", "JOB_STATE_COMPLETED"]
    assert theirs.get_posts([made.uri]).posts[0].embed.cid == states[1].blob.cid.encode()


def service_token(theirs: Client, audience: str, method: str) -> dict[str, str]:
    ends = int(time.time()) + 1800
    asked = {"aud": audience, "lxm": method, "exp": ends}
    token = theirs.com.atproto.server.get_service_auth(asked).token
    return {"Authorization": f"Bearer {token}"}


def uploaded(server: str, token: dict[str, str]) -> models.AppBskyVideoUploadVideo.Response:
    """Their library knows no `did` and `name` for this method, which the service wants."""
    with film().open() as stream:
        answer = requests.post(
            f"{server}/xrpc/app.bsky.video.uploadVideo",
            params={"did": did_for("moonrise.test"), "name": "oven.mp4"},
            headers={**token, "Content-Type": "video/mp4"},
            data=stream,
            timeout=20,
        )
    return models.AppBskyVideoUploadVideo.Response.model_validate(answer.json())


def test_it_quotes_likes_and_reposts_and_hears_of_it(server: str, theirs: Client) -> None:
    made = theirs.send_post("Warm bread")
    inga = Client(server)
    inga.login("inga.test", APP_PASSWORD)

    inga.like(made.uri, made.cid)
    inga.repost(made.uri, made.cid)
    ref = models.create_strong_ref(made)
    quote = inga.send_post("Look", embed=models.AppBskyEmbedRecord.Main(record=ref))
    inga.send_post("How early?", reply_to=models.AppBskyFeedPost.ReplyRef(parent=ref, root=ref))

    told = theirs.app.bsky.notification.list_notifications().notifications
    assert sorted(item.reason for item in told) == ["like", "quote", "reply", "repost"]
    [post] = theirs.get_posts([made.uri]).posts
    assert (post.like_count, post.repost_count, post.quote_count, post.reply_count) == (1, 1, 1, 1)
    [shown] = inga.get_posts([quote.uri]).posts
    assert shown.embed.record.value.text == "Warm bread"
    thread = theirs.get_post_thread(made.uri).thread
    assert [reply.post.record.text for reply in thread.replies] == ["How early?"]
    assert [like.actor.handle for like in theirs.get_likes(made.uri).likes] == ["inga.test"]


def test_it_takes_its_like_back(server: str, theirs: Client) -> None:
    made = theirs.send_post("Warm bread")
    like = theirs.like(made.uri, made.cid)

    before = theirs.get_posts([made.uri]).posts[0].viewer.like
    theirs.unlike(like.uri)

    assert before == like.uri
    assert theirs.get_posts([made.uri]).posts[0].like_count == 0


def test_it_reads_the_card_and_the_gate_that_we_made(server: str, theirs: Client, shelf: Shelf) -> None:
    html = b'<title>Bread</title><meta name="description" content="Three days of patience.">'
    page = shelf(medium("bread.html", html, "text/html")).url
    ours = client(server, log_in(server), also_reaches=page)

    published = ours.publish(draft(f"Read {page}", card=True, replies="nobody"), MemoryLedger())

    [post] = theirs.get_posts([published.remote_id]).posts
    assert post.embed.external.title == "Bread"
    assert post.threadgate.record.allow == []


def test_it_talks_in_private_and_we_answer(server: str) -> None:
    inga = Client(server)
    inga.login("inga.test", CHAT_PASSWORD)
    chat = inga.with_bsky_chat_proxy().chat.bsky.convo
    ours = client(server, log_in(server, password=CHAT_PASSWORD))
    convo = chat.get_convo_for_members({"members": [did_for("moonrise.test")]}).convo
    chat.send_message({"convo_id": convo.id, "message": {"text": "How early?"}})

    [message] = ours.messages({}, []).messages
    ours.reply(message, "At seven", MemoryLedger())

    said = chat.get_messages({"convo_id": convo.id}).messages
    assert [told.text for told in said] == ["At seven", "How early?"]
    assert chat.list_convos().convos[0].last_message.text == "At seven"


def test_it_is_refused_what_is_too_long(theirs: Client) -> None:
    with pytest.raises(BadRequestError) as refused:
        theirs.send_post("x" * 301)

    assert refused.value.response is not None
    assert "maximum 300, got 301" in refused.value.response.content.message


def test_it_resolves_handles(theirs: Client) -> None:
    assert theirs.resolve_handle("inga.test").did == did_for("inga.test")
    with pytest.raises(BadRequestError):
        theirs.resolve_handle("nobody.test")


def test_it_reads_what_we_wrote(server: str, theirs: Client) -> None:
    ours = client(server, log_in(server))

    published = ours.publish(draft("One @inga.test", "Two", language="en"), MemoryLedger())

    one, two = theirs.get_posts(list(published.part_ids)).posts
    assert one.record.facets[0].features[0].did == did_for("inga.test")
    assert one.record.langs == ["en"]
    assert two.record.reply.parent.uri == two.record.reply.root.uri == one.uri
    assert two.record.reply.parent.cid == one.cid


def test_we_delete_what_it_wrote(server: str, theirs: Client) -> None:
    made = theirs.send_post("Gone tomorrow")

    client(server, log_in(server)).delete(Published(made.uri, ""))

    assert not theirs.get_posts([made.uri]).posts


def test_it_finds_the_same_facets_as_we_do(server: str, theirs: Client) -> None:
    text = "Hi @inga.test, see https://example.org/a?b=1 and #brot, not @nobody.test."
    ours = client(server, log_in(server))

    published = ours.publish(draft(text), MemoryLedger())

    written = theirs.get_posts([published.remote_id]).posts[0].record.facets
    assert [facet.model_dump() for facet in written] == [
        facet.model_dump() for facet in theirs.detect_facets(text)
    ]
