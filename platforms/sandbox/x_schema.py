"""What a new post may hold, as X's OpenAPI document says it."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from platforms.sandbox.x_wire import invalid
from platforms.text import weighted_length

Check = Callable[[Any, str], None]


def typed(kind: type, word: str) -> Check:
    def check(value: Any, name: str) -> None:
        if type(value) is not kind:
            raise invalid(name, value, f"$.{name}: {type(value).__name__} found, {word} expected")

    return check


def identifier(value: Any, name: str) -> None:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,19}", value):
        raise invalid(name, value, f"$.{name}: does not match the regex pattern ^[0-9]{{1,19}}$")


def one_of(*choices: str) -> Check:
    def check(value: Any, name: str) -> None:
        if value not in choices:
            raise invalid(name, value, f"$.{name}: does not have a value in the enumeration {list(choices)}")

    return check


def many(item: Check, least: int, most: int) -> Check:
    def check(value: Any, name: str) -> None:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise invalid(name, value, f"$.{name}: there must be {least} to {most} items in the array")
        for one in value:
            item(one, name)

    return check


def shape(required: Iterable[str] = (), /, **fields: Check) -> Check:
    """An object of known keys only."""

    def check(value: Any, name: str) -> None:
        typed(dict, "object")(value, name)
        for key in value:
            if key not in fields:
                said = "is not defined in the schema and the schema does not allow additional properties"
                raise invalid(
                    f"{name}.{key}".strip("."), value[key], f"$.{name}.{key}: {said}".replace("..", ".")
                )
            fields[key](value[key], f"{name}.{key}".strip("."))
        for key in required:
            if key not in value:
                raise invalid(f"{name}.{key}", "", f"$.{name}.{key}: is missing but it is required")

    return check


def option(value: Any, name: str) -> None:
    typed(str, "string")(value, name)
    if not 1 <= weighted_length(value) <= 25:
        raise invalid(name, value, f"$.{name}: must be 1 to 25 characters long")


def minutes(value: Any, name: str) -> None:
    typed(int, "integer")(value, name)
    if not 5 <= value <= 10_080:
        raise invalid(name, value, f"$.{name}: must be between 5 and 10080")


STRING, BOOLEAN = typed(str, "string"), typed(bool, "boolean")
NEW_POST = shape(
    (),
    text=STRING,
    media=shape(
        ("media_ids",),
        media_ids=many(identifier, 1, 4),
        tagged_user_ids=many(identifier, 0, 10),
        title=STRING,
        description=STRING,
        preview_media_id=identifier,
        embeddable=BOOLEAN,
        call_to_actions=typed(dict, "object"),
    ),
    poll=shape(("options", "duration_minutes"), options=many(option, 2, 4), duration_minutes=minutes),
    reply=shape(
        ("in_reply_to_tweet_id",),
        in_reply_to_tweet_id=identifier,
        exclude_reply_user_ids=many(identifier, 0, 50),
        auto_populate_reply_metadata=BOOLEAN,
    ),
    reply_settings=one_of("following", "mentionedUsers", "subscribers", "verified"),
    quote_tweet_id=identifier,
    community_id=identifier,
    share_with_followers=BOOLEAN,
    geo=shape((), place_id=STRING),
    made_with_ai=BOOLEAN,
    paid_partnership=BOOLEAN,
    edit_options=shape(("previous_post_id",), previous_post_id=identifier),
    for_super_followers_only=BOOLEAN,
    nullcast=BOOLEAN,
    card_uri=STRING,
    direct_message_deep_link=STRING,
)
EXCLUSIVE = ("media", "poll", "quote_tweet_id", "card_uri", "direct_message_deep_link")
NOT_FOR_US = ("for_super_followers_only", "nullcast", "card_uri", "direct_message_deep_link")
