"""Commands and buttons that change something: by the same functions, and the same rules, as the pages."""

import uuid
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Account, ChatMessage
from accounts.permissions import Permission
from accounts.templatetags.interface import distance
from platforms.chatting import Button, Utterance
from platforms.errors import PlatformError
from publishing import deciding, scheduling
from publishing.deciding import Decision
from publishing.media import take_in
from publishing.models import Delivery, Media, Post, State
from publishing.preflight import Refusal, examine_deliveries
from publishing.times import short_time
from publishing.writing import PostInput, Target, save_post
from snsauto.bot.commands import command, press
from snsauto.bot.plans import excerpt
from snsauto.bot.talking import Answer, Pressed, Talk, sentence
from snsauto.bot.when import moment_of

KEYS = uuid.UUID("8f1a3f0e-5a55-4f0b-9a39-2d7f1e4c6b10")  # the keys of posts that come from the chat
MOST_FAILED = 10
MOST_FINDINGS = 4


# --- writing ---


@command("draft", gettext_lazy("Write a draft"), Permission.WRITE, gettext_lazy("<text>"))
def draft(talk: Talk) -> Utterance:
    """For all accounts that can post; the words may come below a picture."""
    media: list[Media] = []
    if talk.heard.picture:
        try:
            name = f"chat-{talk.heard.message}.jpg"
            content = talk.bot.picture(talk.heard.picture)
            media = [take_in(talk.member, SimpleUploadedFile(name, content, "image/jpeg"))]
        except PlatformError as error:
            return sentence(f"{error.message} {error.action}".strip())
        except ValidationError as error:
            return sentence(" ".join(error.messages))
    if not talk.words and not media:
        return sentence(_("Write the text behind it: /draft Fresh bread from six o'clock."))
    accounts = Account.objects.visible_to(talk.member).filter(state=Account.State.CONNECTED)
    content_ = PostInput(
        text=talk.words,
        targets=[Target(account) for account in accounts],
        media=media,
        timezone=talk.member.workspace.timezone,
        key=uuid.uuid5(KEYS, talk.key),
    )
    return _written(save_post(talk.member, content_))


def _written(post: Post) -> Utterance:
    """What became of the words, and what stands in the way of sending them."""
    deliveries = list(post.deliveries.select_related("account", "post").order_by("pk"))
    sentence_ = ngettext(
        "Draft %(pk)d for %(count)d account.", "Draft %(pk)d for %(count)d accounts.", len(deliveries)
    )
    answer = Answer().title(sentence_ % {"pk": post.pk, "count": len(deliveries)})
    answer.line(excerpt(post.text, 200))
    wrong = [str(one) for one in examine_deliveries(deliveries) if one.finding.severity == "error"]
    if wrong:
        answer.gap().line(_("To be mended before it can go out:")).add(
            f"• {one}" for one in wrong[:MOST_FINDINGS]
        )
        if len(wrong) > MOST_FINDINGS:
            answer.line(_("… and %(count)d more.") % {"count": len(wrong) - MOST_FINDINGS})
    else:
        answer.gap().line(_("Send it: /schedule %(pk)d tomorrow 9:00") % {"pk": post.pk})
    return answer.leads_to(post.get_absolute_url(), _("Open the draft")).made()


@command("schedule", gettext_lazy("Give a post its time"), Permission.WRITE, gettext_lazy("<number> <when>"))
def schedule(talk: Talk) -> Utterance:
    number, _space, words = talk.words.partition(" ")
    post = _post(talk, number)
    if post is None:
        return sentence(_("Say which post, and when: /schedule 12 tomorrow 9:00."))
    try:
        at = moment_of(words, talk.zone, talk.at)
        sent = scheduling.schedule(post, at)
    except (ValidationError, Refusal) as refused:
        return sentence(" ".join(refused.messages) if isinstance(refused, ValidationError) else str(refused))
    told = {
        "pk": post.pk,
        "when": short_time(at, talk.zone),
        "zone": talk.zone.key,
        "gap": distance(at - talk.at),
        "count": len(sent),
    }
    words = ngettext(
        "Post %(pk)d goes out on %(count)d account: %(when)s (%(zone)s), %(gap)s.",
        "Post %(pk)d goes out on %(count)d accounts: %(when)s (%(zone)s), %(gap)s.",
        len(sent),
    )
    return Answer().line(words % told).leads_to(post.get_absolute_url()).made()


