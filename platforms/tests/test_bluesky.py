"""The Bluesky client against its twin, over real HTTP."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import responses
from django.utils import timezone
from joserfc.jwk import ECKey
from pytest_django.live_server_helper import LiveServer

from platforms.bluesky import Bluesky
from platforms.content import Part, RateLimit, Token
from platforms.errors import (
    ClientRefused,
    InvalidContent,
    MediaRejected,
    NotFound,
    OutcomeUnknown,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Refused,
    TokenExpired,
    Unavailable,
)
from platforms.ledger import MemoryLedger
from platforms.sandbox.bluesky_wire import did_for
from platforms.sandbox.models import Call, Entry, Fault, Grant, Person, Upload
from platforms.tests.bluesky_world import (
    DyingLedger,
    Killed,
    client,
    consent,
    draft,
    home,
    log_in,
    picture,
    sign_in,
)
from platforms.transport import Answer

DID = did_for("moonrise.test")


@pytest.fixture
def server(live_server: LiveServer) -> str:
    return home(live_server)


@pytest.fixture(params=["oauth", "password"])
def token(request: pytest.FixtureRequest, server: str) -> Token:
    """A token of either kind: whatever works with one works with the other."""
    return sign_in(server) if request.param == "oauth" else log_in(server)


@pytest.fixture
def bluesky(server: str) -> Bluesky:
    return client(server, log_in(server))


def fault(kind: Fault.Kind, path: str = "putRecord", **more: int) -> Fault:
    return Fault.objects.create(network="bluesky", kind=kind, path=path, **more)


def private_key() -> str:
    return json.dumps(ECKey.generate_key("P-256").as_dict(private=True))


def answered(status: int, body: object) -> Answer:
    raw = body if isinstance(body, str) else json.dumps(body)
    return Answer("POST", "https://pds.example/xrpc/com.atproto.repo.putRecord", status, {}, raw.encode())


def standing() -> list[Entry]:
    return list(Entry.objects.filter(network="bluesky", deleted_at=None).order_by("pk"))


# --- signing in ---


def test_oauth_leads_to_the_account_whose_handle_was_typed(server: str) -> None:
    way = client(server).authorize("a-state", {"handle": " @Moonrise.test "})

    back = consent(way)
    token = client(server).exchange(back, way.kept)

    assert back["state"] == "a-state"
    assert token.extra["did"] == DID
    assert token.scopes == Bluesky.scopes
    assert token.expires_at is not None
    assert timedelta(minutes=55) < token.expires_at - timezone.now() < timedelta(minutes=61)
    assert client(server, token).profiles()[0].handle == "moonrise.test"


def test_the_verifier_and_the_key_stay_with_us(server: str) -> None:
    way = client(server).authorize("a-state", {"handle": "moonrise.test"})

    assert str(way.kept["verifier"]) not in way.url
    assert "a-state" not in way.url
    assert str(way.kept["verifier"]) not in repr(way)


def test_a_profile_page_is_a_handle_too(server: str) -> None:
    way = client(server).authorize("a-state", {"handle": "https://bsky.app/profile/moonrise.test"})

    assert way.kept["did"] == DID


def test_denial_is_said_in_words(server: str) -> None:
    way = client(server).authorize("a-state", {"handle": "moonrise.test"})

    with pytest.raises(PermissionMissing, match="not allowed"):
        client(server).exchange(consent(way, "deny"), way.kept)


def test_an_answer_of_another_server_is_refused(server: str) -> None:
    way = client(server).authorize("a-state", {"handle": "moonrise.test"})
    back = consent(way) | {"iss": "https://evil.example"}

    with pytest.raises(Refused, match="did not come from the server"):
        client(server).exchange(back, way.kept)


def test_a_code_works_once(server: str) -> None:
    way = client(server).authorize("a-state", {"handle": "moonrise.test"})
    back = consent(way)
    client(server).exchange(back, way.kept)

    with pytest.raises(TokenExpired):
        client(server).exchange(back, way.kept)


def test_somebody_else_who_signs_in_is_refused(server: str) -> None:
    way = client(server).authorize("a-state", {"handle": "moonrise.test"})
    pushed = Grant.objects.get(facts__has_key="pushed")
    Grant.objects.filter(pk=pushed.pk).update(facts={**pushed.facts, "hint": "inga.test"})

    with pytest.raises(Refused, match="Somebody else"):
        client(server).exchange(consent(way), way.kept)


@pytest.mark.parametrize(
    "typed", ["nobody.test", "not a handle", "plain", "did:plc:../../x", "did:web:evil.test/x?", "did:key:z6"]
)
def test_an_unknown_handle_is_refused(server: str, typed: str) -> None:
    with pytest.raises(InvalidContent, match="knows no account"):
        client(server).authorize("a-state", {"handle": typed})


def test_no_handle_is_refused_before_asking(server: str) -> None:
    with pytest.raises(InvalidContent, match="Type your handle"):
        client(server).authorize("a-state", {"handle": " \u202a"})

    assert not Call.objects.exists()


def test_a_handle_that_its_account_does_not_carry_is_refused(server: str) -> None:
    Person.objects.filter(handle="inga.test").update(facts={"known_as": "somebody-else.test"})

    with pytest.raises(InvalidContent, match="does not carry this handle"):
        client(server).authorize("a-state", {"handle": "inga.test"})


def test_sign_in_needs_https_or_the_machine_itself(server: str) -> None:
    on_plain_http = client(server, redirect_uri="http://desk.example.org/accounts/bluesky/callback/")

    with pytest.raises(ClientRefused, match="https") as refused:
        on_plain_http.authorize("a-state", {"handle": "moonrise.test"})

    assert "app password" in refused.value.action


def test_our_metadata_says_who_we_are() -> None:
    here = "https://desk.example.org/callback"
    public = client("https://bsky.social", redirect_uri=here)
    confidential = client("https://bsky.social", redirect_uri=here, client_secret=private_key())

    document = Bluesky.client_metadata(public.app, "https://desk.example.org")
    signed = Bluesky.client_metadata(confidential.app, "https://desk.example.org")

    assert (
        document["client_id"] == public.client_id == "https://desk.example.org/accounts/bluesky/client.json"
    )
    assert document["redirect_uris"] == ["https://desk.example.org/callback"]
    assert document["token_endpoint_auth_method"] == "none"
    assert signed["token_endpoint_auth_method"] == "private_key_jwt"
    assert "'d'" not in str(signed["jwks"])


def test_an_app_password_leads_to_the_account(server: str) -> None:
    token = client(server).login(
        {"handle": "@moonrise.test", "password": " demo-demo-demo-demo ", "server": ""}
    )

    assert token.extra == {"did": DID, "pds": server}
    assert token.expires_at is not None
    assert timedelta(minutes=115) < token.expires_at - timezone.now() < timedelta(minutes=121)
    assert "demo-demo" not in repr(token)


@pytest.mark.parametrize(
    ("fields", "kind", "words"),
    [
        ({"password": "wrong"}, PermissionMissing, "does not accept this handle and app password"),
        ({"handle": "nobody.test"}, InvalidContent, "knows no account"),
        ({"server": "http://10.0.0.1"}, Refused, "secure connection"),
        ({"server": "https://10.0.0.1"}, Refused, "private network"),
        ({"server": "https://nowhere.invalid"}, Unavailable, "could not be reached"),
    ],
)
def test_a_login_that_cannot_be(
    server: str, fields: dict[str, str], kind: type[PlatformError], words: str
) -> None:
    typed = {"handle": "moonrise.test", "password": "demo-demo-demo-demo", "server": "", **fields}

    with pytest.raises(kind, match=words):
        client(server).login(typed)


def test_the_main_password_is_answered_with_advice(server: str) -> None:
    Person.objects.filter(remote_id=DID).update(facts={"main_password": "hunter2"})

    with pytest.raises(PermissionMissing, match="Make an app password"):
        log_in(server, password="hunter2")


def test_a_server_that_is_none_is_named(server: str, live_server: LiveServer) -> None:
    fields = {"handle": "moonrise.test", "password": "x", "server": f"{live_server.url}/nothing"}

    with pytest.raises(InvalidContent, match="no Bluesky server at"):
        client(server).login(fields)


def test_too_many_logins_wait(server: str) -> None:
    for _ in range(30):
        with pytest.raises(PermissionMissing):
            log_in(server, password="wrong")

    with pytest.raises(RateLimited) as limited:
        log_in(server)

    assert limited.value.retry_at is not None
    assert limited.value.retry_at > datetime.now(UTC)


# --- keeping the token ---


def test_refresh_gives_a_newer_token_that_works(server: str, token: Token) -> None:
    newer = client(server, token).refresh()

    assert newer.access != token.access
    assert newer.refresh != token.refresh
    assert newer.extra == token.extra
    assert client(server, newer).profiles()[0].remote_id == DID


def test_an_expired_token_says_so(server: str, token: Token) -> None:
    Grant.objects.update(access_expires_at=timezone.now() - timedelta(seconds=1))

    with pytest.raises(TokenExpired):
        client(server, token).profiles()


def test_an_old_session_token_leads_to_the_same_successor_for_two_hours(server: str) -> None:
    token = log_in(server)

    first, second = client(server, token).refresh(), client(server, token).refresh()

    assert first.refresh == second.refresh


def test_an_old_session_token_is_dead_after_two_hours(server: str) -> None:
    token = log_in(server)
    client(server, token).refresh()
    Grant.objects.update(refresh_expires_at=timezone.now() - timedelta(seconds=1))

    with pytest.raises(TokenExpired):
        client(server, token).refresh()


def test_a_replayed_oauth_token_ends_the_session(server: str) -> None:
    token = sign_in(server)
    newer = client(server, token).refresh()

    with pytest.raises(TokenExpired):
        client(server, token).refresh()

    with pytest.raises(TokenExpired):
        client(server, newer).refresh()


@pytest.mark.parametrize(
    "kind",
    [Fault.Kind.BROKEN, Fault.Kind.HTML, Fault.Kind.HALF, Fault.Kind.EMPTY, Fault.Kind.DROP_BEFORE],
)
def test_a_blip_at_refresh_never_ends_the_connection(server: str, token: Token, kind: Fault.Kind) -> None:
    path = "oauth/token" if "key" in token.extra else "refreshSession"
    fault(kind, path)

    with pytest.raises((Unavailable, OutcomeUnknown)):
        client(server, token).refresh()


def test_a_limit_at_refresh_never_ends_the_connection(server: str, token: Token) -> None:
    fault(Fault.Kind.LIMITED, "oauth/token" if "key" in token.extra else "refreshSession")

    with pytest.raises((RateLimited, Unavailable)):
        client(server, token).refresh()


def test_revoked_is_gone_and_revoking_again_is_no_fault(server: str, token: Token) -> None:
    client(server, token).revoke()
    client(server, token).revoke()

    with pytest.raises(TokenExpired):
        client(server, token).refresh()


def test_the_account_may_be_gone(server: str) -> None:
    token = log_in(server)
    Person.objects.update(facts={"status": "takendown", "app_password": "demo-demo-demo-demo"})

    with pytest.raises(PermissionMissing, match="taken this account down"):
        client(server, token).refresh()
    with pytest.raises(PermissionMissing, match="taken this account down"):
        log_in(server)


def test_a_confidential_client_signs_its_requests(server: str, live_server: LiveServer) -> None:
    secret = private_key()
    desk = client(server, redirect_uri="https://desk.example.org/callback", client_secret=secret)
    document = Bluesky.client_metadata(desk.app, "https://desk.example.org")
    with responses.RequestsMock() as web:
        web.add_passthru(live_server.url)
        web.get(str(document["client_id"]), json=document)
        way = desk.authorize("a-state", {"handle": "moonrise.test"})
        token = desk.exchange(consent(way), way.kept)
        newer = client(
            server, token, redirect_uri="https://desk.example.org/callback", client_secret=secret
        ).refresh()

        with pytest.raises(ClientRefused):
            client(server, newer, redirect_uri="https://desk.example.org/callback").refresh()

    assert newer.extra["did"] == DID


# --- profiles ---


def test_the_profile_says_who_it_is(server: str, token: Token) -> None:
    [profile] = client(server, token).profiles()

    assert (profile.remote_id, profile.handle, profile.name) == (DID, "moonrise.test", "Moonrise Bakery")
    assert profile.url == f"{server}/profile/moonrise.test"
    assert profile.avatar_url == f"{server}/@moonrise.test/avatar.png"


def test_a_server_without_a_view_of_the_network_still_names_the_account(bluesky: Bluesky) -> None:
    fault(Fault.Kind.BROKEN, "getProfile")

    [profile] = bluesky.profiles()

    assert profile.name == profile.handle == "moonrise.test"


def test_servers_of_the_company_take_larger_pictures(server: str) -> None:
    elsewhere = Bluesky.rules_for({})
    company = Bluesky.rules_for({"image_bytes": 2_000_000})

    assert elsewhere.images.max_bytes == 1_000_000
    assert company.images.max_bytes == 2_000_000
    assert company.text == elsewhere.text


# --- publishing ---


def test_a_text_stands_once_with_all_that_was_said(server: str, token: Token) -> None:
    sent = draft("Warm bread at seven.", language="en", warning="graphic-media")

    published = client(server, token).publish(sent, MemoryLedger())

    [entry] = standing()
    assert published.remote_id == entry.remote_id
    assert published.part_ids == (entry.remote_id,)
    assert published.permalink == f"{server}/profile/{DID}/post/{entry.remote_id.rpartition('/')[2]}"
    assert entry.body == {
        "$type": "app.bsky.feed.post",
        "text": "Warm bread at seven.",
        "createdAt": sent.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "langs": ["en"],
        "labels": {
            "$type": "com.atproto.label.defs#selfLabels",
            "values": [{"val": "graphic-media"}],
        },
    }


def test_nothing_chosen_sends_no_options(bluesky: Bluesky) -> None:
    bluesky.publish(draft("Plain"), MemoryLedger())

    [entry] = standing()
    assert set(entry.body) == {"$type", "text", "createdAt"}


def test_links_mentions_and_tags_live_at_their_bytes(bluesky: Bluesky) -> None:
    text = "Grüße 🥐 an @inga.test, @nobody.test: https://example.org/käse?a=1 #brot"

    bluesky.publish(draft(text), MemoryLedger())

    [entry] = standing()
    raw = text.encode()
    found = {
        raw[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode(): facet["features"]
        for facet in entry.body["facets"]
    }
    kind = "app.bsky.richtext.facet"
    assert found == {
        "@inga.test": [{"$type": f"{kind}#mention", "did": did_for("inga.test")}],
        "https://example.org/käse?a=1": [{"$type": f"{kind}#link", "uri": "https://example.org/käse?a=1"}],
        "#brot": [{"$type": f"{kind}#tag", "tag": "brot"}],
    }


def test_pictures_go_with_their_words_and_their_shape(server: str, token: Token) -> None:
    pictures = (picture("loaf.jpg", alt="A loaf"), picture("bun.png", alt="", size=(20, 90)))

    client(server, token).publish(draft(Part("Fresh", pictures)), MemoryLedger())

    [entry] = standing()
    images = entry.body["embed"]["images"]
    assert [image["alt"] for image in images] == ["A loaf", ""]
    assert [image["aspectRatio"] for image in images] == [
        {"width": 64, "height": 48},
        {"width": 20, "height": 90},
    ]
    assert [upload.content_type for upload in entry.pictures] == ["image/jpeg", "image/png"]
    with pictures[0].open() as stream:
        assert bytes(entry.pictures[0].content) == stream.read()


def test_a_thread_hangs_together(server: str, token: Token) -> None:
    published = client(server, token).publish(draft("One", "Two", "Three"), MemoryLedger())

    one, two, three = standing()
    assert published.part_ids == (one.remote_id, two.remote_id, three.remote_id)
    assert "reply" not in one.body
    assert two.body["reply"]["root"] == two.body["reply"]["parent"]
    assert three.body["reply"]["root"] == two.body["reply"]["root"]
    assert three.body["reply"]["parent"]["uri"] == two.remote_id
    assert [one.parent_id, two.parent_id, three.parent_id] == ["", one.remote_id, two.remote_id]
    assert sorted(published.part_ids) == list(published.part_ids)
    assert one.body["createdAt"] < two.body["createdAt"] < three.body["createdAt"]


def test_two_drafts_of_one_second_are_two_posts(bluesky: Bluesky) -> None:
    first = draft("The same", key="delivery-1")
    second = replace(first, key="delivery-2")

    bluesky.publish(first, MemoryLedger())
    bluesky.publish(second, MemoryLedger())

    assert len(standing()) == 2


def test_the_same_draft_is_never_two_posts_even_with_lost_books(server: str, token: Token) -> None:
    sent = draft("Once", "and only once")

    first = client(server, token).publish(sent, MemoryLedger())
    second = client(server, token).publish(sent, MemoryLedger())

    assert first == second
    assert len(standing()) == 2


def test_a_post_that_was_changed_meanwhile_is_left_as_it_stands(bluesky: Bluesky) -> None:
    sent = draft("Once")
    first = bluesky.publish(sent, MemoryLedger())

    second = bluesky.publish(replace(sent, parts=(Part("Once, but changed"),)), MemoryLedger())

    assert first == second
    assert [entry.text for entry in standing()] == ["Once"]


def test_find_knows_what_stands_and_what_does_not(bluesky: Bluesky) -> None:
    sent = draft("One", "Two")
    before = bluesky.find(sent, sent.created_at)

    published = bluesky.publish(sent, MemoryLedger())

    assert before is None
    assert bluesky.find(sent, sent.created_at) == published


def test_find_needs_no_living_session(server: str, bluesky: Bluesky) -> None:
    sent = draft("One")
    published = bluesky.publish(sent, MemoryLedger())
    Grant.objects.update(revoked_at=timezone.now())

    assert bluesky.find(sent, sent.created_at) == published


@pytest.mark.parametrize("kind", [Fault.Kind.DROP_AFTER, Fault.Kind.HTML, Fault.Kind.HALF, Fault.Kind.EMPTY])
def test_an_answer_that_was_lost_is_looked_up(server: str, token: Token, kind: Fault.Kind) -> None:
    sent, books = draft("Once"), MemoryLedger()
    fault(kind)
    if "key" in token.extra:
        Fault.objects.update(skip=1)  # the first call only learns the nonce

    with pytest.raises(OutcomeUnknown):
        client(server, token).publish(sent, books)
    published = client(server, token).publish(sent, books)

    [entry] = standing()
    assert published.remote_id == entry.remote_id


@pytest.mark.parametrize("kind", [Fault.Kind.DROP_BEFORE, Fault.Kind.BROKEN])
def test_what_did_not_arrive_is_sent_again(bluesky: Bluesky, kind: Fault.Kind) -> None:
    sent, books = draft("Once"), MemoryLedger()
    fault(kind)

    with pytest.raises(OutcomeUnknown):
        bluesky.publish(sent, books)
    assert not standing()
    bluesky.publish(sent, books)

    assert len(standing()) == 1


def test_a_look_that_fails_decides_nothing(bluesky: Bluesky) -> None:
    sent, books = draft("Once"), MemoryLedger()
    fault(Fault.Kind.DROP_AFTER)
    fault(Fault.Kind.HTML, "getRecord")
    with pytest.raises(OutcomeUnknown):
        bluesky.publish(sent, books)

    with pytest.raises(Unavailable):
        bluesky.publish(sent, books)

    assert "post" in books.intents
    assert len(standing()) == 1


STEPS = [
    "address",
    "picture 1 of post 1",
    "mentions of post 1",
    "post 1 of 3",
    "post 2 of 3",
    "picture 1 of post 3",
    "post 3 of 3",
]


@pytest.mark.parametrize("moment", ["before", "during", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_at_any_step_leaves_each_part_once(bluesky: Bluesky, step: str, moment: str) -> None:
    sent = draft(Part("One @inga.test", (picture(),)), "Two", Part("Three", (picture("bun.png"),)))
    books = DyingLedger(step, moment)

    with pytest.raises(Killed):
        bluesky.publish(sent, books)
    published = bluesky.publish(sent, books)

    assert [entry.text for entry in standing()] == ["One @inga.test", "Two", "Three"]
    assert [entry.remote_id for entry in standing()] == list(published.part_ids)
    assert set(books.results) == set(STEPS)


def test_a_picture_that_was_forgotten_is_uploaded_again(bluesky: Bluesky) -> None:
    sent, books = draft(Part("Fresh", (picture(),))), DyingLedger("post", "before")
    with pytest.raises(Killed):
        bluesky.publish(sent, books)
    Upload.objects.all().delete()

    bluesky.publish(sent, books)

    [entry] = standing()
    assert len(entry.pictures) == 1


def test_a_limit_says_when(bluesky: Bluesky) -> None:
    fault(Fault.Kind.LIMITED)

    with pytest.raises(RateLimited) as limited:
        bluesky.publish(draft("Later"), MemoryLedger())

    assert limited.value.retry_at is not None
    assert timedelta(0) < limited.value.retry_at - datetime.now(UTC) < timedelta(minutes=2)


def test_limits_are_passed_on_and_counted(server: str, token: Token) -> None:
    told: list[RateLimit] = []

    client(server, token, observe=told.append).publish(draft("One", "Two"), MemoryLedger())

    points = [limit.remaining for limit in told if limit.limit == 5000]
    assert points == [4998, 4996]


def test_points_run_out(server: str, bluesky: Bluesky) -> None:
    Person.objects.update(facts={"points": 4})

    bluesky.publish(draft("One", "Two"), MemoryLedger())
    with pytest.raises(RateLimited):
        bluesky.publish(draft("Three", key="delivery-2"), MemoryLedger())

    assert len(standing()) == 2


def test_a_revoked_token_says_so_and_nothing_is_in_doubt(bluesky: Bluesky) -> None:
    books = MemoryLedger()
    fault(Fault.Kind.REVOKED)

    with pytest.raises(TokenExpired):
        bluesky.publish(draft("One"), books)

    assert "post" not in books.intents


def test_a_token_that_may_not_write_says_so(server: str) -> None:
    token = sign_in(server)
    Grant.objects.update(scopes=["atproto"])

    with pytest.raises(PermissionMissing, match="may not do that"):
        client(server, token).publish(draft("One"), MemoryLedger())


def test_too_long_is_refused_in_words(bluesky: Bluesky) -> None:
    with pytest.raises(InvalidContent, match="maximum 300, got 301"):
        bluesky.publish(draft("x" * 301), MemoryLedger())


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "ExpiredToken", "message": "Token has expired"}, TokenExpired),
        (400, {"error": "InvalidToken", "message": "Token could not be verified"}, TokenExpired),
        (401, {"error": "AuthMissing", "message": "Authentication Required"}, TokenExpired),
        (401, {"error": "invalid_token", "message": "Invalid token"}, TokenExpired),
        (401, {"error": "use_dpop_nonce", "message": "again"}, Unavailable),
        (401, {"error": "AccountDeactivated", "message": "Account is deactivated"}, PermissionMissing),
        (403, {"error": "ScopeMissingError", "message": 'Missing required scope "x"'}, PermissionMissing),
        (403, {"error": "AccountNotFound", "message": "Account not found"}, PermissionMissing),
        (400, {"error": "InvalidRequest", "message": "insufficient access to x"}, PermissionMissing),
        (400, {"error": "InvalidRequest", "message": "Invalid app.bsky.feed.post record"}, InvalidContent),
        (400, {"error": "InvalidRequest", "message": "blob too big (maximum 1, got 2)"}, MediaRejected),
        (400, {"error": "InvalidRequest", "message": 'Expected "image/*" (got "x")'}, MediaRejected),
        (400, {"error": "BlobNotFound", "message": "Could not find blob"}, MediaRejected),
        (400, {"error": "InvalidMimeType", "message": "Referenced Mimetype"}, MediaRejected),
        (413, {"error": "PayloadTooLarge", "message": "request entity too large"}, MediaRejected),
        (400, {"error": "RecordNotFound", "message": "Could not locate record"}, NotFound),
        (429, {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}, RateLimited),
        (500, {"error": "InternalServerError", "message": "Internal Server Error"}, OutcomeUnknown),
        (502, "<html>Bad gateway</html>", OutcomeUnknown),
        (503, {"error": "NotEnoughResources", "message": ""}, Unavailable),
        (501, {"error": "MethodNotImplemented", "message": "Method Not Implemented"}, NotFound),
    ],
)
def test_each_failure_has_its_kind_and_a_sentence(
    status: int, body: object, kind: type[PlatformError]
) -> None:
    error = Bluesky.classify(answered(status, body))

    assert isinstance(error, kind)
    assert error.message.endswith((".", "?"))
    assert error.status == status


def test_deleting_takes_all_parts_and_deleting_again_is_no_fault(server: str, token: Token) -> None:
    published = client(server, token).publish(draft("One", "Two"), MemoryLedger())

    client(server, token).delete(published)
    client(server, token).delete(published)

    assert not standing()


def test_deleting_stands_a_lost_answer(bluesky: Bluesky) -> None:
    published = bluesky.publish(draft("One"), MemoryLedger())
    fault(Fault.Kind.DROP_AFTER, "deleteRecord")

    with pytest.raises(Unavailable):
        bluesky.delete(published)
    bluesky.delete(published)

    assert not standing()
