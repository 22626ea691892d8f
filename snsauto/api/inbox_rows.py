"""The API's words for conversations, messages, answers, and what an inbox is set up with."""

from datetime import UTC
from typing import Any, get_args

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Account, Membership, User
from accounts.permissions import GRANTED, Permission
from inbox.forms.filters import SHOWN
from inbox.forms.setting_up import COLOURS, known_variables
from inbox.models import Conversation, Kind, Label, Message, Note, Person, Reply, ReplyRule, SavedReply
from inbox.moderating import actions_for
from inbox.replying import LONGEST
from inbox.windows import window_of
from platforms.base import Moderation
from platforms.registry import PLATFORMS
from snsauto.api.authentication import member_of
from snsauto.api.plain import PlainSerializer
from snsauto.api.writing import OwnRows

LARGEST = 2**63 - 1


@extend_schema_field(OpenApiTypes.INT)
class Colleague(serializers.PrimaryKeyRelatedField):  # type: ignore[type-arg]
    """Somebody of the workspace who may answer, by id; nobody else exists."""

    def get_queryset(self) -> Any:
        member = member_of(self.context["request"])
        roles = [role for role, granted in GRANTED.items() if Permission.WRITE in granted]
        here = Membership.objects.visible_to(member).filter(role__in=roles)
        return User.objects.filter(pk__in=here.values("user"), is_active=True)


class PersonSerializer(PlainSerializer[Person]):
    """Somebody who writes, as their network names them."""

    class Meta:
        model = Person
        fields = ["id", "platform_name", "handle", "name", "note"]


class LabelSerializer(PlainSerializer[Label]):
    colour = serializers.ChoiceField(choices=COLOURS, default="blue")

    class Meta:
        model = Label
        fields = ["id", "name", "colour"]

    def validate_name(self, value: str) -> str:
        return _free(self, Label, value)


class SavedReplySerializer(PlainSerializer[SavedReply]):
    """`{name}`, `{handle}`, `{account}` and `{link}` are filled in where a person uses it."""

    class Meta:
        model = SavedReply
        fields = ["id", "name", "text", "created_at"]
        read_only_fields = ["created_at"]

    def validate_name(self, value: str) -> str:
        return _free(self, SavedReply, value)

    def validate_text(self, value: str) -> str:
        return known_variables(value)


class ReplyRuleSerializer(PlainSerializer[ReplyRule]):
    """What is done by itself. Empty conditions narrow nothing; `days` run from 0 (Monday)."""

    accounts = OwnRows(queryset=Account.objects.all(), many=True, required=False)
    platforms = serializers.ListField(
        child=serializers.ChoiceField(choices=sorted(PLATFORMS)), required=False
    )
    kinds = serializers.ListField(child=serializers.ChoiceField(choices=Kind.choices), required=False)
    words = serializers.ListField(child=serializers.CharField(max_length=80), required=False, max_length=50)
    days = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6), required=False, max_length=7
    )
    most_stars = serializers.IntegerField(min_value=1, max_value=5, required=False, allow_null=True)
    label = OwnRows(queryset=Label.objects.all(), required=False, allow_null=True)  # type: ignore[assignment]
    assignee = Colleague(required=False, allow_null=True)

    class Meta:
        model = ReplyRule
        fields = [
            "id", "name", "is_on", "position", "accounts", "platforms", "kinds", "words", "days", "from_time",
            "until_time", "is_outside_hours", "most_stars", "reply", "pause", "label", "assignee", "closes",
        ]  # fmt: skip

    def validate_name(self, value: str) -> str:
        return _free(self, ReplyRule, value)

    def validate_reply(self, value: str) -> str:
        return known_variables(value)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        def value(name: str) -> Any:
            return attrs[name] if name in attrs else getattr(self.instance, name, None)

        if (value("from_time") is None) != (value("until_time") is None):
            raise serializers.ValidationError({"until_time": _("Give both times, or none.")}, "required")
        if not any(value(name) for name in ("reply", "label", "assignee", "closes")):
            said = _("Say what the rule does: answer, label, give to somebody or mark as done.")
            raise serializers.ValidationError({"reply": said}, "required")
        return attrs


class MatchSerializer(serializers.Serializer[Any]):
    """What a rule would have done with a message. `skipped`: why it gives no answer."""

    message = serializers.IntegerField(source="message.pk")
    conversation = serializers.IntegerField(source="message.conversation_id")
    text = serializers.CharField(source="message.text")
    created_at = serializers.DateTimeField(source="message.created_at")
    answer = serializers.CharField()
    skipped = serializers.CharField()
    why = serializers.CharField()


