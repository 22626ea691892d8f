"""Who Harbour & Rye are, and what they post. Times are days from today and a local hour."""

from dataclasses import dataclass, replace
from datetime import time, timedelta

from campaigns.models import Campaign

WORKSPACE = "Harbour & Rye"
ZONE = "Europe/Lisbon"
ABOUT = "Bakery and café by the river in Lisbon. Rye, wheat, salt, patience. Rua do Cais 14."
COLOUR = "#b9702f"
PASSWORD = "harbour-and-rye"  # noqa: S105  (of people who exist on a demo machine only)


@dataclass(frozen=True)
class Who:
    """Somebody who works there."""

    name: str
    email: str


ADA = Who("Ada Okafor", "ada@example.com")
BEN = Who("Ben Castellanos", "ben@example.com")

# The bakery's identity on each network that the sandbox plays: its id there, and its handle.
IDENTITIES = {
    "x": ("1304117690482368512", "harbourandrye"),
    "bluesky": ("did:plc:harbourandryelisbon22222", "harbourandrye.test"),
    "mastodon": ("109382746152839471", "harbourandrye"),
}
FOLLOWERS = {"x": 2310, "bluesky": 412, "mastodon": 640}
HANDLE = "harbourandrye"
HANDLES = {"telegram": "harbour_and_rye", "linkedin": "harbour-and-rye"}  # as their rules want names to be
# Where the bakery of the sandbox is at home, and where this one is.
PLACES = {"Maximilianstraße 12": "Rua do Cais 14", "Lindau": "Lisboa"}
SERVER = "mastodon.example"  # what is typed where a network asks for a server


@dataclass(frozen=True)
class Drive:
    """A campaign; days from today."""

    name: str
    goal: str
    colour: Campaign.Colour
    starts: int
    ends: int
    metric: str = ""
    target: int | None = None
    budget: int | None = None
    spent: int | None = None
    tags_links: bool = False


LOAF = Drive(
    "The Harbour loaf",
    "Two hundred loaves a week by the end of it",
    Campaign.Colour.AMBER,
    starts=-25,
    ends=12,
    metric="engagements",
    target=12_000,
    budget=400,
    spent=240,
)
HOURS = Drive(
    "New opening hours",
    "Nobody stands before a closed door at seven",
    Campaign.Colour.TEAL,
    starts=-16,
    ends=9,
    metric="views",
    target=60_000,
    tags_links=True,
)
SUPPER = Drive(
    "Supper on the long table",
    "Twelve seats, sold in a week",
    Campaign.Colour.VIOLET,
    starts=-5,
    ends=26,
    budget=60,
)


@dataclass(frozen=True)
class Story:
    """One post: when, by whom, where (none: everywhere), with which pictures."""

    day: int
    at: time
    text: str
    author: Who = ADA
    pictures: tuple[str, ...] = ()
    campaign: Drive | None = None
    films: tuple[str, ...] = ()
    only: tuple[str, ...] = ()  # networks; none: every one that takes such a post


WHY_IT_CRACKLES = (
    "Why does the crust crackle when the loaf comes out? People ask us that every morning, so "
    "here it is.\n\n"
    "The oven is at 250 degrees and full of steam for the first twelve minutes. The steam keeps "
    "the skin of the dough soft, so that it can stretch while the inside rises; that is what "
    "opens the cuts. Then we let the steam out, and the skin dries and browns.\n\n"
    "When the loaf meets the cool air of the shop, the crust shrinks faster than the crumb below "
    "it. It cannot bend any more, so it cracks, in hundreds of fine lines. Bakers say that the "
    "bread sings. Come at ten past seven and listen."
)

