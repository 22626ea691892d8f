"""Commands about the person: help, who they are here, what they are told, and when not."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import muting
from accounts.models import NoticePreference, preferences_of
from accounts.workspaces import switch_workspace
from platforms.chatting import Button, Utterance
from publishing.times import short_time
from snsauto.bot.commands import COMMANDS, command, press
from snsauto.bot.talking import Answer, Pressed, Talk, sentence
from snsauto.bot.when import moment_of, span

LONGEST_MUTE_DAYS = 30


@command("start", gettext_lazy("Say hello"))
def start(talk: Talk) -> Utterance:
    """Of somebody who is linked already; strangers are answered before any command is looked for."""
    told = {"name": talk.user.get_short_name(), "workspace": talk.member.workspace}
    answer = Answer().line(_("Hello %(name)s. You are linked, and in %(workspace)s just now.") % told)
    return answer.line(_("/today shows what goes out, /help what else I can do.")).made()


@command("help", gettext_lazy("What I can do"))
def help_(talk: Talk) -> Utterance:
    """Every command that the person's role allows, with what it does."""
    allowed = [one for one in COMMANDS.values() if talk.member.may(one.permission)]
    answer = Answer().title(_("What I can do"))
    answer.add(f"/{one.name} {one.example} – {one.help}".replace("  ", " ") for one in allowed)
    answer.gap().line(_("A picture with words below it becomes a draft."))
    return answer.line(_("Answer my message about a comment, and your words go to whoever wrote it.")).made()


@command("link", gettext_lazy("Who you are here"))
def link(talk: Talk) -> Utterance:
    told = {"name": talk.user, "email": talk.user.email, "workspace": talk.member.workspace}
    answer = Answer().line(_("You are %(name)s (%(email)s) here, in %(workspace)s.") % told)
    return answer.line(_("Role: %(role)s") % {"role": talk.member.get_role_display()}).made()


@command("unlink", gettext_lazy("Forget who you are"))
def unlink(talk: Talk) -> Utterance:
    talk.link.delete()
    return sentence(_("Done: I do not know you any more, and tell you nothing. Link again from the desk."))


@command("workspace", gettext_lazy("Which workspace we talk about"), example=gettext_lazy("[name]"))
def workspace(talk: Talk) -> Utterance:
    """The workspaces, one button each; with a name, the one that begins so."""
    memberships = list(talk.user.memberships.select_related("workspace").order_by("workspace__name"))
    if talk.words:
        found = [row for row in memberships if str(row.workspace).lower().startswith(talk.words.lower())]
        if len(found) != 1:
            return sentence(_("You are in no workspace whose name begins like that, or in several."))
        switch_workspace(talk.user, found[0].workspace_id)
        return sentence(_("We talk about %(name)s now.") % {"name": found[0].workspace})
    answer = Answer().line(_("We talk about %(name)s.") % {"name": talk.member.workspace})
    for row in memberships:
        if row.workspace_id != talk.member.workspace_id:
            answer.buttons(Button(str(row.workspace)[:60], press=f"workspace:{row.workspace_id}"))
    return answer.made()


@press("workspace", COMMANDS["workspace"].permission)
def choose_workspace(talk: Talk, arguments: list[str]) -> Pressed:
    number = "".join(arguments[:1])
    wanted = talk.user.memberships.filter(workspace_id=number if number.isdecimal() else 0)
    row = wanted.select_related("workspace").first()
    if row is None:
        return Pressed(_("You are not a member there."))
    switch_workspace(talk.user, row.workspace_id)
    words = _("We talk about %(name)s now.") % {"name": row.workspace}
    return Pressed(words, sentence(words))


@command("mute", gettext_lazy("Tell you nothing for a while"), example=gettext_lazy("2h | until 18:00 | off"))
def mute(talk: Talk) -> Utterance:
    """Mails and messages of the chat wait until then; the desk's own bell does not."""
    words = talk.words.lower().removeprefix("until ").removeprefix("for ").strip()
    if not words:
        return _muted(talk, preferences_of([talk.user])[talk.user.pk])
    if words == "off":
        until = None
    else:
        try:
            gap = span(words)
            until = talk.at + gap if gap else moment_of(words, talk.zone, talk.at)
        except ValidationError as error:
            return sentence(" ".join(error.messages))
        if not talk.at < until or (until - talk.at).days >= LONGEST_MUTE_DAYS:
            return sentence(_("Say a time to come, within a month: /mute 2h, /mute until 18:00, /mute off."))
    return _muted(talk, muting.mute(talk.user, until))


def _muted(talk: Talk, preference: NoticePreference) -> Utterance:
    until: datetime | None = preference.muted_until
    if until is None or until <= now():
        return sentence(_("You are told of everything you chose. /mute 2h keeps me quiet for two hours."))
    told = {"time": short_time(until, talk.zone), "zone": talk.zone.key}
    return sentence(_("Quiet until %(time)s (%(zone)s). /mute off ends it.") % told)
