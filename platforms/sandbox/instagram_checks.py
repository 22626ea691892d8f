"""What may stand in a container, and which pictures and videos are taken; the rest is refused."""

from typing import Any

from platforms.sandbox import graph
from platforms.sandbox.instagram_wire import NETWORK, error, invalid, is_true, person_named
from platforms.sandbox.models import Person
from platforms.sandbox.probing import Probed
from platforms.text import hashtags, mentions, utf16_length

PICTURE_BYTES = 8 * 1024 * 1024
PLACES = {"7640348500": "Altona, Hamburg", "106377336067638": "Berlin, Germany"}
PRODUCTS = {"4521": "Rye loaf", "4522": "Cinnamon bun"}
COMMON = {
    "caption",
    "collaborators",
    "location_id",
    "is_ai_generated",
    "is_paid_partnership",
    "branded_content_sponsor_ids",
}
SHAPES: dict[str, set[str]] = {
    "image": {"image_url", "alt_text", "user_tags", "product_tags", *COMMON},
    "reel": {
        *(
            "video_url",
            "upload_type",
            "user_tags",
            "product_tags",
            "cover_url",
            "thumb_offset",
            "share_to_feed",
        ),
        *("audio_name", "trial_params", *COMMON),
    },
    "story": {
        *("image_url", "video_url", "upload_type", "caption", "user_tags", "is_ai_generated"),
        *("is_paid_partnership", "branded_content_sponsor_ids"),
    },
    "carousel": {"children", *COMMON},
    "child": {
        "image_url",
        "video_url",
        "upload_type",
        "alt_text",
        "user_tags",
        "product_tags",
        "is_carousel_item",
    },
}
ALWAYS = {"media_type", "client_id"}
KNOWN = set().union(*SHAPES.values(), ALWAYS)
FACEBOOK_ONLY = {"is_paid_partnership", "branded_content_sponsor_ids", "product_tags", "upload_type"}
SECONDS = {"reel": (3, 900), "story": (3, 60), "child": (3, 60)}


def shape_of(fields: dict[str, Any]) -> str:
    """Which kind of container is asked for."""
    media_type = fields.get("media_type", "")
    if "is_carousel_item" in fields and is_true(fields["is_carousel_item"]):
        if media_type not in {"", "VIDEO", "IMAGE"}:
            raise error(2207023)
        shape = "child"
    else:
        shapes = {"": "image", "IMAGE": "image", "REELS": "reel", "STORIES": "story", "CAROUSEL": "carousel"}
        if media_type == "VIDEO":
            raise error(
                2207023, "The VIDEO value for media_type is no longer supported. Use the REELS media type."
            )
        if media_type not in shapes:
            raise error(2207023)
        shape = shapes[media_type]
    wants_video = shape == "reel" or media_type == "VIDEO"
    sources = [name for name in ("image_url", "video_url", "upload_type") if fields.get(name)]
    if shape != "carousel" and len(sources) != 1:
        raise invalid("The parameter image_url or video_url is required, and only one of them")
    if shape in {"image", "child"} and not wants_video and sources != ["image_url"]:
        raise invalid("The parameter image_url is required")
    if wants_video and sources == ["image_url"]:
        raise invalid("The parameter video_url is required")
    return shape


def check_names(shape: str, fields: dict[str, Any], flavour: str) -> None:
    for name in sorted(set(fields)):
        if name not in KNOWN or (flavour == "instagram" and name in FACEBOOK_ONLY):
            raise invalid(f"Unexpected param {name}")
        if name not in SHAPES[shape] | ALWAYS:
            raise invalid(f"The param {name} is not allowed for this media")
    for name in ("is_ai_generated", "is_paid_partnership", "share_to_feed"):
        if name in fields:
            is_true(fields[name])
    if fields.get("upload_type", "resumable") != "resumable":
        raise invalid("upload_type must be resumable")


