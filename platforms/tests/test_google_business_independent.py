"""Google's own client with the discovery documents of its business services against the twin.

Version 4 (posts and reviews) has no discovery document, so nobody's client knows it by one.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from google.auth import jwt
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from googleapiclient.errors import HttpError
from joserfc.jwk import RSAKey

from platforms.google_business import GoogleBusiness
from platforms.sandbox import google_business as twin
from platforms.sandbox.models import Grant, Person
from platforms.tests.google_services import credentials_of, service_at

pytestmark = pytest.mark.django_db(transaction=True)
HOME = "sandbox/google_business"


@pytest.fixture
def baker(sandbox: str) -> Person:
    return Person.objects.get(network="google_business", handle="morgenrotbakery")


@pytest.fixture
def credentials(sandbox: str, baker: Person) -> Credentials:
    return credentials_of(GoogleBusiness, sandbox, baker)


@pytest.fixture
def service(sandbox: str, credentials: Credentials) -> Callable[[str], Any]:
    return lambda name: service_at(f"{sandbox}/{HOME}", f"{name}.v1", credentials)


def test_it_renews_its_token_and_is_told_that_a_grant_is_gone(credentials: Credentials) -> None:
    before = credentials.token
    credentials.refresh(Request())
    after = credentials.token
    Grant.objects.all().delete()

    assert after != before
    with pytest.raises(RefreshError, match="expired or revoked"):
        credentials.refresh(Request())


def test_it_lists_accounts_and_their_locations(service: Callable[[str], Any]) -> None:
    accounts = service("mybusinessaccountmanagement").accounts().list(pageSize=20).execute()["accounts"]
    places = service("mybusinessbusinessinformation")
    fields = "name,title,storefrontAddress,metadata"
    titles, request = [], places.accounts().locations().list(
        parent=accounts[1]["name"], readMask=fields, pageSize=2
    )  # fmt: skip
    while request is not None:  # page by page
        page = request.execute()
        titles += [place["storefrontAddress"]["locality"] for place in page["locations"]]
        request = places.accounts().locations().list_next(request, page)
    one = places.locations().get(name="locations/987654321", readMask="title,metadata").execute()

    assert [account["type"] for account in accounts] == ["PERSONAL", "LOCATION_GROUP"]
    assert titles == ["Lindau", "Wasserburg", "Nonnenhorn"]
    assert one["metadata"]["hasVoiceOfMerchant"] is True
    assert set(one) == {"title", "metadata"}


def test_it_is_told_why_a_location_has_no_voice(service: Callable[[str], Any]) -> None:
    locations = service("mybusinessverifications").locations()

    silent = locations.getVoiceOfMerchantState(name="locations/987654323").execute()
    speaking = locations.getVoiceOfMerchantState(name="locations/987654321").execute()

    assert "verify" in silent
    assert speaking["hasVoiceOfMerchant"] is True


def test_it_reads_numbers_of_days(service: Callable[[str], Any]) -> None:
    last = datetime.now(UTC).date()
    first = last - timedelta(days=9)
    days = {
        f"dailyRange_{which}Date_{part}": getattr(day, part)
        for which, day in (("start", first), ("end", last))
        for part in ("year", "month", "day")
    }
    locations = service("businessprofileperformance").locations()
    name = "locations/987654321"

    many = locations.fetchMultiDailyMetricsTimeSeries(
        location=name, dailyMetrics=["WEBSITE_CLICKS", "CALL_CLICKS"], **days
    ).execute()
    one = locations.getDailyMetricsTimeSeries(name=name, dailyMetric="WEBSITE_CLICKS", **days).execute()

    series = many["multiDailyMetricTimeSeries"][0]["dailyMetricTimeSeries"]
    assert [told["dailyMetric"] for told in series] == ["WEBSITE_CLICKS", "CALL_CLICKS"]
    assert series[0]["timeSeries"] == one["timeSeries"]
    values = one["timeSeries"]["datedValues"]
    assert len(values) == 10
    assert int(values[0]["value"]) > 0
    assert "value" not in values[-1]  # told late


def test_it_says_where_word_of_reviews_goes(service: Callable[[str], Any]) -> None:
    accounts = service("mybusinessnotifications").accounts()
    name = "accounts/112233445566/notificationSetting"
    wanted = {"pubsubTopic": "projects/p/topics/t", "notificationTypes": ["NEW_REVIEW"]}

    accounts.updateNotificationSetting(
        name=name, updateMask="pubsubTopic,notificationTypes", body=wanted
    ).execute()

    assert accounts.getNotificationSetting(name=name).execute() == {"name": name, **wanted}


def test_it_believes_the_token_of_a_push(sandbox: str) -> None:
    """Google's own library checks the signature, with the keys that are served."""
    served = requests.get(f"{sandbox}/{HOME}/oauth2/v3/certs", timeout=10).json()["keys"]
    keys = {key["kid"]: RSAKey.import_key(key).as_pem(private=False) for key in served}

    claims = jwt.decode(twin.signed("our-audience"), certs=keys, audience="our-audience")

    assert claims["email_verified"] is True
    with pytest.raises(ValueError, match="audience"):
        jwt.decode(twin.signed("another"), certs=keys, audience="our-audience")


def test_it_is_told_what_is_wrong(service: Callable[[str], Any], baker: Person) -> None:
    locations = service("mybusinessbusinessinformation").accounts().locations()
    with pytest.raises(HttpError) as wrong_mask:
        locations.list(parent="accounts/112233445566", readMask="nonsense").execute()
    with pytest.raises(HttpError) as wrong_account:
        locations.list(parent="accounts/1", readMask="name").execute()
    baker.facts["unapproved"] = True
    baker.save()
    with pytest.raises(HttpError) as not_approved:
        service("mybusinessaccountmanagement").accounts().list().execute()

    assert wrong_mask.value.status_code == 400
    assert wrong_mask.value.error_details[0]["fieldViolations"][0]["field"] == "read_mask"
    assert wrong_account.value.status_code == 403
    assert not_approved.value.status_code == 429
    assert not_approved.value.error_details[0]["metadata"]["quota_limit_value"] == "0"
