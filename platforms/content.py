"""What crosses the border between the product and a network: frozen values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import BinaryIO, Literal

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


MediaKind = Literal["image", "video", "document"]


@dataclass(frozen=True)
class MediaFile:
    """One medium, ready to be sent: `open()` gives its bytes as a stream, as often as it is called.

    `seconds`, `fps` and `codecs` (video, then sound where there is any) tell of videos, `pages` of documents.
    `url` is where a network may fetch the same bytes for some hours; '' where it cannot reach us.
    """

    name: str
    content_type: str
    size: int
    width: int
    height: int
    open: Callable[[], BinaryIO] = field(repr=False, compare=False)
    alt: str = ""
    seconds: float = 0.0
    fps: float = 0.0
    codecs: tuple[str, ...] = ()
    pages: int = 0
    url: str = field(default="", repr=False)

    @property
    def kind(self) -> MediaKind:
        family = self.content_type.partition("/")[0]
        return family if family in {"image", "video"} else "document"  # type: ignore[return-value]

    @property
    def ratio(self) -> float:
        """Width by height."""
        return self.width / max(self.height, 1)


@dataclass(frozen=True)
class Part:
    """One element of a thread; a plain post is a thread of one."""

    text: str
    media: tuple[MediaFile, ...] = ()


@dataclass(frozen=True)
class Draft:
    """What shall stand on the network. `key` and `created_at` are the same in every try of a delivery.

    `kind` names the kind of post that it becomes, one of those its network declares.
    """

    key: str
    created_at: datetime
    parts: tuple[Part, ...]
    options: Mapping[str, Json] = field(default_factory=dict)
    kind: str = "post"

    def option(self, name: str) -> str:
        """A chosen option as text, '' where nothing was chosen."""
        value = self.options.get(name)
        return value if isinstance(value, str) else ""

    def flag(self, name: str) -> bool:
        """Whether an option is switched on."""
        return self.options.get(name) is True

    def items(self, name: str) -> list[str]:
        """A list option's items, [] where nothing was chosen."""
        value = self.options.get(name)
        return [str(item) for item in value] if isinstance(value, list) else []

    def number(self, name: str) -> int | None:
        """A number option, None where nothing was chosen."""
        value = self.options.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @property
    def text(self) -> str:
        """The text of the first part."""
        return self.parts[0].text

    @property
    def media(self) -> tuple[MediaFile, ...]:
        """The media of the first part."""
        return self.parts[0].media


@dataclass(frozen=True)
class Published:
    """Where a post stands. `part_ids` names each element of a thread in order; `remote_id` is the first."""

    remote_id: str
    permalink: str
    part_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standing:
    """One of the account's own posts as the network lists them, for a person to tell which it is.

    `remote_id` is told where comments are asked for post by post (`asks_by_post`).
    """

    permalink: str
    text: str
    at: datetime
    remote_id: str = ""


@dataclass(frozen=True)
class Token:
    """What a network gave us to act for an account; all of it is secret. `extra` is the client's own."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    extra: Mapping[str, Json] = field(default_factory=dict, repr=False)

    def successor(self, new: "Token") -> "Token":
        """The token after a refresh: what the answer leaves out (refresh token, scopes, extras) is kept."""
        return replace(
            new,
            refresh=new.refresh or self.refresh,
            scopes=new.scopes or self.scopes,
            extra={**self.extra, **new.extra},
        )


@dataclass(frozen=True)
class Profile:
    """One identity that a token may post as; `limits` are its own (an instance's, a paid plan's)."""

    remote_id: str
    handle: str
    name: str
    avatar_url: str = ""
    url: str = ""
    limits: Mapping[str, Json] = field(default_factory=dict)
    token: Token | None = None  # where the network gives each profile a token of its own


@dataclass(frozen=True)
class App:
    """Our registration at a network and where the network lives."""

    client_id: str
    client_secret: str = field(default="", repr=False)
    redirect_uri: str = ""
    api_url: str = ""
    auth_url: str = ""
    upload_url: str = ""
    webhook_secret: str = field(default="", repr=False)  # what we told the network to know its calls by


@dataclass(frozen=True)
class Authorization:
    """Where to send the person, and what must be kept (secret) until they come back."""

    url: str
    kept: Mapping[str, Json] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class RateLimit:
    """A network's own word on a limit, read off its headers: of the account, or of our whole app there."""

    endpoint: str
    limit: int
    remaining: int
    resets_at: datetime
    each: Literal["account", "app"] = "account"


# --- what comes back: numbers, and what people write ---

# The words in which every network's numbers are told; what a network does not tell is left out, never 0.
Metric = Literal[
    "views", "reach", "likes", "comments", "shares", "reposts", "quotes", "saves", "clicks", "profile_clicks",
    "engagements", "watch_seconds", "average_watch_seconds", "followers", "new_followers", "profile_views",
    "posts",
]  # fmt: skip


@dataclass(frozen=True)
class Metrics:
    """Numbers of a post or an account by our words (`values`), and as the network gave them (`raw`)."""

    values: Mapping[Metric, float]
    raw: Mapping[str, Json] = field(default_factory=dict, repr=False)


MessageKind = Literal["comment", "mention", "review", "direct"]


@dataclass(frozen=True)
class Author:
    """Somebody who wrote; a network may name no more than an id, or nobody at all."""

    remote_id: str = ""
    handle: str = ""
    name: str = ""
    avatar_url: str = ""


@dataclass(frozen=True)
class Message:
    """What somebody wrote to an account: a comment, a mention, a review or a direct message.

    `post_id` is the post that it is about, `parent_id` the message that it answers, `thread_id` what keeps a
    conversation together. `is_ours`: the account itself wrote it. `rating` runs from 1 to 5.
    """

    remote_id: str
    kind: MessageKind
    text: str
    author: Author
    created_at: datetime
    permalink: str = ""
    post_id: str = ""
    parent_id: str = ""
    thread_id: str = ""
    rating: int | None = None
    is_ours: bool = False
    is_hidden: bool = False
    attachments: tuple[str, ...] = ()
    extra: Mapping[str, Json] = field(default_factory=dict)  # what the client needs to answer it


@dataclass(frozen=True)
class Inbox:
    """What people wrote since `cursor`, and the cursor to ask with the next time."""

    messages: tuple[Message, ...]
    cursor: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Incoming:
    """A request that a network sends to our webhook, as it came in. Header names are lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Event:
    """One thing that a webhook tells. `account_id` is the account's id at the network, '' where it says none.

    `message` carries what somebody wrote; `remote_id` names the post or message that the event is about.
    """

    kind: Literal[
        "message", "message_edited", "message_deleted", "post_published", "post_failed", "revoked", "other"
    ]
    account_id: str = ""
    remote_id: str = ""
    message: Message | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)
