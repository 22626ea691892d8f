"""The kinds of post on Instagram, with their rules and options."""

from platforms.options import Option
from platforms.rules import Images, Kind, Rules, Text, Videos
from platforms.text import utf16_length

CAPTION = Text(2200, utf16_length, hashtags=30, mentions=20)
COMMENT = 2200
PICTURE = Images(
    at_most=1, formats=("image/jpeg",), max_bytes=8_000_000, max_side=1800, alt_text=1000, ratio=(0.8, 1.91)
)
STORY_PICTURE = Images(at_most=1, formats=("image/jpeg",), max_bytes=8_000_000, max_side=1920, alt_text=0)
FILM = Videos(
    formats=("video/mp4", "video/quicktime"),
    codecs=("h264", "hevc"),
    max_bytes=300_000_000,
    seconds=(3, 900),
    fps=(23, 60),
    ratio=(0.01, 10),
)
CHILDREN = 10

KINDS = (
    Kind("image", "Picture", Rules(CAPTION, images=PICTURE, media_at_least=1)),
    Kind(
        "carousel",
        "Carousel",
        Rules(
            CAPTION,
            images=Images(CHILDREN, PICTURE.formats, 8_000_000, 1800, alt_text=1000, ratio=PICTURE.ratio),
            videos=Videos(
                CHILDREN,
                FILM.formats,
                FILM.codecs,
                seconds=(3, 60),
                fps=FILM.fps,
                ratio=FILM.ratio,
                max_bytes=300_000_000,
            ),
            media_at_least=2,
            media_at_most=CHILDREN,
            mixed=True,
        ),
        help="2 to 10 pictures and videos; Instagram crops all to the shape of the first.",
    ),
    Kind("reel", "Reel", Rules(CAPTION, videos=FILM, media_at_least=1)),
    Kind(
        "story",
        "Story",
        Rules(
            CAPTION,
            images=STORY_PICTURE,
            videos=Videos(
                1,
                FILM.formats,
                FILM.codecs,
                max_bytes=100_000_000,
                seconds=(3, 60),
                fps=FILM.fps,
                ratio=(0.1, 10),
            ),
            media_at_least=1,
            media_at_most=1,
        ),
        by_choice=True,
        help="One picture or video for 24 hours, without a caption.",
    ),
)

FEED = ("image", "carousel", "reel")
TAG_HELP = (
    "One a line: a name, and for pictures two numbers that say where, from the left and from the top, as in "
    "“ann 0.2 0.8”; a third number says on which picture of a carousel."
)
OPTIONS = (
    Option(
        "kind",
        "Kind of post",
        "choice",
        choices=(("", "Automatic"), ("story", "Story")),
        help="A single video becomes a reel.",
    ),
    Option(
        "first_comment",
        "First comment",
        "lines",
        max_length=COMMENT,
        kinds=FEED,
        help="Written below the post at once.",
        example="Baked at four this morning. #sourdough",
    ),
    Option(
        "collaborators",
        "Collaborators",
        "list",
        most=3,
        max_length=30,
        kinds=FEED,
        help="Accounts that are invited to show the post as theirs too.",
        example=["kilnandclay"],
    ),
    Option(
        "user_tags",
        "People tagged",
        "list",
        most=20,
        max_length=60,
        help=TAG_HELP,
        example=["kilnandclay 0.3 0.7"],
    ),
    Option(
        "location_id",
        "Location",
        "text",
        max_length=30,
        kinds=FEED,
        help="The number of a Facebook Page that has an address.",
        example="7640348500",
    ),
    Option("comments", "Allow comments", "flag", default=True, kinds=FEED),
    Option("share_to_feed", "Show in the profile grid too", "flag", default=True, kinds=("reel",)),
    Option(
        "thumb_offset",
        "Cover",
        "number",
        default=None,
        least=0,
        most=900_000,
        kinds=("reel",),
        help="Which moment of the video is its cover, in milliseconds from the start.",
        example=1500,
    ),
    Option(
        "audio_name",
        "Name of the sound",
        "text",
        max_length=100,
        kinds=("reel",),
        help="For sound of your own; it can be named once.",
        example="Morgenrot, four in the morning",
    ),
    Option(
        "trial",
        "Trial reel",
        "choice",
        choices=(
            ("", "No: followers see it"),
            ("MANUAL", "Yes, I share it with followers myself"),
            ("SS_PERFORMANCE", "Yes, followers see it if it does well"),
        ),
        kinds=("reel",),
        help="Shown first to people who do not follow the account.",
    ),
    Option("ai_generated", "Label as made with AI", "flag", default=False),
    Option(
        "paid_partnership",
        "Label as paid partnership",
        "flag",
        default=False,
        help="For accounts connected through Facebook.",
    ),
    Option(
        "sponsors",
        "Sponsors",
        "list",
        most=2,
        max_length=30,
        shown_with="paid_partnership",
        help="Ids of the sponsors' Instagram accounts.",
        example=["17841400000000102"],
    ),
    Option(
        "product_tags",
        "Products tagged",
        "list",
        most=5,
        max_length=60,
        kinds=FEED,
        help="For shops connected through Facebook. Product numbers, placed like people.",
        example=["4521 0.6 0.6"],
    ),
)