def check_words(fields: dict[str, Any], person: Person) -> None:
    caption = str(fields.get("caption", ""))
    if utf16_length(caption) > 2200 or hashtags(caption) > 30 or mentions(caption) > 20:
        raise error(2207010)
    if len(str(fields.get("alt_text", ""))) > 1000:
        raise invalid("alt_text is limited to 1000 characters")
    names = listed(fields, "collaborators")
    if len(names) > 3 or any(name == person.handle or person_named(str(name)) is None for name in names):
        raise invalid("Invalid collaborators: at most three usernames of public accounts")
    if "location_id" in fields and str(fields["location_id"]) not in PLACES:
        raise invalid("INSTAGRAM_PLATFORM_API__INVALID_LOCATION_ID")
    sponsors = listed(fields, "branded_content_sponsor_ids")
    known = Person.objects.filter(network=NETWORK, remote_id__in=[str(one) for one in sponsors]).count()
    if len(sponsors) > 2 or known != len(sponsors):
        raise invalid("INSTAGRAM_PLATFORM_API__INVALID_PARAM")
    trial = graph.structured(fields.get("trial_params", {}))
    if trial and trial.get("graduation_strategy") not in {"MANUAL", "SS_PERFORMANCE"}:
        raise invalid("graduation_strategy must be one of MANUAL, SS_PERFORMANCE")
    if trial and not person.facts.get("trials"):
        raise error(2207081, "This account cannot create trial reels.")


def check_tags(shape: str, fields: dict[str, Any]) -> None:
    """People and products: how many, who, and with a place just where a picture has one."""
    for name, key, most in (("user_tags", "username", 20), ("product_tags", "product_id", 5)):
        tags = listed(fields, name)
        if len(tags) > most:
            raise error(2207040)
        is_picture = bool(fields.get("image_url"))
        for tag in tags:
            if not isinstance(tag, dict) or set(tag) - {key, "x", "y"} or not tag.get(key):
                raise invalid(f"Invalid {name}")
            has_place = "x" in tag and "y" in tag
            if has_place and not is_picture and shape != "story":
                raise error(2207035)
            if not has_place and is_picture and shape != "story":
                raise error(2207036)
            if any(not 0 <= float(tag[axis]) <= 1 for axis in ("x", "y") if axis in tag):
                raise invalid(f"Invalid {name}: positions lie between 0 and 1")
            if key == "username" and person_named(str(tag[key])) is None:
                raise invalid(f"Invalid user id: {tag[key]}")
            if key == "product_id" and str(tag[key]) not in PRODUCTS:
                raise error(2207037)


def listed(fields: dict[str, Any], name: str) -> list[Any]:
    value = graph.structured(fields.get(name, []))
    if not isinstance(value, list):
        raise invalid(f"Param {name} must be an array")
    return value


def check_picture(shape: str, content: bytes, found: Probed | None) -> None:
    if found is None or not found.is_image:
        raise error(2207052)
    if found.content_type != "image/jpeg":
        raise error(2207005)
    if len(content) > PICTURE_BYTES:
        raise error(2207004)
    if shape != "story" and not 0.795 <= found.width / found.height <= 1.92:
        raise error(2207009)


def video_fault(facts: dict[str, Any], found: Probed | None) -> int:
    """The subcode of what is wrong with a video, 0 where it is fine."""
    if found is None or found.content_type not in {"video/mp4", "video/quicktime"}:
        return 2207026
    least, most = SECONDS[facts["shape"]]
    fits = least - 0.1 <= found.seconds <= most + 0.5 and 22.9 <= found.fps <= 60.1 and found.width <= 1920
    if not fits or found.codecs[0] not in {"h264", "hevc"} or set(found.codecs[1:]) - {"aac"}:
        return 2207026
    offset = facts["fields"].get("thumb_offset")
    if offset is not None and not 0 <= int(offset) < found.seconds * 1000:
        return 2207057
    return 0
