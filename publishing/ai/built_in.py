"""The helper of a desk without a key: no AI, and it says so. It counts, cuts and sorts."""

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from django.utils.translation import gettext as _

from accounts.models import Membership
from platforms.text import links
from publishing.ai.assistant import MOST_TAGS, tagged, used_hashtags
from publishing.ai.shortening import sentences, shorten
from publishing.ai.values import BUILT_IN, Change, Done, Events, Room, Suggestion
from publishing.ai.words import as_tag, forbidden_in, hashtags_in, key_words
from publishing.ai_rows import AiProfile
from publishing.models import Media

MANY_TAGS = 5
LONG_SENTENCE = 30  # words
LONG_OPENING = 120  # characters


class BuiltIn:
    """Does what can be done without a model."""

    def __init__(self, member: Membership, *, use_voice: bool = True) -> None:
        self.member = member
        self.profile = AiProfile.of(member.workspace)

    def generate(self, brief: str, *, tone: str = "", rooms: Sequence[Room] = ()) -> Events:
        """An outline from the brief's own words, with the gaps named that a person must fill."""
        first, *rest = [
            " ".join(sentence.split()) for sentence in sentences(brief.strip()) if sentence.strip()
        ] or [""]
        points = "\n".join(f"• {sentence}" for sentence in rest)
        asks = _("[What should people do now: come by, order, answer?]")
        tags = " ".join(f"#{tag}" for tag in map(as_tag, key_words(brief, 3)) if tag)
        text = "\n\n".join(filter(None, [first, points, asks, tags]))
        return self._offer(
            text,
            _("An outline of your own words, sorted by the built-in helper. It is no AI: fill the gaps."),
        )

    def rewrite(self, text: str, room: Room) -> Events:
        """The beginning that fits, cut after a sentence."""
        cut = shorten(text, room.fits)
        note = (
            _("Cut after a sentence by the built-in helper, which is no AI: read how it ends.")
            if cut != text.strip()
            else _("It fits as it is.")
        )
        if not cut:
            note = _("The built-in helper finds no part of it that fits. Shorten it by hand.")
        return self._offer(cut or text, note)

    def hashtags(self, text: str, rooms: Sequence[Room] = ()) -> Events:
        """The team's own that fit the text, then its key words."""
        words = key_words(text, 30)
        own = [tag for tag in used_hashtags(self.member) if any(_akin(tag.lower(), word) for word in words)]
        tags = [*own, *filter(None, map(as_tag, words[:MOST_TAGS]))][: MOST_TAGS * 2]
        free = [tag for tag in tags if not forbidden_in(tag, self.profile.forbidden_words)]
        note = _("From your text and your earlier posts, by the built-in helper. It is no AI.")
        yield Done(tagged(free, text, rooms, BUILT_IN).noting(note))

    def optimise(self, text: str, rooms: Sequence[Room] = ()) -> Events:
        """What simple checks find, each with its reason."""
        changes = tuple(Change("", "", why) for why in self._advice(text, rooms))
        notes = [] if changes else [_("The simple checks find nothing to change.")]
        notes.append(_("Found by the built-in helper's checks. It is no AI."))
        yield Done(Suggestion(text, BUILT_IN, changes=changes, notes=tuple(notes)))

    def alt_text(self, media: Media, most: int = 300) -> Events:
        """The file's name, which is all that can be known without looking."""
        words = " ".join(PurePath(media.name).stem.replace("_", " ").replace("-", " ").split())
        note = _("The built-in helper cannot see pictures: this is only the file's name. Say what is there.")
        return self._offer(words[:most], note)

    def draft_reply(self, message: str, *, author: str = "", post_text: str = "", most: int = 0) -> Events:
        """A frame for an answer."""
        name = author.strip().lstrip("@").split(" ")[0]
        if "?" in message:
            text = (
                _("Thank you for asking, %(name)s! [Answer here]")
                if name
                else _("Thank you for asking! [Answer here]")
            )
        else:
            text = _("Thank you, %(name)s! [Say more here]") if name else _("Thank you! [Say more here]")
        note = _("A frame by the built-in helper, which is no AI: it does not know the answer.")
        return self._offer(text % {"name": name}, note)

    def _offer(self, text: str, note: str) -> Events:
        used = forbidden_in(text, self.profile.forbidden_words)
        warnings = [
            _("It says “%(word)s”, which is never used here. Replace it.") % {"word": word} for word in used
        ]
        yield Done(Suggestion(text, BUILT_IN, notes=(note, *warnings)))

    def _advice(self, text: str, rooms: Sequence[Room]) -> Iterator[str]:
        for room in rooms:
            yield from (f"{room.platform.label}: {fault.message}" for fault in room.faults(text))
        for word in forbidden_in(text, self.profile.forbidden_words):
            yield _("Replace “%(word)s”: your workspace never uses it.") % {"word": word}
        if len(text.strip().split("\n")[0]) > LONG_OPENING:
            yield _("Make the first line shorter: in a feed it is all that people see.")
        if any(len(sentence.split()) > LONG_SENTENCE for sentence in sentences(text)):
            yield _("Cut the longest sentence in two: short ones are read to their end.")
        if "?" not in text:
            yield _("Ask something: people answer questions more often than statements.")
        if not links(text):
            yield _("Add a link, if there is a page that tells more.")
        if len(hashtags_in(text)) > MANY_TAGS:
            yield _("Take out some hashtags: more than five look like advertising.")
        if not hashtags_in(text):
            yield _("Add one or two hashtags, so that people who do not follow you find it.")
        letters = [letter for letter in text if letter.isalpha()]
        if len(letters) > 20 and sum(letter.isupper() for letter in letters) > len(letters) / 2:
            yield _("Write with small letters: capitals read like shouting.")


def _akin(tag: str, word: str) -> bool:
    """Whether a hashtag has to do with a word of the text."""
    return tag == word or (len(word) > 4 and (word in tag or tag in word))
