"""What the doctor finds, and that it shows no secret."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from accounts.factories import AccountFactory
from accounts.models import Account, ChatMessage
from inbox.factories import FeedFactory
from inbox.models import Feed, Receipt
from snsauto import doctor
from snsauto.models import BotReader


def found(name: str) -> doctor.Finding:
    return next(finding for finding in doctor.examine() if finding.name == name)


@pytest.fixture(autouse=True)
def somewhere(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.PORT = 1  # nobody is there


@pytest.mark.django_db
def test_what_is_wrong_comes_with_what_to_do() -> None:
    said = io.StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("doctor", stdout=said)

    assert ended.value.code == 1
    assert "✗ web: nobody answers at 127.0.0.1:1\n    Start the desk with manage.py run.\n" in said.getvalue()
    assert "✓ database: answers\n" in said.getvalue()


def test_the_ai_is_named_and_a_model_without_a_price_is_told(settings: Settings) -> None:
    assert found("ai").said == "no key: the built-in helper helps"

    settings.ANTHROPIC_API_KEY, settings.AI_MODEL = "hunter2", "ours"

    assert found("ai").said.startswith("ours and claude-haiku-5-5 at api.anthropic.com")
    assert "what ours costs" in found("ai").advice
    assert "hunter2" not in found("ai").said


@pytest.mark.django_db
def test_secrets_are_not_shown(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_HOST_PASSWORD = "mail.example.org", "hunter2-hunter2"
    AccountFactory.create(credentials={"access": "hunter3", "refresh": "hunter4", "extra": {}})

    lines, _wrong = doctor.report(doctor.examine())

    text = "\n".join(lines)
    assert "mail.example.org" in text
    assert "hunter" not in text
    assert settings.SECRET_KEY not in text
    assert not any(key in text for key in settings.ENCRYPTION_KEYS)


@pytest.mark.django_db
def test_token_that_no_key_opens_is_counted() -> None:
    AccountFactory.create()
    written_with_another_key(AccountFactory.create())

    finding = found("tokens")

    assert finding.said == "1 of 2 can be read"
    assert "ENCRYPTION_KEYS" in finding.advice


def written_with_another_key(account: Account) -> None:
    with connection.cursor() as cursor:
        text = Fernet(Fernet.generate_key()).encrypt(b"{}").decode()
        cursor.execute("UPDATE accounts_account SET credentials = %s WHERE id = %s", [text, account.pk])


@pytest.mark.django_db
def test_plain_http_in_the_open_is_advised_against(settings: Settings) -> None:
    settings.SITE_URL = "http://desk.example.org"

    assert "https" in found("address").advice


@pytest.mark.django_db
def test_host_that_would_be_refused_is_found(settings: Settings) -> None:
    settings.SITE_URL, settings.ALLOWED_HOSTS = "https://desk.example.org", ["other.example.org"]

    assert "desk.example.org" in found("address").advice


@pytest.mark.django_db
def test_folder_that_cannot_be_written_is_said(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "missing"

    assert found("data").advice.startswith("Nothing can be written there")


@pytest.mark.django_db
def test_mail_into_the_log_is_no_mail_in_production(settings: Settings) -> None:
    settings.SANDBOX = False
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

    assert "EMAIL_URL" in found("mail").advice


@pytest.mark.django_db
def test_networks_say_where_they_send_people_back() -> None:
    lines, _wrong = doctor.report(doctor.examine())

    assert any("/accounts/callback/" in line for line in lines)


@pytest.mark.django_db
def test_a_store_of_media_that_is_away_is_found(settings: Settings) -> None:
    options = {
        "bucket_name": "media",
        "endpoint_url": "http://127.0.0.1:1",
        "access_key": "a",
        "secret_key": "b",
    }
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "publishing.s3.S3Media", "OPTIONS": options},
    }

    finding = found("media")

    assert finding.said == "cannot be stored"
    assert finding.advice.startswith("Check MEDIA_S3_…: Could not connect")


@pytest.mark.django_db
def test_the_bot_says_whether_somebody_reads_it_and_what_waits(settings: Settings) -> None:
    said = [found("bot")]
    BotReader.objects.create(pk=1, owner="desk:1", lease_until=now() + timedelta(seconds=9))
    said.append(found("bot"))
    ChatMessage.objects.create(chat="1", key="k", kind="failed", text="x", due_at=now() - timedelta(hours=1))
    said.append(found("bot"))
    AccountFactory.create(
        platform_name=settings.CHAT_BOT["name"],
        credentials={"access": settings.CHAT_BOT["token"], "refresh": "", "extra": {}},
    )
    said.append(found("bot"))
    settings.CHAT_BOT = {**settings.CHAT_BOT, "token": ""}
    said.append(found("bot"))

    assert [finding.ok for finding in said] == [False, True, False, False, True]
    assert said[1].said == "read by desk:1"
    assert said[2].said.startswith("1 messages wait")
    assert said[3].said.endswith("posts by the same bot")


@pytest.mark.django_db
def test_the_inbox_says_whose_words_are_not_read() -> None:
    said = [found("inbox")]
    feed = FeedFactory.create(due_at=now() - timedelta(hours=1))
    said.append(found("inbox"))
    Feed.objects.update(due_at=now(), problem="The token has ended.")
    said.append(found("inbox"))
    Feed.objects.update(problem="")
    Receipt.objects.create(platform_name="any", digest="d", due_at=now() - timedelta(hours=1))
    calls = [finding for finding in doctor.inbox() if not finding.ok]

    assert [finding.said for finding in said] == [
        "0 accounts are read",
        "1 of 1 accounts are not read",
        f"{feed.account.handle} on {feed.account.platform.label}: The token has ended.",
    ]
    assert [finding.ok for finding in said] == [True, False, False]
    assert [finding.said for finding in calls] == ["1 calls of networks are not worked off"]
