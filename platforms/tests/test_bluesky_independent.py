"""A client that somebody else wrote (PyPI `atproto`) signs in to, posts to and reads from the twin."""

import pytest
from atproto import Client, client_utils, models
from atproto.exceptions import BadRequestError, UnauthorizedError
from pytest_django.live_server_helper import LiveServer

from platforms.content import Published
from platforms.ledger import MemoryLedger
from platforms.sandbox.bluesky import APP_PASSWORD, people
from platforms.sandbox.bluesky_wire import did_for
from platforms.tests.bluesky_world import client, draft, log_in, picture


@pytest.fixture
def server(live_server: LiveServer) -> str:
    people()
    return f"{live_server.url}/sandbox/bluesky"


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