def _post(talk: Talk, number: str) -> Post | None:
    if not number.lstrip("#").isdecimal():
        return None
    return Post.objects.visible_to(talk.member).filter(pk=int(number.lstrip("#"))).first()


# --- mending ---


@command("retry", gettext_lazy("Send what failed once more"), Permission.WRITE, gettext_lazy("[number]"))
def retry(talk: Talk) -> Utterance:
    """A post's failed deliveries; without a number, the list of what failed, with a button each."""
    failed = Delivery.objects.visible_to(talk.member).filter(state=State.FAILED)
    if talk.words:
        post = _post(talk, talk.words)
        of_post = failed.filter(post=post) if post else failed.none()
        done, _event = deciding.decide(talk.member, of_post, Decision.RETRY)
        return sentence(_tried(len(done)) if done else _("Nothing of this post has failed."))
    rows = list(failed.select_related("post", "account").order_by("-due_at")[:MOST_FAILED])
    answer = (
        Answer()
        .title(_("What failed"))
        .add(
            f"❌ {row.post_id} · {excerpt(row.effective_text, 40)} · {row.account} – {row.reason}"
            for row in rows
        )
    )
    for row in rows:
        label = _("Retry %(pk)d on %(account)s") % {"pk": row.post_id, "account": row.account}
        answer.buttons(Button(label[:60], press=f"retry:{row.pk}:{row.fence}"))
    return answer.made() if rows else sentence(_("Nothing has failed. ✅"))


def _tried(count: int) -> str:
    return ngettext("Trying %(count)d post again.", "Trying %(count)d posts again.", count) % {"count": count}


def _decided(talk: Talk, arguments: list[str], act: Callable[[Delivery], bool], words: str) -> Pressed:
    """Do it with a delivery that is as it was when the button was made: never with a later try."""
    pk, fence = (int(one) if one.isdecimal() else -1 for one in (*arguments, "", "")[:2])
    rows = Delivery.objects.visible_to(talk.member).select_related("post", "account")
    delivery = rows.filter(pk=pk, fence=fence).first()
    try:
        is_done = delivery is not None and act(delivery)
    except Refusal as refusal:
        return Pressed(str(refusal))
    if delivery is None or not is_done:
        return Pressed(_("Too late: its state has changed meanwhile."))
    told = f"{excerpt(delivery.effective_text)} · {delivery.account}"
    by = _("%(words)s (%(name)s)") % {"words": words, "name": talk.user.get_short_name()}
    return Pressed(words, Answer().line(told).line(by).leads_to(delivery.post.get_absolute_url()).made())


@press("retry")
def press_retry(talk: Talk, arguments: list[str]) -> Pressed:
    return _decided(talk, arguments, scheduling.retry, _("Trying again."))


@press("there")
def press_there(talk: Talk, arguments: list[str]) -> Pressed:
    return _decided(talk, arguments, scheduling.confirm_published, _("Noted: it is there."))


@press("again")
def press_again(talk: Talk, arguments: list[str]) -> Pressed:
    return _decided(talk, arguments, scheduling.send_again, _("Sending again."))


@press("all")
def press_all(talk: Talk, _arguments: list[str]) -> Pressed:
    """Retry all that the message is about, as far as the person may and it still needs it."""
    told = ChatMessage.objects.filter(chat=talk.heard.chat, remote_id=talk.heard.message).first()
    about = told.about.get("deliveries", []) if told else []
    rows = Delivery.objects.visible_to(talk.member).filter(pk__in=about, state=State.FAILED)
    done, _event = deciding.decide(talk.member, rows, Decision.RETRY)
    if not done:
        return Pressed(_("Too late: nothing that failed for this is left."))
    by = _("%(words)s (%(name)s)") % {"words": _tried(len(done)), "name": talk.user.get_short_name()}
    return Pressed(_tried(len(done)), Answer().line(told.text if told else "").line(by).made())


# --- stopping and going on ---


@command("pause", gettext_lazy("Let nothing go out"), Permission.MANAGE)
def pause(talk: Talk) -> Utterance:
    talk.member.workspace.set_paused(True, talk.user)
    told = {"name": talk.member.workspace}
    return Answer().line(_("%(name)s is paused: nothing goes out. /resume lets it go on.") % told).made()


@command("resume", gettext_lazy("Let it go on"), Permission.MANAGE)
def resume(talk: Talk) -> Utterance:
    talk.member.workspace.set_paused(False, talk.user)
    return sentence(_("%(name)s goes on.") % {"name": talk.member.workspace})