PUBLISHED = (
    Story(
        -24,
        time(8, 10),
        "The first Harbour loaf is out. Rye from Trás-os-Montes, wheat from the Alentejo, salt from "
        "Aveiro and thirty-six hours of patience. 900 g, 4.20 €, from today in the shop. #sourdough",
        pictures=("harbour-loaf.jpg",),
        campaign=LOAF,
    ),
    Story(
        -22,
        time(12, 30),
        "New on the bar: a washed coffee from Guji, roasted across the river in Almada. Peach, black "
        "tea, no hurry.",
        author=BEN,
        pictures=("cup-from-above.jpg",),
    ),
    Story(-20, time(17, 0), WHY_IT_CRACKLES, campaign=LOAF),
    Story(
        -18,
        time(9, 0),
        "Saturday is tart day: sixteen to a tray, eleven trays, and none were left at noon last week."
        " You have been warned.",
        author=BEN,
        pictures=("tarts.jpg",),
    ),
    Story(
        -15,
        time(10, 15),
        "You asked, we moved the alarm clock. From Monday the door opens at 7:00, Monday to Saturday."
        " All hours: https://harbourandrye.example/hours",
        pictures=("opening-hours.jpg",),
        campaign=HOURS,
    ),
    Story(
        -13,
        time(7, 5),
        "First morning at seven. Eleven people, two dogs, one very proud baker.",
        author=BEN,
        campaign=HOURS,
    ),
    Story(
        -11,
        time(18, 20),
        "Luísa, who grows our rye above Bragança, sent a photograph of next year's bread. It is still"
        " green and two hands high.",
        pictures=("rye.jpg",),
        campaign=LOAF,
    ),
    Story(
        -9,
        time(8, 30),
        "Croissants today: nine to a tray, twenty-seven layers each. Ben counted. Twice.",
        author=BEN,
        pictures=("croissants.jpg",),
    ),
    Story(
        -7,
        time(16, 45),
        "Yesterday's bread is half price after five, and what is left at closing goes to the kitchen "
        "at São Vicente. Nothing is thrown away.",
    ),
    Story(
        -5,
        time(11, 0),
        "One evening a month the ovens stay warm and we set the long table: one pot, twelve chairs, "
        "wine from Colares. The first supper is in three weeks. Seats: "
        "https://harbourandrye.example/supper",
        pictures=("supper.jpg",),
        campaign=SUPPER,
    ),
    Story(
        -4,
        time(7, 20),
        "The river at a quarter to seven, seen from the back door. This is why we do not mind getting up.",
        author=BEN,
        pictures=("harbour.jpg", "cup-from-above.jpg"),
    ),
    Story(
        -3,
        time(7, 45),
        "Fresh from the oven, and this is how it looks when nobody is in a hurry. #sourdough",
        author=BEN,
        films=("steam.mp4",),
        campaign=LOAF,
    ),
    Story(
        -2,
        time(9, 40),
        "Three weeks, six hundred Harbour loaves. Thank you. The next batch of dough is asleep in the"
        " cellar.",
        pictures=("loaf-poster.jpg", "harbour-loaf.jpg"),
        campaign=LOAF,
    ),
    Story(
        -1,
        time(8, 0),
        "We are looking for somebody for the counter, four mornings a week, from next month. Good "
        "hands with people matter more than practice: jobs@harbourandrye.example",
    ),
)

# Refused by a network: it was posted already, word for word.
REFUSED = Story(-1, time(18, 30), PUBLISHED[-1].text, author=BEN, only=("x",))

# The connection broke after the text was sent: it may be there.
IN_DOUBT = Story(
    -1,
    time(19, 10),
    "Flour delivery came early: the mill's lorry is in the lane until eight, please mind the dog.",
    author=BEN,
    only=("mastodon",),
)

SOON = timedelta(minutes=4)
NEXT = Story(
    0,
    time(),
    "Out of the oven this minute: eleven Harbour loaves, still too hot to cut. We will try anyway.",
    author=BEN,
    pictures=("harbour-loaf.jpg",),
    campaign=LOAF,
)

LATER = timedelta(minutes=52)
# Planned a second time by mistake: the look ahead notices.
AGAIN = replace(NEXT, only=("mastodon",))

SCHEDULED = (
    Story(
        1,
        time(8, 30),
        "Rye and honey, toasted, with butter from the Azores. On the board until Sunday.",
        pictures=("rye.jpg",),
    ),
    Story(
        2,
        time(12, 15),
        "Half past two is the quietest hour of the day. The window table is yours, and so is the "
        "second coffee.",
        author=BEN,
        pictures=("cup-from-above.jpg",),
        campaign=HOURS,
    ),
    Story(
        3,
        time(9, 0),
        "A whole tray of tarts for Saturday? Order by Friday noon: https://harbourandrye.example/order",
        author=BEN,
        pictures=("tarts.jpg",),
    ),
    Story(
        5,
        time(18, 0),
        "Seven of the twelve seats at the long table are taken. The pot will be caldeirada. "
        "https://harbourandrye.example/supper",
        pictures=("supper.jpg",),
        campaign=SUPPER,
    ),
    Story(
        6,
        time(7, 0),
        "Ten minutes before the door opens. The river does not know that yet.",
        author=BEN,
        films=("morning-on-the-river.mp4",),
        campaign=HOURS,
    ),
    Story(
        8,
        time(7, 30),
        "Two weeks of seven o'clock mornings. The regulars have a corner now, and it is louder than "
        "the mixer.",
        campaign=HOURS,
    ),
    Story(
        12,
        time(10, 0),
        "Last day of the Harbour loaf at 4.20 €. From tomorrow it is 4.50 €, because the miller has "
        "to live too.",
        pictures=("loaf-poster.jpg",),
        campaign=LOAF,
    ),
)

DRAFTS = (
    Story(
        0,
        time(),
        "Portrait of Luísa and her mill: ask her whether the photograph with the cat may be used.",
        pictures=("rye.jpg",),
        campaign=LOAF,
    ),
    Story(0, time(), "What should the next loaf be: walnut, barley, or corn from Minho?", author=BEN),
    Story(
        0,
        time(),
        "Closed on the holiday. The bread for the day before can be ordered until Thursday noon.",
        author=BEN,
        pictures=("opening-hours.jpg",),
        campaign=HOURS,
    ),
)
