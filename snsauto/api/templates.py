"""Templates for programs: list, write, delete, and use one for a new post."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Account
from campaigns.models import Campaign
from platforms.registry import PLATFORMS
from publishing import post_templates, writing
from publishing.models import Media, Post
from publishing.post_templates import Filling, MissingVariables, Part, TemplateInput
from publishing.template_rows import Template, TemplatePart
from snsauto.api.authentication import member_of
from snsauto.api.caching import cached_answer
from snsauto.api.etags import Conditional
from snsauto.api.filters import FilterSet
from snsauto.api.idempotency import idempotent
from snsauto.api.permissions import require_scope
from snsauto.api.plain import PlainSerializer
from snsauto.api.serializers import PostSerializer
from snsauto.api.views import KEY, sent
from snsauto.api.writing import LONGEST_TEXT, OwnRows


class TemplatePartSerializer(PlainSerializer[TemplatePart]):
    """What is different on one network; `text` null: the template's own."""

    platform = serializers.CharField(source="platform_name")

    class Meta:
        model = TemplatePart
        fields = ["platform", "text", "options"]


class TemplateSerializer(PlainSerializer[Template]):
    """A template. `variables`: what must be said when it is used."""

    parts = TemplatePartSerializer(many=True, read_only=True)
    media = serializers.SerializerMethodField()
    variables = serializers.SerializerMethodField()

    class Meta:
        model = Template
        fields = [
            "id",
            "name",
            "text",
            "hashtags",
            "parts",
            "media",
            "campaign",
            "variables",
            "created_from",
            "created_at",
            "updated_at",
        ]

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_media(self, template: Template) -> list[int]:
        return [row.media_id for row in template.templatemedia_set.all()]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_variables(self, template: Template) -> list[str]:
        return post_templates.asked_for(template)


class PartWriteSerializer(serializers.Serializer[Any]):
    platform = serializers.ChoiceField(choices=[])
    text = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, trim_whitespace=False, max_length=LONGEST_TEXT
    )
    options = serializers.DictField(required=False, child=serializers.JSONField())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["platform"].choices = [(name, one.label) for name, one in PLATFORMS.items()]  # type: ignore[attr-defined]


