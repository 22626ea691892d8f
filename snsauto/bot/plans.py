"""Commands that tell how things stand: the desk, accounts, what is planned, campaigns."""

from collections.abc import Iterable
from datetime import date, timedelta

from django.db.models import Count, Q
from django.utils.formats import date_format
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Account
from campaigns.models import Campaign
from platforms.chatting import Utterance
from publishing import halts
from publishing.models import NEEDS_PERSON, Delivery, Post, State
from publishing.times import short_time
from snsauto.bot.commands import command
from snsauto.bot.talking import Answer, Talk, paged

MOST = 200  # rows that a list of the chat is cut at
EXCERPT = 60
COLUMNS = ("name", "starts_on", "ends_on", "out", "planned")  # of campaigns
SIGNS = {
    State.DRAFT: "✏️", State.SCHEDULED: "🕘", State.PUBLISHING: "📤", State.PUBLISHED: "✅",
    State.FAILED: "❌", State.UNKNOWN: "❓", State.MISSED: "⏰", State.CANCELLED: "🚫",
}  # fmt: skip


def excerpt(text: str, most: int = EXCERPT) -> str:
    words = " ".join(text.split())
    return words if len(words) <= most else f"{words[: most - 1]}…"


def post_line(post: Post, talk: Talk) -> str:
    """A post as a line: sign, number, time, first words, networks."""
    networks = sorted(
        {row.account.platform.label for row in post.deliveries.all() if row.state != State.CANCELLED}
    )
    when = short_time(post.scheduled_at, talk.zone) if post.scheduled_at else _("no time")
    words = excerpt(post.text) or _("(pictures only)")
    return f"{SIGNS[post.state]} {post.pk} · {when} · {words} · {', '.join(networks) or _('no account')}"


def posts_between(talk: Talk, first: date, last: date) -> list[Post]:
    rows = Post.objects.visible_to(talk.member).on_days(first, last, talk.zone)
    return list(rows.with_deliveries().order_by("scheduled_at", "pk")[:MOST])


@command("status", gettext_lazy("How things stand"))
def status(talk: Talk) -> Utterance:
    member, today = talk.member, now().astimezone(talk.zone).date()
    answer = Answer().title(str(member.workspace))
    if halt := halts.of_desk(member) or halts.of_workspace(member):
        answer.line(
            "⏸ " + (_("The whole desk is stopped.") if halt.is_desk else _("Paused: nothing goes out."))
        )
    accounts = list(Account.objects.visible_to(member).defer("credentials"))
    connected = sum(account.state == Account.State.CONNECTED for account in accounts)
    broken = [account for account in accounts if account.state == Account.State.EXPIRED]
    told = ngettext("%(count)d account is connected.", "%(count)d accounts are connected.", connected)
    answer.line("🔌 " + told % {"count": connected})
    if broken:
        answer.line("⚠️ " + _("To be connected again: %(names)s") % {"names": ", ".join(map(str, broken[:5]))})
    planned = sum(post.state == State.SCHEDULED for post in posts_between(talk, today, today))
    answer.line(
        "🕘 " + ngettext("%(n)d post to come today", "%(n)d posts to come today", planned) % {"n": planned}
    )
    needing = Delivery.objects.visible_to(member).filter(state__in=NEEDS_PERSON)
    counts = needing.aggregate(**{state: Count("pk", filter=Q(state=state)) for state in NEEDS_PERSON})
    answer.add(
        f"{SIGNS[state]} {counts[state]} {State(state).label.lower()}"
        for state in NEEDS_PERSON
        if counts[state]
    )
    return answer.made()


@command("accounts", gettext_lazy("The connected accounts"))
def accounts(talk: Talk) -> Utterance:
    rows = Account.objects.visible_to(talk.member).exclude(state=Account.State.DISCONNECTED)
    lines = [
        f"{'⏸' if row.is_paused else '✅' if row.can_publish else '⚠️'} {row}"
        + (f" – {row.trouble}" if row.trouble else "")
        for row in rows.defer("credentials")[:MOST]
    ]
    return paged(Answer().title(_("Accounts")), talk, lines, "accounts", _("No account is connected."))


@command("queue", gettext_lazy("What goes out next"))
def queue(talk: Talk) -> Utterance:
    rows = Post.objects.visible_to(talk.member).filter(deliveries__state=State.SCHEDULED).distinct()
    posts = rows.with_deliveries().order_by("scheduled_at", "pk")[:MOST]
    return _listed(
        talk, _("What goes out next"), posts, "queue", _("Nothing is planned. /draft begins a post.")
    )


@command("today", gettext_lazy("What goes out today"))
def today(talk: Talk) -> Utterance:
    day = now().astimezone(talk.zone).date()
    title = date_format(day, "l j F", use_l10n=False)
    return _listed(talk, title, posts_between(talk, day, day), "today", _("Nothing today."))


@command("week", gettext_lazy("What goes out in seven days"))
def week(talk: Talk) -> Utterance:
    day = now().astimezone(talk.zone).date()
    posts = posts_between(talk, day, day + timedelta(days=6))
    return _listed(talk, _("The next seven days"), posts, "week", _("Nothing in seven days."))


def _listed(talk: Talk, title: str, posts: Iterable[Post], name: str, empty: str) -> Utterance:
    lines = [post_line(post, talk) for post in posts]
    return paged(Answer().title(title), talk, lines, name, empty)


@command("campaigns", gettext_lazy("The campaigns"))
def campaigns(talk: Talk) -> Utterance:
    counted = Campaign.objects.visible_to(talk.member).annotate(
        out=Count("posts", filter=Q(posts__deliveries__state=State.PUBLISHED), distinct=True),
        planned=Count("posts", filter=Q(posts__deliveries__state=State.SCHEDULED), distinct=True),
    )
    lines = [
        _("%(name)s · %(dates)s · %(out)d out, %(planned)d planned")
        % {**row, "dates": _dates(row["starts_on"], row["ends_on"])}
        for row in counted.order_by("-starts_on", "name").values(*COLUMNS)[:MOST]
    ]
    return paged(Answer().title(_("Campaigns")), talk, lines, "campaigns", _("There is no campaign yet."))


def _dates(first: date | None, last: date | None) -> str:
    ends = [date_format(day, "j M", use_l10n=False) if day else "…" for day in (first, last)]
    return " – ".join(ends)