class ConversationSerializer(PlainSerializer[Conversation]):
    """What belongs together. `answer_until`: until when the network takes an answer; null: no limit."""

    platform_name = serializers.CharField(source="account.platform_name")
    person = PersonSerializer(allow_null=True)
    labels = LabelSerializer(many=True)
    answer_until = serializers.SerializerMethodField()

    class Meta:
        model = Conversation
        fields = [
            "id", "account", "platform_name", "kind", "person", "delivery", "post_id", "permalink",
            "state",
            "snoozed_until", "assignee", "labels", "preview", "unread", "needs_answer", "answer_until",
            "last_at", "created_at", "changed_at",
        ]  # fmt: skip

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_answer_until(self, conversation: Conversation) -> Any:
        until = window_of(conversation)
        return serializers.DateTimeField(allow_null=True).to_representation(until) if until else None


class ConversationChangeSerializer(serializers.Serializer[Any]):
    """What may be changed; what is left out stays. `snoozed` needs `snoozed_until`."""

    state = serializers.ChoiceField(choices=Conversation.State.choices, required=False)
    snoozed_until = serializers.DateTimeField(required=False, default_timezone=UTC)
    assignee = Colleague(required=False, allow_null=True)
    labels = OwnRows(queryset=Label.objects.all(), many=True, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        is_snoozed = attrs.get("state") == Conversation.State.SNOOZED
        if is_snoozed and not attrs.get("snoozed_until"):
            raise serializers.ValidationError({"snoozed_until": _("Say until when.")}, "required")
        if "snoozed_until" in attrs and not is_snoozed:
            raise serializers.ValidationError({"state": _("Only what is snoozed has a moment.")}, "invalid")
        return attrs


class ConversationQuestionSerializer(serializers.Serializer[Any]):
    """What narrows the list, as on the page."""

    show = serializers.ChoiceField(choices=list(SHOWN), required=False, help_text=_("All where left out."))
    q = serializers.CharField(required=False, max_length=200)
    network = serializers.ChoiceField(choices=sorted(PLATFORMS), required=False)
    account = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST)
    kind = serializers.ChoiceField(choices=Kind.choices, required=False)
    label = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST)  # type: ignore[assignment]
    assignee = serializers.RegexField(
        r"^(me|none|\d{1,18})$", required=False, help_text=_("A member's id, me or none.")
    )
    unread = serializers.BooleanField(required=False)
    waiting = serializers.BooleanField(required=False)


class MessageSerializer(PlainSerializer[Message]):
    """One thing that was written. `actions`: what `moderate` takes for it just now."""

    person = PersonSerializer(allow_null=True)
    actions = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = [
            "id", "conversation", "kind", "remote_id", "is_ours", "person", "user", "text", "earlier",
            "created_at", "received_at", "read_at", "edited_at", "deleted_at", "permalink", "rating",
            "is_hidden",            "is_liked", "attachments", "actions",
        ]  # fmt: skip

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=get_args(Moderation))))
    def get_actions(self, message: Message) -> list[str]:
        return [] if message.is_ours else list(actions_for(message))


class ModerateSerializer(serializers.Serializer[Any]):
    action = serializers.ChoiceField(choices=get_args(Moderation))


class AnswerSerializer(serializers.Serializer[Any]):
    """An answer. `message`: what it answers; the last one that somebody wrote where it is left out."""

    text = serializers.CharField(max_length=LONGEST)
    message = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST)


class ReplySerializer(PlainSerializer[Reply]):
    """An answer on its way, and what became of it. `answer`: the message that it became."""

    class Meta:
        model = Reply
        fields = [
            "id", "key", "conversation", "message", "answer", "user", "rule", "text", "state", "due_at",
            "reason_code", "reason", "advice", "created_at", "sent_at",
        ]  # fmt: skip


class ArrivedSerializer(serializers.Serializer[Any]):
    """What a person found on the network: it is there, or it is not and is sent again."""

    arrived = serializers.BooleanField()


class NoteSerializer(PlainSerializer[Note]):
    text = serializers.CharField(max_length=4000)

    class Meta:
        model = Note
        fields = ["id", "user", "text", "created_at"]
        read_only_fields = ["user", "created_at"]


def _free(serializer: Any, model: Any, value: str) -> str:
    """A name that nothing else of its kind has in the workspace."""
    name = " ".join(value.split())
    rows = model.objects.visible_to(member_of(serializer.context["request"]))
    if serializer.instance is not None:
        rows = rows.exclude(pk=serializer.instance.pk)
    if rows.filter(name__iexact=name).exists():
        raise serializers.ValidationError(_("There is one of this name already."), "taken")
    return name
