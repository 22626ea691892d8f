"""The one interface to a network: facts are class attributes, abilities are overridden methods."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal

from platforms.content import (
    App,
    Authorization,
    Draft,
    Event,
    Inbox,
    Incoming,
    Json,
    MediaFile,
    Message,
    MessageKind,
    Metric,
    Metrics,
    Profile,
    Published,
    RateLimit,
    Standing,
    Token,
)
from platforms.errors import (
    PlatformError,
)
from platforms.failures import Failure, Said, by_status, understood
from platforms.ledger import Ledger
from platforms.options import Option
from platforms.quotas import Quota
from platforms.rules import Finding, Kind, Rules, check
from platforms.transport import SAFE, Answer, Transport


def _ignore(limit: RateLimit) -> None:
    """Nobody is listening."""


@dataclass(frozen=True)
class Connection:
    """All a client needs to speak for one account: our registration, its token, and the way out."""

    app: App
    transport: Transport
    token: Token | None = None
    remote_id: str = ""
    handle: str = ""
    limits: Mapping[str, Json] = field(default_factory=dict)
    observe: Callable[[RateLimit], None] = _ignore


@dataclass(frozen=True)
class Field:
    """One thing a person types before connecting (an instance, a handle, an app password)."""

    name: str
    label: str
    help: str = ""
    placeholder: str = ""
    default: str = ""
    secret: bool = False
    required: bool = True


@dataclass(frozen=True)
class ConnectMethod:
    """One way to connect: 'oauth' leads to a consent page, 'password' logs in with what was typed.

    `flavour`: one of several consent pages; `authorize` finds it in its fields under this name.
    """

    name: str
    label: str
    help: str = ""
    fields: tuple[Field, ...] = ()
    flavour: str = ""

    @property
    def asks_consent(self) -> bool:
        return self.name == "oauth" or bool(self.flavour)

    def told(self, typed: Mapping[str, str]) -> dict[str, str]:
        """What a client learns before it connects: what was typed, and which of several flavours."""
        return {**typed, "flavour": self.flavour} if self.flavour else dict(typed)


@dataclass(frozen=True)
class Notice:
    """Words that a network wants people to see before they post, with the pages that they speak of."""

    text: str
    links: tuple[tuple[str, str], ...] = ()  # words and addresses


# What a network may offer beyond publishing; pages, API and docs ask `can` for these.
ABILITIES = (
    "refresh", "revoke", "find", "recognise", "recent", "delete", "edit", "account_limits", "post_metrics",
    "account_metrics", "messages", "reply", "moderate", "verify_webhook",
)  # fmt: skip
Moderation = Literal["like", "unlike", "hide", "unhide", "delete"]


class Platform:
    """A network, spoken to for one account. Never sleeps, retries, reads settings or touches a database."""

    do_not_call_in_templates: ClassVar[bool] = True  # pages read the class; Django would call it
    name: ClassVar[str]
    label: ClassVar[str]
    icon: ClassVar[str]  # tablericons2 name of the network's mark
    colour: ClassVar[str]  # of the mark
    rules: ClassVar[Rules]  # of the most ordinary kind of post
    kinds: ClassVar[tuple[Kind, ...]] = ()  # empty: one kind, with those rules
    options: ClassVar[tuple[Option, ...]] = ()
    failures: ClassVar[tuple[Failure, ...]] = ()  # what this network's refusals mean
    quotas: ClassVar[tuple[Quota, ...]] = ()
    currency: ClassVar[str] = ""  # where posts cost money: what `costs` counts it in
    app_of: ClassVar[str] = ""  # the network whose registration, and so whose quotas of the app, it shares
    post_numbers: ClassVar[tuple[Metric, ...]] = ()  # what `post_metrics` can tell
    account_numbers: ClassVar[tuple[Metric, ...]] = ()
    message_kinds: ClassVar[tuple[MessageKind, ...]] = ()  # what `messages` brings
    replies_to: ClassVar[tuple[MessageKind, ...]] = ()
    # How long after a person last wrote they may be answered; what is not named has no such limit.
    reply_windows: ClassVar[Mapping[MessageKind, timedelta]] = {}
    moderation: ClassVar[Mapping[MessageKind, tuple[Moderation, ...]]] = {}
    asks_by_post: ClassVar[bool] = (
        False  # `messages` brings comments of the posts that are named, and no others
    )
    hooked_kinds: ClassVar[tuple[MessageKind, ...]] = ()  # what the network's webhooks tell of
    hooks_name_account: ClassVar[bool] = True  # False: what calls us does not say which account it is about
    fetches_media: ClassVar[bool] = False  # whether it may read media from our address
    scopes: ClassVar[tuple[str, ...]] = ()
    posting_scopes: ClassVar[tuple[tuple[str, ...], ...]] = ()  # needed to post: one of each group
    media_scopes: ClassVar[tuple[tuple[str, ...], ...]] = ()  # and these where there is media
    connect_methods: ClassVar[tuple[ConnectMethod, ...]] = (ConnectMethod("oauth", "Connect"),)
    needs_client_id: ClassVar[bool] = True  # False where we register by ourselves, or need no registration
    api_url: ClassVar[str] = ""  # the real hosts; settings may point elsewhere
    auth_url: ClassVar[str] = ""
    upload_url: ClassVar[str] = ""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.app = connection.app
        self.token = connection.token

    # --- what a network may offer; `can(name)` is true exactly where a subclass overrides it ---

    @classmethod
    def server_of(cls, fields: Mapping[str, str]) -> str:
        """The server that typed fields lead to, normalised ('' where a network is one place), or Refused."""
        return ""

    def register(self, fields: Mapping[str, str], redirect_uri: str) -> App:
        """Register our application where the person's server is (one per instance), or raise."""
        raise NotImplementedError

    def is_registered(self) -> bool:
        """Whether the server still knows our registration; asked before a person is sent there."""
        raise NotImplementedError

    def authorize(self, state: str, fields: Mapping[str, str]) -> Authorization:
        """Where to send the person so that they allow us in, and what to keep until they are back."""
        raise NotImplementedError

    def exchange(self, answer: Mapping[str, str], kept: Mapping[str, Json]) -> Token:
        """The token for what the network sent back to our callback (`answer`: its query)."""
        raise NotImplementedError

    def login(self, fields: Mapping[str, str]) -> Token:
        """The token for typed credentials (connect method 'password')."""
        raise NotImplementedError

    def refresh(self) -> Token:
        """A newer token. TokenExpired means that the connection is gone; all else may be tried again."""
        raise NotImplementedError

    def revoke(self) -> None:
        """Give the token back. Done already is done."""
        raise NotImplementedError

    def profiles(self) -> list[Profile]:
        """Who the token may post as, with each account's own limits."""
        raise NotImplementedError

    def publish(self, draft: Draft, ledger: Ledger) -> Published:
        """Put the draft on the network, as a recipe of durable steps."""
        raise NotImplementedError

    def find(self, draft: Draft, since: datetime) -> Published | None:
        """Look for the first element of a draft among what the account published since a moment."""
        raise NotImplementedError

    def recognise(self, permalink: str) -> Json:
        """What a public step would have stored for the post at an address that a person gives.

        Raises Refused where the address is not one of this account's posts.
        """
        raise NotImplementedError

    def recent(self, since: datetime) -> list[Standing]:
        """The account's own posts since about a moment, newest first, for a person to pick one from.

        One page is enough; each address is one that `recognise` takes.
        """
        raise NotImplementedError

    def delete(self, published: Published) -> None:
        """Take a published post, with all its parts, off the network. Gone already is done."""
        raise NotImplementedError

    def edit(self, published: Published, draft: Draft) -> Published:
        """Change a published post into the draft, as far as the network allows; the rest is Refused."""
        raise NotImplementedError

    def account_limits(self) -> Mapping[str, Json]:
        """The account's own limits, and under "choices" the lists that options choose from, read afresh."""
        raise NotImplementedError

    def post_metrics(self, published: Published) -> Metrics:
        """A post's numbers as they stand now."""
        raise NotImplementedError

    def account_metrics(self) -> Metrics:
        """The account's numbers as they stand now."""
        raise NotImplementedError

    def messages(self, cursor: Mapping[str, Json], posts: Sequence[Published]) -> Inbox:
        """What people wrote since the cursor ({}: as far back as we may look), oldest first.

        `posts` are the account's own whose comments are wanted, where the network is asked post by post.
        """
        raise NotImplementedError

    def reply(self, message: Message, text: str, ledger: Ledger) -> Message:
        """Answer a message, at most once."""
        raise NotImplementedError

    def moderate(self, message: Message, action: Moderation) -> None:
        """Like, hide or delete what somebody wrote. Done already is done."""
        raise NotImplementedError

    def greet_webhook(self, request: Incoming) -> str | None:
        """What to answer where a network asks whether an address is ours; None where it asks nothing."""
        return None

    def verify_webhook(self, request: Incoming) -> bool:
        """Whether the network itself sent this, and just now where it says when."""
        raise NotImplementedError

    def parse_webhook(self, request: Incoming) -> list[Event]:
        """What a verified request tells."""
        raise NotImplementedError

    @classmethod
    def must_fetch(cls, draft: Draft) -> bool:
        """Whether this draft goes out only if the network can read its media from our address."""
        return cls.fetches_media and bool(draft.media)

    @classmethod
    def missing_scopes(cls, draft: Draft, granted: Sequence[str]) -> tuple[str, ...]:
        """What this draft needs and the token does not allow; nothing where the network told no scopes."""
        needed = cls.posting_scopes + (cls.media_scopes if draft.media else ())
        return tuple(group[0] for group in needed if granted and set(group).isdisjoint(granted))

    @classmethod
    def notices(cls, options: Mapping[str, Json]) -> tuple[Notice, ...]:
        """What people must be told beside the options."""
        return ()

    @classmethod
    def client_metadata(cls, app: App, site_url: str) -> dict[str, Json] | None:
        """What introduces us where a network fetches it; `/accounts/<name>/client.json` serves it."""
        return None

    @classmethod
    def can(cls, ability: str) -> bool:
        """Whether this network offers a method of this interface."""
        return getattr(cls, ability) is not getattr(Platform, ability)

    # --- what follows from the declarations ---

    @classmethod
    def post_kinds(cls) -> tuple[Kind, ...]:
        """The kinds of post, in the order in which they are tried."""
        return cls.kinds or (Kind("post", "Post", cls.rules),)

    @classmethod
    def kind_for(cls, media: Sequence[MediaFile], options: Mapping[str, Json]) -> Kind:
        """The kind of post that this becomes: the chosen one, else the first that fits, else the nearest."""
        kinds = cls.post_kinds()
        chosen = next((kind for kind in kinds if kind.name == options.get("kind")), None)
        if chosen:
            return chosen
        open_to_all = [kind for kind in kinds if not kind.by_choice] or list(kinds)
        fitting = next((kind for kind in open_to_all if kind.fits(media, options)), None)
        return fitting or max(open_to_all, key=lambda kind: _nearness(kind, media, options))

    @classmethod
    def limited(cls, rules: Rules, limits: Mapping[str, Json]) -> Rules:
        """Rules with the account's own limits applied."""
        return rules

    @classmethod
    def rules_for(cls, limits: Mapping[str, Json]) -> Rules:
        """The rules of the most ordinary kind of post, for an account."""
        return cls.limited(cls.rules, limits)

    @classmethod
    def rules_with(
        cls, limits: Mapping[str, Json], options: Mapping[str, Json], media: Sequence[MediaFile] = ()
    ) -> Rules:
        """The rules for a post with these options and media, of the kind that it becomes."""
        return cls.limited(cls.kind_for(media, options).rules, limits)

    @classmethod
    def check(cls, draft: Draft, limits: Mapping[str, Json]) -> list[Finding]:
        """The preflight: what the network would refuse, found before sending."""
        return check(draft, cls.rules_with(limits, draft.options, draft.media), cls.options, limits)

    @classmethod
    def costs(cls, draft: Draft) -> dict[str, float]:
        """What a draft takes out of each quota, by its `what`, and in money; none of it is 0."""
        taken = {quota.what: sum(cost.of(draft) for cost in quota.cost) for quota in cls.quotas}
        return {what: amount for what, amount in taken.items() if amount > 0}

    @classmethod
    def said(cls, answer: Answer) -> Said:
        """What a refusal says: codes for programs, the most telling first, and words."""
        return Said()

    @classmethod
    def classify(cls, answer: Answer) -> PlatformError:
        """The failure an answer stands for: what its codes or words mean, else what its status means."""
        said = cls.said(answer)
        sentence = f"{cls.label} says: {said.sentence}" if said.sentence else ""
        return understood(cls.failures, said, answer) or by_status(cls.label, answer, sentence)

    @classmethod
    def rate_limit(cls, answer: Answer) -> RateLimit | None:
        """The limit that an answer's headers tell of."""
        return None

    # --- speaking ---

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token.access}"} if self.token else {}

    def call(self, method: str, path: str, **request: Any) -> Answer:
        """One authorised request to the API; an answer that is not 2xx is raised as what it stands for."""
        url = path if path.startswith("http") else self.app.api_url + path
        headers = {**self.headers(), **request.pop("headers", {})}
        return self.accept(self.connection.transport.request(method, url, headers=headers, **request))

    def accept(self, answer: Answer) -> Answer:
        """The answer if it is a success; the limits on writing are passed on either way."""
        limit = self.rate_limit(answer)
        # Reading too often must not hold posts back.
        if limit is not None and answer.method not in SAFE:
            self.connection.observe(limit)
        if not answer.ok:
            raise self.classify(answer)
        return answer


def _nearness(kind: Kind, media: Sequence[MediaFile], options: Mapping[str, Json]) -> tuple[bool, bool, int]:
    """How well a kind suits what does not fit it: its option was filled in, it takes such media, and most."""
    first = media[0].kind if media else None
    takes = bool(first and kind.rules.at_most(first))
    return bool(kind.option and options.get(kind.option)), takes, kind.rules.at_most(first) if first else 0


def seconds_from_now(value: Any) -> datetime | None:
    """`expires_in` as a moment; None where the network gave none."""
    try:
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + float(value), UTC)
    except (TypeError, ValueError):
        return None
