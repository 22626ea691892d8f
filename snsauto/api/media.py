"""The library through the API."""

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from publishing import media as pictures
from publishing.models import Media
from snsauto.api.authentication import member_of
from snsauto.api.errors import Conflict
from snsauto.api.etags import Conditional
from snsauto.api.serializers import MediaSerializer
from snsauto.api.views import sent
from snsauto.api.writing import MediaUploadSerializer


class MediaViewSet(
    Conditional,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[Media],
):
    """The library: upload (multipart `file`), describe, delete what no post holds."""

    scope = "media"
    queryset = Media.objects.all()
    serializer_class = MediaSerializer
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def get_queryset(self) -> QuerySet[Media]:
        return Media.objects.visible_to(member_of(self.request))

    @extend_schema(request={"multipart/form-data": MediaUploadSerializer}, responses={201: MediaSerializer})
    def create(self, request: Request) -> Response:
        upload = sent(MediaUploadSerializer, request)
        media = pictures.take_in(member_of(request), upload["file"])
        if "alt_text" in upload:
            media.alt_text = upload["alt_text"]
            media.save(update_fields=["alt_text"])
        return Response(self.get_serializer(media).data, status=status.HTTP_201_CREATED)

    def perform_destroy(self, instance: Media) -> None:
        if pictures.in_use(instance):
            raise Conflict(_("A post holds this picture."), code="media_in_use")
        pictures.remove(instance)
