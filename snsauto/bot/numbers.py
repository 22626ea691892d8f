"""Commands about numbers: what a range brought, the best posts and hours, a report."""

import re
import uuid
from datetime import timedelta

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.permissions import Permission
from analytics import reports
from analytics.best_time import Slot, best_times
from analytics.metrics import LABELS, Number
from analytics.reading import Range, best_posts, totals
from analytics.report_models import Report
from platforms.chatting import Utterance
from publishing.times import short_time
from snsauto.bot.commands import command
from snsauto.bot.plans import excerpt
from snsauto.bot.talking import Answer, Talk, sentence

KEYS = uuid.UUID("3c7f2f3a-8a1e-4c52-9a58-0c1fd8f1b7aa")  # the keys of reports that come from the chat
SHOWN = ("posts", "views", "reach", "engagements", "likes", "comments", "shares", "clicks", "followers")
USUAL, LONGEST = 30, 366  # days
WORDS = {"day": 1, "daily": 1, "week": 7, "weekly": 7, "month": 30, "monthly": 30, "quarter": 91, "year": 365}


def days_of(words: str, usual: int = USUAL) -> int | None:
    """“7”, “7 days”, “week”: how many days are meant; None where nobody could tell."""
    text = words.strip().lower()
    if not text:
        return usual
    found = re.fullmatch(r"(\d{1,3})(?:\s*d(?:ays?)?)?", text)
    days = int(found[1]) if found else WORDS.get(text, 0)
    return days if 1 <= days <= LONGEST else None


def range_of(talk: Talk, days: int) -> Range:
    """So many whole days, of which yesterday is the last."""
    yesterday = now().astimezone(talk.zone).date() - timedelta(days=1)
    return Range(yesterday - timedelta(days=days - 1), yesterday, talk.zone)


def _how_many() -> Utterance:
    return sentence(_("Say for how many days, up to a year: 7, 30, week, month."))


def figure(value: Number) -> str:
    """“12,345”; a word where the number is not told."""
    return _("not told") if value is None else f"{value:,.0f}"


@command("stats", gettext_lazy("What the last days brought"), example=gettext_lazy("[days]"))
def stats(talk: Talk) -> Utterance:
    """Beside each number how it changed against as many days before."""
    days = days_of(talk.words)
    if days is None:
        return _how_many()
    span = range_of(talk, days)
    here, before = (totals(talk.member.workspace, one).values for one in (span, span.before()))
    answer = Answer().title(_("The last %(days)d days") % {"days": days})
    answer.add(
        f"{LABELS[name]}: {figure(here.get(name))}{_change(here.get(name), before.get(name))}"
        for name in SHOWN
        if here.get(name) is not None
    )
    if all(here.get(name) is None for name in SHOWN if name != "posts"):
        return answer.line(_("The networks have told no numbers of these days yet.")).made()
    if (rate := here.get("engagement_rate")) is not None:
        answer.line(f"{LABELS['engagement_rate']}: {rate:.1%}")
    return answer.leads_to(reverse("analytics:overview")).made()


def _change(here: Number, before: Number) -> str:
    if here is None or not before:
        return ""
    return f" ({(here - before) / before:+.0%})"


@command("top", gettext_lazy("The posts that did best"), example=gettext_lazy("[days]"))
def top(talk: Talk) -> Utterance:
    days = days_of(talk.words)
    if days is None:
        return _how_many()
    today = now().astimezone(talk.zone).date()
    span = Range(today - timedelta(days=days - 1), today, talk.zone)
    best = best_posts(talk.member.workspace, span, count=5)
    answer = Answer().title(_("Best of the last %(days)d days") % {"days": days})
    for place, line in enumerate(best, 1):
        when = short_time(line.delivery.published_at, talk.zone) if line.delivery.published_at else ""
        told = {"place": place, "words": excerpt(line.post.text, 50), "account": line.account, "when": when}
        answer.line(_("%(place)d. %(words)s · %(account)s · %(when)s") % told)
        views = (
            _(", %(views)s views") % {"views": figure(line.values["views"])} if line.values["views"] else ""
        )
        answer.line(_("    %(count)s engagements") % {"count": figure(line.score)} + views)
    return (answer if best else answer.line(_("No numbers of these days yet."))).made()


@command("best", gettext_lazy("When posts do best"))
def best(talk: Talk) -> Utterance:
    slots = best_times(talk.member.workspace, count=5)
    answer = Answer().title(_("When posts do best"))
    if not slots:
        return answer.line(_("There are too few posts to tell yet. Ten with numbers are enough.")).made()
    return answer.add(_slot(slot) for slot in slots).line(talk.zone.key).made()


def _slot(slot: Slot) -> str:
    day = date_format(now().replace(year=2026, month=1, day=5 + slot.weekday), "l", use_l10n=False)
    told = {"day": day, "hour": f"{slot.hour:02d}:00", "more": f"{slot.score - 1:+.0%}", "count": slot.count}
    return _("%(day)s %(hour)s – %(more)s against the usual, %(count)d posts") % told


@command("report", gettext_lazy("Make a report"), Permission.WRITE, gettext_lazy("[week | month | days]"))
def report(talk: Talk) -> Utterance:
    """Made in the background; whoever asked is told when it is ready."""
    days = days_of(talk.words, usual=7)
    if days is None:
        return _how_many()
    span = range_of(talk, days)
    row, _is_new = Report.objects.get_or_create(
        workspace=talk.member.workspace,
        key=uuid.uuid5(KEYS, talk.key),
        defaults={
            "name": _("Report"),
            "first_day": span.first,
            "last_day": span.last,
            "zone": talk.zone.key,
            "created_by": talk.user,
        },
    )
    reports.ring()
    words = _("The report for %(days)s is being made. I tell you when it is ready.") % {"days": row.days}
    return Answer().line(words).leads_to(row.get_absolute_url()).made()