class TemplateWriteSerializer(serializers.Serializer[Any]):
    """A template as a program sends it; a change leaves what it does not name as it is."""

    name = serializers.CharField(max_length=80)
    text = serializers.CharField(
        required=False, allow_blank=True, trim_whitespace=False, max_length=LONGEST_TEXT
    )
    hashtags = serializers.CharField(required=False, allow_blank=True, max_length=300)
    parts = PartWriteSerializer(many=True, required=False)
    media = OwnRows(queryset=Media.objects.all(), many=True, required=False)
    campaign = OwnRows(queryset=Campaign.objects.all(), required=False, allow_null=True)

    def validate_parts(self, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        names = [part["platform"] for part in parts]
        if len(names) != len(set(names)):
            raise serializers.ValidationError(_("A network is named twice."), code="duplicate")
        return parts


class UseSerializer(serializers.Serializer[Any]):
    """What a template is filled in with. `accounts` left out: those of the networks that it has parts for."""

    variables = serializers.DictField(child=serializers.CharField(max_length=1000), required=False)
    accounts = OwnRows(queryset=Account.objects.all(), many=True, required=False)
    date = serializers.DateField(required=False, help_text=_("For {date} and {weekday}; left out: today."))
    campaign = OwnRows(queryset=Campaign.objects.all(), required=False, allow_null=True)
    save = serializers.BooleanField(  # type: ignore[assignment]  # what it is called on the wire
        default=True, help_text=_("False: only say what it would become; nothing is stored.")
    )


class RenderedTargetSerializer(serializers.Serializer[Any]):
    account = serializers.IntegerField()
    text = serializers.CharField(allow_null=True)
    options = serializers.DictField()


class RenderedSerializer(serializers.Serializer[Any]):
    """A post that is not stored, as `POST /posts/` takes it."""

    text = serializers.CharField()
    accounts = RenderedTargetSerializer(many=True)
    media = serializers.ListField(child=serializers.IntegerField())
    campaign = serializers.IntegerField(allow_null=True)
    timezone = serializers.CharField()


class TemplateFilter(FilterSet):
    """Templates by campaign, and those whose name or text has some words."""

    q = filters.CharFilter(method="search")

    class Meta:
        model = Template
        fields = ["campaign"]

    def search(self, rows: Any, _name: str, words: str) -> Any:
        return rows.search(words)


class TemplateViewSet(
    Conditional,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[Template],
):
    """Templates of posts: list, write, delete, use."""

    queryset = Template.objects.all()
    serializer_class = TemplateSerializer
    filterset_class = TemplateFilter
    scope = "templates"

    def get_queryset(self) -> QuerySet[Template]:
        return Template.objects.visible_to(member_of(self.request)).whole()

    @cached_answer("templates")
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    def _answer(self, template: Template, status_code: int = status.HTTP_200_OK) -> Response:
        row = self.get_queryset().get(pk=template.pk)
        return Response(self.get_serializer(row).data, status=status_code)

    @extend_schema(request=TemplateWriteSerializer, responses={201: TemplateSerializer}, parameters=[KEY])
    @idempotent
    def create(self, request: Request) -> Response:
        asked = sent(TemplateWriteSerializer, request)
        template = post_templates.save_template(member_of(request), _input(asked, TemplateInput("")))
        return self._answer(template, status.HTTP_201_CREATED)

    @extend_schema(request=TemplateWriteSerializer, responses=TemplateSerializer)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self._change(request, TemplateInput(""), partial=False)

    @extend_schema(request=TemplateWriteSerializer(partial=True), responses=TemplateSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self._change(request, post_templates.as_input(self.get_object()), partial=True)

    def _change(self, request: Request, standing: TemplateInput, *, partial: bool) -> Response:
        template = self.get_object()
        content = _input(sent(TemplateWriteSerializer, request, partial=partial), standing)
        return self._answer(post_templates.save_template(member_of(request), content, template))

    @extend_schema(request=None, responses={201: TemplateSerializer}, parameters=[KEY])
    @action(detail=False, methods=["post"], url_path=r"from-post/(?P<post>\d{1,18})", filterset_class=None)
    @idempotent
    def from_post(self, request: Request, post: str) -> Response:
        """A template that gives a post again."""
        rows = Post.objects.visible_to(member_of(request)).prefetch_related("postmedia_set__media")
        template = post_templates.from_post(member_of(request), get_object_or_404(rows, pk=post))
        return self._answer(template, status.HTTP_201_CREATED)

    @extend_schema(
        request=UseSerializer, responses={200: RenderedSerializer, 201: PostSerializer}, parameters=[KEY]
    )
    @action(detail=True, methods=["post"])
    @idempotent
    def use(self, request: Request, pk: str) -> Response:
        """A draft from the template (scope `posts:write`); with `save: false` only what it would become."""
        member, asked = member_of(request), sent(UseSerializer, request)
        if asked["save"]:
            require_scope(request, "posts:write")
        filling = Filling(
            asked.get("variables", {}), asked.get("accounts", []), asked.get("date"), asked.get("campaign")
        )
        try:
            content = post_templates.use(member, self.get_object(), filling)
        except MissingVariables as error:
            missing = {f"variables.{name}": _("This is needed.") for name in error.names}
            raise ValidationError(missing, code=error.code) from error
        if not asked["save"]:
            return Response(_rendered(content))
        with transaction.atomic():
            post = writing.save_post(member, content)
        rows = Post.objects.prefetch_related("postmedia_set__media", "deliveries__account")
        return Response(PostSerializer(rows.get(pk=post.pk)).data, status=status.HTTP_201_CREATED)


def _input(asked: dict[str, Any], standing: TemplateInput) -> TemplateInput:
    """What a program wants, over what stands."""
    parts = standing.parts
    if "parts" in asked:
        parts = [Part(part["platform"], part.get("text"), part.get("options", {})) for part in asked["parts"]]
    return TemplateInput(
        name=asked.get("name", standing.name),
        text=asked.get("text", standing.text),
        hashtags=asked.get("hashtags", standing.hashtags),
        parts=parts,
        media=asked.get("media", standing.media),
        campaign=asked.get("campaign", standing.campaign),
    )


def _rendered(content: writing.PostInput) -> dict[str, Any]:
    return {
        "text": content.text,
        "accounts": [
            {"account": target.account.pk, "text": target.text, "options": dict(target.options)}
            for target in content.targets
        ],
        "media": [media.pk for media in content.media],
        "campaign": content.campaign.pk if content.campaign else None,
        "timezone": content.timezone,
    }
