"""Threads' containers: made out of sight, published once, and looked for where an answer was lost."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from platforms._meta import HOUR, GraphPlatform, container, moment, processed
from platforms._threads_post import Params, is_same
from platforms.content import Json
from platforms.errors import MediaRejected, NotFound, OutcomeUnknown, RateLimited, Unavailable
from platforms.failures import Said
from platforms.ledger import Ledger
from platforms.transport import Answer

MOST_TRIES = 9  # containers made anew because one failed
PAGE, MOST_PAGES = 100, 5
CLOCKS_DIFFER = timedelta(minutes=2)
SETTLES = timedelta(seconds=10)  # a publishing that we hung up on may still be under way
INDEX_LAG = timedelta(seconds=60)  # for so long a new post may be missing from the lists
READY = frozenset({"FINISHED", "PUBLISHED"})
# What may be used up in 24 hours: our word, and where `threads_publishing_limit` tells it.
ROOM = {
    "posts": ("quota_usage", "config"),
    "replies": ("reply_quota_usage", "reply_config"),
    "deletes": ("delete_quota_usage", "delete_config"),
}


class ThreadsContainers(GraphPlatform):
    version = "v1.0"
    proves_secret = False

    def stand(
        self,
        ledger: Ledger,
        step: str,
        params: Params,
        needs: Mapping[str, int],
        also: Mapping[str, Json] = {},
    ) -> Params:
        """What became of a post: its id, and what the network says of its way to Instagram.

        `needs`: how much of the day's room must be left; `also`: what is said when it is published.
        """
        first = f"prepare {step.partition(' of ')[0]}"
        container_id, made_by = self.prepare(ledger, first, params)
        send = partial(self._publish, container_id, needs, also)
        look = partial(self._look, container_id, made_by == first, params)
        return ledger.once(step, send, find=look)

    def prepare(self, ledger: Ledger, step: str, params: Params) -> tuple[str, str]:
        """A ready container, and the step that made it; one that failed in an earlier try is made anew."""
        for n in range(1, MOST_TRIES + 1):
            name = step if n == 1 else f"{step} #{n}"
            container_id, made_by = container(ledger, name, partial(self._make, params))
            status, news = self._outcome(ledger, made_by, container_id)
            if status in READY:
                return container_id, made_by
            if news:
                raise self.classify(news)
        raise MediaRejected("Threads could not prepare this, however often it was tried.")

    def _make(self, params: Params) -> str:
        answer = self.graph("POST", "me/threads", form=params)
        return _id_in(answer)

    def _outcome(self, ledger: Ledger, step: str, container_id: str) -> tuple[str, Answer | None]:
        """How a container ended, with Threads' own words where they were not known before this try."""
        looks: list[Answer] = []

        def is_over() -> bool:
            params: Params = {"fields": "id,status,error_message"}
            looks.append(self.graph("GET", container_id, params=params))
            return looks[-1].json.get("status") != "IN_PROGRESS"

        def status() -> str:
            if not looks:
                is_over()
            return str(looks[-1].json.get("status"))

        processed(ledger, step, is_over)
        ended = ledger.repeat(f"{step} result", status)
        return ended, looks[-1] if looks else None

    def _publish(self, container_id: str, needs: Mapping[str, int], also: Mapping[str, Json]) -> Params:
        self.ask_for_room(needs)
        try:
            answer = self.graph("POST", "me/threads_publish", form={"creation_id": container_id, **also})
        except NotFound as error:
            if self._status(container_id) == "PUBLISHED":
                raise OutcomeUnknown("Threads has published this already.", detail=error.detail) from error
            # For some seconds a finished container is "not there" (24/4279009): the same one is sent again.
            message = "Threads does not find what was prepared (yet)."
            raise Unavailable(message, status=error.status, detail=error.detail) from error
        return {"id": _id_in(answer), "instagram": answer.json.get("crossreshare_to_ig_status") or ""}

    def ask_for_room(self, needs: Mapping[str, int]) -> None:
        """RateLimited where the account has used up what it needs of its rolling 24 hours."""
        names = ",".join(name for need in needs for name in ROOM[need])
        params: Params = {"fields": names}
        rows = self.graph("GET", "me/threads_publishing_limit", params=params).json.get("data") or [{}]
        for need, count in needs.items():
            used, config = (rows[0].get(name) for name in ROOM[need])
            total = (config or {}).get("quota_total")
            if count and total is not None and int(used or 0) + count > int(total):
                message = f"The account has used up its {need} of 24 hours at Threads ({used} of {total})."
                raise RateLimited(message, retry_at=datetime.now(UTC) + HOUR)

    # --- looking ---

    def _look(self, container_id: str, is_only: bool, params: Params, since: datetime) -> Params | None:
        """What became of a container whose publishing was not answered.

        A container is published once and says so, but not under which id: that tell the lists. `is_only`: no
        other container was made for this before, which may have been the one that was sent.
        """
        status, age = self._status(container_id), datetime.now(UTC) - since
        if status == "FINISHED" and is_only and age > SETTLES:
            return None
        if post := self.there(params, since):
            return {"id": str(post["id"]), "instagram": ""}
        if status in {"PUBLISHED", "IN_PROGRESS"} or age < INDEX_LAG:
            raise OutcomeUnknown("Threads may have the post and not show it yet.")
        return None

    def _status(self, container_id: str) -> str:
        """A container's status, '' where it is gone."""
        params: Params = {"fields": "id,status"}
        try:
            return str(self.graph("GET", container_id, params=params).json.get("status"))
        except NotFound:
            return ""

    def there(self, params: Params, since: datetime) -> dict[str, Any] | None:
        """The post that was asked for, among the account's own since a moment by our clock."""
        path = "me/replies" if params.get("reply_to_id") else "me/threads"
        earliest = since - CLOCKS_DIFFER
        fields = "id,text,timestamp,permalink,media_type,replied_to"
        rows = self.pages_of(path, fields=fields, since=int(earliest.timestamp()))
        same = [row for row in rows if moment(row["timestamp"]) >= earliest and is_same(row, params)]
        if not same and len(rows) >= MOST_PAGES * PAGE:
            raise OutcomeUnknown("There are too many newer posts to be sure.")
        if len(same) > 1 and not params.get("text"):
            raise OutcomeUnknown("Several posts without text stand there; only a person can tell which.")
        return same[0] if same else None

    def rows_of(
        self, path: str, most: int = MOST_PAGES, token: str = "", **params: Any
    ) -> Iterator[dict[str, Any]]:
        """Threads does not always name the next page: behind a full one there may be another."""
        for _ in range(most):
            page = self.graph("GET", path, token, params={"limit": PAGE, **params}).json
            rows = page.get("data") or []
            yield from rows
            params["after"] = ((page.get("paging") or {}).get("cursors") or {}).get("after")
            if len(rows) < PAGE or not params["after"]:
                return

    # --- what answers mean ---

    @classmethod
    def said(cls, answer: Answer) -> Said:
        body = answer.maybe_json
        if isinstance(body, dict) and "status" in body:  # a container
            return Said((str(body.get("error_message") or body["status"]), str(body["status"])))
        if isinstance(body, dict) and body.get("error_message"):  # a token address
            return Said((), str(body["error_message"]))
        said = super().said(answer)
        named = (said.sentence,) if said.sentence.isupper() else ()  # some errors are told by a name alone
        return Said((*said.codes, *named), said.sentence, said.retry_at)


def _id_in(answer: Answer) -> str:
    made = answer.json.get("id")
    if not made:
        raise answer.doubtful("Threads answered without an id.", status=answer.status, detail=answer.text)
    return str(made)
