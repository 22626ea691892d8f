"""What the model is told: the texts in `prompts/`, and what people typed, fenced as material."""

from collections.abc import Iterable, Sequence
from html import escape, unescape
from pathlib import Path

from publishing.ai.values import Room
from publishing.ai_rows import AiProfile, AiUse

FOLDER = Path(__file__).parent / "prompts"
HOUSE = (FOLDER / "house.txt").read_text().strip()
TASKS = {task: (FOLDER / f"{task}.txt").read_text().strip() for task in AiUse.Task.values}


def fenced(tag: str, text: str) -> str:
    """What somebody typed, between tags that nothing in it can close."""
    return f"<{tag}>\n{escape(text.strip(), quote=False)}\n</{tag}>"


def unfenced(text: str) -> str:
    """An answer with plain characters, should the model have kept those of the fence."""
    return unescape(text) if any(sign in text for sign in ("&lt;", "&gt;", "&amp;")) else text


def system(task: str, profile: AiProfile, *, use_voice: bool = True) -> list[dict[str, object]]:
    """The house's rules and the workspace's voice, which stay the same and are cached, then the task."""
    lasting = "\n\n".join([HOUSE, *_voice(profile, use_voice=use_voice)])
    return [
        {"type": "text", "text": lasting, "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": f"Your task: {TASKS[task]}"},
    ]


def _voice(profile: AiProfile, *, use_voice: bool) -> Iterable[str]:
    if profile.voice.strip() and use_voice:
        yield f"How the team sounds. Write like this:\n{fenced('voice', profile.voice)}"
    if profile.forbidden_words:
        yield (
            "Words and phrases that the team never uses. Use none of them, in any form:\n"
            f"{fenced('forbidden_words', chr(10).join(profile.forbidden_words))}"
        )


def asked(tag: str, text: str, *more: str, rooms: Sequence[Room] = ()) -> str:
    """The question: the material, and what it must fit."""
    fits = ["It must fit each of these networks:", *(f"- {room}" for room in rooms)] if rooms else []
    return "\n\n".join(filter(None, [fenced(tag, text), *more, "\n".join(fits)]))


def not_yet(faults: Iterable[str]) -> str:
    """What is asked after an answer that does not do."""
    listed = "\n".join(f"- {fault}" for fault in faults)
    return f"That does not do yet:\n{listed}\n\nWrite it again, whole, and well within the limits."
