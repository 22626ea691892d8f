"""The document of the API is true: whatever is sent is answered as it says, and nothing breaks."""

from collections.abc import Iterator

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase
from pytest_django.fixtures import Settings
from schemathesis import APIOperation, BaseSchema, Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import ApiToken, User

TRUE = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
FEW = hypothesis.settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def document(settings: Settings) -> Iterator[BaseSchema]:
    """The document, and the desk that it describes in this process, on the test's own connection."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.API_LIMITS = dict.fromkeys(settings.API_LIMITS, (100_000, 60))
    document = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
    document.app = get_wsgi_application()
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield document
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def faults(operation: APIOperation, key: str) -> list[str]:
    """What some requests, right and wrong ones, were answered that the document does not say."""
    found: dict[str, str] = {}

    @FEW
    @hypothesis.given(case=operation.as_strategy())
    def ask(case: Case) -> None:
        try:
            case.call_and_validate(headers={"Authorization": f"Token {key}"}, checks=TRUE)
        except FailureGroup as group:
            for failure in group.exceptions:
                found.setdefault(
                    failure.title,
                    f"{operation.label}: {failure.title}: {failure.message}\n{case.as_curl_command()}",
                )

    ask()
    return list(found.values())


@pytest.mark.django_db
def test_whatever_is_sent_is_answered_as_documented(document: BaseSchema, ada: User) -> None:
    _token, key = ApiToken.issue(ada.memberships.get(), "a test")

    operations = [result.ok() for result in document.get_all_operations()]
    found = [fault for operation in operations for fault in faults(operation, key)]

    assert len(operations) > 60
    assert found == [], "\n\n".join(found)
