"""How each kind of post is made: out of sight first, then public in one call."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from platforms import _facebook_video as video
from platforms._facebook_page import Page, filled, video_of
from platforms._facebook_rules import button, targeting
from platforms._meta import VERSION, attempts
from platforms.content import Draft, Json, MediaFile, Published
from platforms.ledger import Ledger

PUBLISHING_SECONDS = 3600.0


class Publishing(Page):
    def publish(self, draft: Draft, ledger: Ledger) -> Published:
        kind = self.kind_for(draft.media, draft.options).name
        recipes: Mapping[str, Callable[[Draft, Ledger], Published]] = {
            "video": self._video,
            "reel": self._reel,
            "story": self._story,
        }
        published = recipes.get(kind, self._feed)(draft, ledger)
        ledger.stands(published)
        if kind == "story":
            return published
        if text := draft.option("first_comment"):
            comment = {"message": text, "attachment_url": draft.option("first_comment_picture")}
            self._comment(ledger, "first comment", published.remote_id, comment, video_of(published))
        if kind == "reel" and (guest := draft.option("collaborator")):
            path, form = f"{video_of(published)}/collaborators", {"target_id": guest}
            ledger.repeat("invitation", lambda: self.graph("POST", path, form=form).json)
        return published

    def _feed(self, draft: Draft, ledger: Ledger) -> Published:
        """Photos first, out of sight; then the post that shows them."""
        staged = [partial(self._stage, file) for file in draft.media]
        tries = [attempts(ledger, f"photo {n}", make) for n, make in enumerate(staged, 1)]
        look = partial(self._find_post, draft, {photo for made in tries for photo, _ in made})
        photos = [made[-1][0] for made in tries]
        made = ledger.once("post", partial(self._post, draft, photos), find=look)
        return self._published(str(made["id"]))

    def _stage(self, file: MediaFile) -> str:
        form = {"published": False, **({"alt_text_custom": file.alt} if file.alt else {})}
        with file.open() as stream:
            files = {"source": (file.name, stream, file.content_type)}
            return str(self.graph("POST", f"{self.page_id}/photos", form=form, files=files).json["id"])

    def _post(self, draft: Draft, photos: Sequence[str]) -> dict[str, Json]:
        form: dict[str, Json] = {
            "message": draft.text,
            "link": "" if photos else draft.option("link"),
            "attached_media": [{"media_fbid": photo} for photo in photos],
            "place": draft.option("place"),
            "targeting": targeting(draft),
            "call_to_action": {} if photos else button(draft),
        }
        return {"id": self._post_id(self.graph("POST", f"{self.page_id}/feed", form=filled(form)).json["id"])}

    def _video(self, draft: Draft, ledger: Ledger) -> Published:
        [file] = draft.media
        address = f"{self.app.upload_url}/{VERSION}/{self.page_id}/videos"
        tries = attempts(ledger, "video", partial(video.begin, self, address, file))
        session, step = tries[-1]
        ledger.repeat(f"{step} sent", partial(video.send, self, address, file, session))
        form = {
            "upload_phase": "finish",
            "upload_session_id": session["session"],
            "title": draft.option("title"),
            "description": draft.text,
            "content_category": draft.option("category"),
            "is_ai_generated": draft.flag("is_ai_generated"),
            "call_to_action": button(draft),
            "targeting": targeting(draft),
        }
        return self._finish(ledger, address, [str(made["id"]) for made, _ in tries], form)

    def _reel(self, draft: Draft, ledger: Ledger) -> Published:
        [file] = draft.media
        path = f"{self.page_id}/video_reels"
        tries = attempts(ledger, "reel", partial(video.begin_stream, self, path))
        begun, step = tries[-1]
        ledger.repeat(f"{step} sent", partial(video.stream, self, file, begun))
        form = {
            "upload_phase": "finish",
            "video_id": begun["id"],
            "video_state": "PUBLISHED",
            "title": draft.option("title"),
            "description": draft.text,
            "is_ai_generated": draft.flag("is_ai_generated"),
            "place": draft.option("place"),
            "targeting": targeting(draft),
        }
        return self._finish(ledger, path, [str(made["id"]) for made, _ in tries], form)

    def _finish(self, ledger: Ledger, path: str, ids: Sequence[str], form: Mapping[str, Json]) -> Published:
        """Publish the last upload. Its id is known before: a lost answer is found by looking at the video."""

        def do() -> dict[str, Json]:
            self.graph("POST", path, form=filled(form))
            return {"id": ids[-1]}

        made = ledger.once("post", do, find=partial(video.find, self, ids))
        live = partial(video.is_live, self, str(made["id"]))
        ledger.wait("post public", live, every=5, at_most=PUBLISHING_SECONDS)
        return self._published_video(str(made["id"]))

    def _story(self, draft: Draft, ledger: Ledger) -> Published:
        [file] = draft.media
        if file.kind == "image":
            ids = [photo for photo, _ in attempts(ledger, "photo", partial(self._stage, file))]
            path, form = f"{self.page_id}/photo_stories", {"photo_id": ids[-1]}
        else:
            path = f"{self.page_id}/video_stories"
            tries = attempts(ledger, "story", partial(video.begin_stream, self, path))
            (begun, step), ids = tries[-1], [str(made["id"]) for made, _ in tries]
            ledger.repeat(f"{step} sent", partial(video.stream, self, file, begun))
            ledger.wait(f"{step} taken", partial(video.is_received, self, ids[-1]), every=5, at_most=1800)
            form = {"upload_phase": "finish", "video_id": ids[-1]}

        def do() -> dict[str, Json]:
            return {"id": self._post_id(self.graph("POST", path, form=form).json["post_id"])}

        made = ledger.once("post", do, find=partial(self._find_story, ids))
        return Published(str(made["id"]), self._story_address(str(made["id"])), (str(made["id"]),))
