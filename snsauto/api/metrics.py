"""What a post's networks told of it, at the post's own address."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.stories import PostNumbers
from publishing.models import Post
from snsauto.api.analytics import PostNumbersSerializer
from snsauto.api.authentication import member_of
from snsauto.api.caching import cached_answer
from snsauto.api.limits import ANALYTICS


class PostMetrics(APIView):
    """A post's numbers: together, on each account, and all that was ever told of it."""

    scope = "analytics"
    limits = (ANALYTICS,)

    @extend_schema(responses=PostNumbersSerializer)
    @cached_answer("analytics")
    def get(self, request: Request, pk: int) -> Response:
        post = get_object_or_404(Post.objects.visible_to(member_of(request)), pk=pk)
        return Response(PostNumbersSerializer(PostNumbers(post)).data)
