"""The library through the API."""

from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from publishing import labels
from publishing import media as pictures
from publishing.forms.library import KINDS, searched
from publishing.models import Media
from snsauto.api.authentication import member_of
from snsauto.api.errors import Conflict
from snsauto.api.etags import Conditional
from snsauto.api.serializers import MediaSerializer
from snsauto.api.views import sent


class LabelsField(serializers.ListField):
    """Labels as words, each once however capitalised; a comma parts two, as where people type them."""

    child = serializers.CharField()

    def to_representation(self, data: Any) -> list[str]:
        return [label.name for label in data.all()]

    def to_internal_value(self, data: Any) -> list[str]:
        return labels.parse(",".join(super().to_internal_value(data)))


class LibrarySerializer(MediaSerializer):
    """A picture, video or document in the library. `labels`: words, all of them where they are sent."""

    labels = LabelsField(required=False)

    class Meta(MediaSerializer.Meta):
        fields = [*MediaSerializer.Meta.fields, "labels"]
        read_only_fields = [name for name in MediaSerializer.Meta.read_only_fields if name != "name"]

    @transaction.atomic
    def update(self, instance: Media, validated_data: dict[str, Any]) -> Media:
        names = validated_data.pop("labels", None)
        media = super().update(instance, validated_data)
        if names is not None:
            labels.put(media, names)
        return media


class MediaUploadSerializer(serializers.Serializer[Any]):
    """A file with what is said of it."""

    file = serializers.FileField()
    alt_text = serializers.CharField(required=False, allow_blank=True, max_length=1500)
    labels = LabelsField(required=False)


class MediaFilter(filters.FilterSet):  # type: ignore[misc]
    """What the library's page narrows by: words, kind, label, whether something holds it."""

    q = filters.CharFilter(method="search", help_text=gettext_lazy("Words of name, description, label."))
    kind = filters.ChoiceFilter(choices=[(kind, kind) for kind in KINDS], method="of_kind")
    label = filters.CharFilter(field_name="labels__name", lookup_expr="iexact")
    used = filters.BooleanFilter(
        method="held", help_text=gettext_lazy("Whether a post or a template holds it.")
    )

    class Meta:
        model = Media
        fields: ClassVar[list[str]] = []

    def search(self, rows: Any, _name: str, words: str) -> Any:
        return searched(rows, words)

    def of_kind(self, rows: Any, _name: str, kind: str) -> Any:
        return rows.filter(KINDS[kind])

    def held(self, rows: Any, _name: str, is_used: bool) -> Any:
        return rows.filter(pictures.USED if is_used else ~pictures.USED)


class MediaViewSet(
    Conditional,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[Media],
):
    """The library: upload (multipart `file`), describe, label, delete what no post holds."""

    scope = "media"
    queryset = Media.objects.all()
    serializer_class = LibrarySerializer
    filterset_class = MediaFilter
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def get_queryset(self) -> QuerySet[Media]:
        return Media.objects.visible_to(member_of(self.request)).prefetch_related("labels")

    @extend_schema(request={"multipart/form-data": MediaUploadSerializer}, responses={201: LibrarySerializer})
    def create(self, request: Request) -> Response:
        upload = sent(MediaUploadSerializer, request)
        media = pictures.take_in(member_of(request), upload["file"])
        if "alt_text" in upload:
            media.alt_text = upload["alt_text"]
            media.save(update_fields=["alt_text"])
        if "labels" in upload:
            labels.put(media, upload["labels"])
        return Response(self.get_serializer(media).data, status=status.HTTP_201_CREATED)

    def perform_destroy(self, instance: Media) -> None:
        if pictures.in_use(instance):
            raise Conflict(_("A post holds this picture."), code="media_in_use")
        pictures.remove(instance)
