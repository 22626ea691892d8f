"""Records in a person's own repository, and what makes their text live."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import IO, cast
from urllib.parse import urlsplit

from platforms._atproto_session import AtprotoPlatform, known
from platforms._bluesky_failures import RecordMissing
from platforms._bluesky_post import POST, meaning
from platforms.content import Json
from platforms.errors import Duplicate, OutcomeUnknown
from platforms.ledger import Ledger, repeatable
from platforms.text import entities
from platforms.transport import Answer

WEB = "https://bsky.app"
COMPANY = (".host.bsky.network", "bsky.social")  # servers that always run the newest version
Reference = dict[str, Json]


class BlueskyRepo(AtprotoPlatform):
    @property
    def did(self) -> str:
        return str(self.session["did"])

    @property
    def is_at_company(self) -> bool:
        return (urlsplit(str(self.session["pds"])).hostname or "").endswith(COMPANY)

    @property
    def web(self) -> str:
        """Where people read posts; a server that stands in for the network shows them itself."""
        return WEB if self.app.api_url == type(self).api_url else self.app.api_url

    def permalink(self, uri: str) -> str:
        repo, _collection, key = uri.removeprefix("at://").split("/")
        return f"{self.web}/profile/{repo}/post/{key}"

    # --- writing ---

    def put(self, collection: str, key: str, record: Json, over: str | None = None) -> Reference:
        """Write a record over the version `over`; None: only if there is none under its key."""
        place: dict[str, Json] = {"repo": self.did, "collection": collection, "rkey": key}
        body: Json = {**place, "swapRecord": over, "record": record}
        return reference(self._xrpc("POST", "com.atproto.repo.putRecord", json=body))

    def put_once(
        self, collection: str, key: str, record: Json, beside: Mapping[str, Json] | None = None
    ) -> Reference:
        """Make a record under a key of its own, with others `beside` it; where one stands, it is that one."""
        try:
            if beside:
                return self.put_together(key, {collection: record, **beside})
            return self.put(collection, key, record)
        except (Duplicate, OutcomeUnknown) as error:
            # Several writes at once break the server where the key is taken, and nothing is written.
            is_taken = isinstance(error, Duplicate) or error.status == 500
            there = self.look(key) if is_taken else None
            if there is None:
                raise
            return there

    def put_together(self, key: str, records: Mapping[str, Json]) -> Reference:
        """Write records of several collections under one new key, all or none. The first one's reference."""
        writes: list[Json] = [
            {
                "$type": "com.atproto.repo.applyWrites#create",
                "collection": collection,
                "rkey": key,
                "value": record,
            }
            for collection, record in records.items()
        ]
        body: Json = {"repo": self.did, "writes": writes}
        answer = self._xrpc("POST", "com.atproto.repo.applyWrites", json=body)
        return reference(answer, known(answer, "results", list)[0])

    def erase(self, collection: str, key: str) -> None:
        """Take a record away. Gone already is done."""
        body: Json = {"repo": self.did, "collection": collection, "rkey": key}
        repeatable(partial(self._xrpc, "POST", "com.atproto.repo.deleteRecord", json=body))

    def upload(self, stream: IO[bytes], content_type: str) -> Json:
        """Leave bytes with the account's server; a record must name what this returns, and soon."""
        headers = {"Content-Type": content_type}
        answer = self._xrpc("POST", "com.atproto.repo.uploadBlob", body=stream, headers=headers)
        return cast(Json, known(answer, "blob", dict))

    # --- reading ---

    def record(self, collection: str, key: str, repo: str = "", server: str = "") -> Answer | None:
        """The record under a key, None where there is none: the server that keeps it knows for sure."""
        params = {"repo": repo or self.did, "collection": collection, "rkey": key}
        url = f"{server or self.session['pds']}/xrpc/com.atproto.repo.getRecord"
        try:  # public, so that a session that has ended hides nothing
            return self.accept(self.connection.transport.request("GET", url, params=params))
        except RecordMissing:
            return None

    def look(self, key: str, since: datetime | None = None) -> Reference | None:
        """The account's post under a key."""
        there = self.record(POST, key)
        return reference(there) if there else None

    # --- text ---

    def facets(self, text: str, step: str, ledger: Ledger) -> list[Json]:
        """What makes links, mentions and hashtags live: places in bytes, and what they stand for."""
        found = entities(text)
        handles = sorted({entity.value for entity in found if entity.kind == "mention"})
        dids = ledger.repeat(step, partial(self._dids, handles)) if handles else {}
        return [
            {
                "index": {"byteStart": entity.start_byte, "byteEnd": entity.end_byte},
                "features": [{"$type": f"app.bsky.richtext.facet#{entity.kind}", **feature}],
            }
            for entity in found
            if (feature := meaning(entity, dids))
        ]

    def _dids(self, handles: list[str]) -> dict[str, Json]:
        """Who the handles are; somebody unknown stays plain text."""
        service = str(self.session["pds"])
        return {handle: self.directory.did_of(handle, service=service) for handle in handles}


def reference(answer: Answer, told: Mapping[str, Json] | None = None) -> Reference:
    """Which record it is (uri), in which version (cid): what a reply refers to."""
    said = answer.json if told is None else told
    if not all(isinstance(said.get(name), str) for name in ("uri", "cid")):
        raise answer.doubtful("Bluesky's answer is incomplete.", status=answer.status, detail=answer.text)
    return {"uri": said["uri"], "cid": said["cid"]}
