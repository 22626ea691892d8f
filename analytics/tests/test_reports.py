"""Reports: made once, kept, told and mailed once, shared by a link that ends."""

import csv
import io
import re
import socket
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes, policy
from typing import Any
from zoneinfo import ZoneInfo

import pypdf
import pytest
import time_machine
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from django.core import mail
from django.core.management import call_command
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from accounts.factories import MembershipFactory, client_of
from accounts.models import Account, Happening, Notification, User, Webhook, Workspace
from accounts.permissions import Role
from analytics import reports
from analytics.factories import count, published, told, told_account
from analytics.report_csv import as_csv
from analytics.report_fonts import fonts, marked
from analytics.report_forms import typed_addresses
from analytics.report_models import Kind, Report, ReportMail, ReportPlan, exact
from analytics.report_pdf import as_pdf, brand, on
from analytics.tests.conftest import NOON
from publishing.factories import CampaignFactory, MediaFactory
from publishing.models import Delivery, Post, PostMedia

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PAGE = "/analytics/reports/"
TODAY = NOON.date()


@pytest.fixture
def numbers(clock: time_machine.Traveller, account: Account) -> Account:
    """A week with numbers, and the week before."""
    for days, views, likes in ((2, 300, 30), (9, 200, 40)):
        post = published(account, NOON - days * DAY, text=f"빵 & <bread> 🍞 {days}")
        told(post, NOON - days * DAY + HOUR, views=views, likes=likes)
    told_account(account, NOON - 9 * DAY, followers=90)
    told_account(account, NOON - 2 * DAY, followers=101)
    count()
    return account


@pytest.fixture
def report(numbers: Account, ada: User) -> Report:
    return made(numbers.workspace, created_by=ada)


def made(workspace: Workspace, **fields: Any) -> Report:
    days = {"first_day": TODAY - 7 * DAY, "last_day": TODAY - DAY, "zone": workspace.timezone}
    report = Report.objects.create(workspace=workspace, **{"name": "Weekly", **days, **fields})
    assert reports.make(report.pk)
    report.refresh_from_db()
    return report


def planned(workspace: Workspace, **fields: Any) -> ReportPlan:
    plan = ReportPlan(
        workspace=workspace, **{"name": "Weekly", "addresses": ["client@example.com"], **fields}
    )
    plan.set_due(NOON)
    plan.save()
    return plan


def pages_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


# --- what it says ---


def test_it_keeps_the_numbers_of_its_days_and_of_the_days_before(report: Report) -> None:
    key = {name: (value, before) for name, value, before in report.rows["key"]}

    assert key["views"] == (300, 200)
    assert key["engagements"] == (30, 40)
    assert key["followers"] == (101, 90)
    assert key["clicks"] == (None, None)
    assert key["engagement_rate"] == (pytest.approx(0.1), pytest.approx(0.2))


def test_what_comes_later_does_not_change_it(report: Report, numbers: Account, ada: User) -> None:
    before = client_of(ada).get(report.get_absolute_url()).content

    told(published(numbers, NOON - DAY), NOON - HOUR, views=9999)
    Post.objects.update(text="Rewritten")

    after = client_of(ada).get(report.get_absolute_url()).content
    assert b"9,999" not in after
    assert b"Rewritten" not in after
    assert len(before) == pytest.approx(len(after), abs=200)  # tokens of forms differ


def test_the_page_the_csv_and_the_pdf_say_the_same(report: Report, ada: User) -> None:
    page = client_of(ada).get(report.get_absolute_url()).content.decode()
    rows = list(csv.DictReader(io.StringIO(as_csv(report).decode("utf-8-sig"))))
    pdf = pages_of(as_pdf(report))

    totals = {row["metric"]: row for row in rows if row["section"] == "total"}
    assert (totals["views"]["value"], totals["views"]["value_before"]) == ("300", "200")
    assert totals["clicks"]["value"] == ""
    assert (
        sum(int(row["value"] or 0) for row in rows if (row["section"], row["metric"]) == ("day", "views"))
        == 300
    )
    for said in ("300", "+50 %", "not available", "29 Apr 2030", "bakery"):
        assert said in page or said == "29 Apr 2030"
        assert said in pdf or said == "29 Apr 2030", said
    assert "빵 & <bread>" in pdf.replace("\n", " ")


def test_a_report_of_a_campaign_counts_its_posts_alone(numbers: Account) -> None:
    campaign = CampaignFactory.create(workspace=numbers.workspace, name="Advent")
    told(published(numbers, NOON - 3 * DAY, campaign=campaign), NOON - 2 * DAY, views=7)

    report = made(numbers.workspace, campaign=campaign)

    key = {name: value for name, value, _ in report.rows["key"]}
    assert (key["views"], "followers" in key) == (7, False)
    assert "Campaign: Advent" in pages_of(as_pdf(report))


def test_a_workspace_without_numbers_gets_a_report_that_says_so(
    clock: time_machine.Traveller, workspace: Workspace, ada: User
) -> None:
    report = made(workspace)

    assert (
        "have told nothing of these days yet"
        in client_of(ada).get(report.get_absolute_url()).content.decode()
    )
    assert "not available" in pages_of(as_pdf(report))


@pytest.mark.parametrize(
    "text",
    [
        "żółć Ωμέγα Привет",
        "안녕하세요 빵",
        "こんにちは 東京",
        "你好",
        "🍞👩‍👩‍👧 only",
        "ไทย مرحبا",
        "<b>&amp;</b>\x00\x0b",
        "",
    ],
)
def test_every_script_is_drawn_or_replaced_and_nothing_breaks_the_pdf(report: Report, text: str) -> None:
    report.name = report.rows["best"][0]["text"] = text

    assert as_pdf(report).startswith(b"%PDF-")


def test_korean_stays_korean_and_emoji_are_left_out() -> None:
    fonts()

    assert marked("빵 🍞 & tea") == '<font name="HYGothic-Medium">빵 </font> &amp; tea' or "빵" in marked(
        "빵 🍞 & tea"
    )
    assert "🍞" not in marked("빵 🍞")
    assert "\u200d" not in marked("👩‍👩‍👧")


def test_the_same_rows_are_the_same_file(report: Report) -> None:
    assert as_pdf(report) == as_pdf(report)


def test_pictures_of_the_best_posts_are_in_it_until_they_are_gone(numbers: Account) -> None:
    post = Post.objects.order_by("pk").first()
    media = MediaFactory.create(workspace=numbers.workspace)
    PostMedia.objects.create(post=post, media=media, position=0)
    report = made(numbers.workspace)
    with_picture = len(pypdf.PdfReader(io.BytesIO(as_pdf(report))).pages[-1].images)

    PostMedia.objects.all().delete()
    media.thumbnail.delete()
    media.delete()

    assert with_picture == 1
    assert len(pypdf.PdfReader(io.BytesIO(as_pdf(report))).pages[-1].images) == 0


@pytest.mark.parametrize(
    ("chosen", "drawn", "ink"),
    [
        ("#ffff00", "#ffff00", "#1f2230"),
        ("#101060", "#101060", "#ffffff"),
        ("red", "#4b4acf", "#ffffff"),
        ("", "#4b4acf", "#ffffff"),
    ],
)
def test_the_cover_has_the_workspaces_colour_and_can_be_read(chosen: str, drawn: str, ink: str) -> None:
    workspace = Workspace(name="W")
    workspace.brand_colour = chosen

    colour = brand(workspace)

    assert "#" + colour.hexval()[2:] == drawn
    assert "#" + on(colour).hexval()[2:] == ink


@pytest.mark.parametrize("handle", ["=1+1", "+1", "-1", "@sum"])
def test_no_cell_of_the_csv_is_a_formula(report: Report, handle: str) -> None:
    report.rows["best"][0]["handle"] = handle

    rows = list(csv.reader(io.StringIO(as_csv(report).decode("utf-8-sig"))))

    assert {row[3] for row in rows if row[0] == "post"} == {f"'{handle}"}


# --- making ---


def test_two_workers_make_it_once(numbers: Account) -> None:
    report = Report.objects.create(
        workspace=numbers.workspace, name="Weekly", first_day=TODAY, last_day=TODAY, zone="UTC"
    )
    Report.objects.update(fence=1, lease_until=NOON + HOUR)

    assert not reports.make(report.pk)


def test_a_worker_that_died_is_followed_by_another_and_its_late_write_hits_nothing(numbers: Account) -> None:
    report = Report.objects.create(
        workspace=numbers.workspace, name="Weekly", first_day=TODAY, last_day=TODAY, zone="UTC"
    )
    Report.objects.update(fence=1, lease_until=NOON - HOUR)
    late = Report.objects.get()

    assert reports.make(report.pk)
    assert not late.settle(state=Report.State.FAILED)
    assert Report.objects.get().is_ready


def test_what_was_cut_off_three_times_is_given_up_and_can_be_made_again(numbers: Account, ada: User) -> None:
    report = Report.objects.create(
        workspace=numbers.workspace, name="Weekly", first_day=TODAY, last_day=TODAY, zone="UTC", fence=3
    )

    assert not reports.make(report.pk)
    page = client_of(ada).get(report.get_absolute_url()).content.decode()
    client_of(ada).post(f"{report.get_absolute_url()}again/")

    assert "It was cut off three times." in page
    assert reports.make(report.pk)


def test_whoever_asked_is_told_once_and_programs_too(numbers: Account, ada: User) -> None:
    Webhook.objects.create(workspace=numbers.workspace, url="https://example.org/", events=["report.ready"])

    report = made(numbers.workspace, created_by=ada)

    notice = Notification.objects.get(kind="report_ready")
    assert (notice.user, notice.url, notice.text) == (
        ada,
        report.get_absolute_url(),
        "The report “Weekly” for 29 Apr – 5 May 2030 is ready.",
    )
    assert Happening.objects.get().payload["id"] == report.pk
    assert not ReportMail.objects.exists()


# --- plans: when ---

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("kind", "after", "due"),
    [
        ("daily", "2030-05-06 07:59", "2030-05-06 08:00"),
        ("daily", "2030-05-06 08:00", "2030-05-07 08:00"),
        ("weekly", "2030-05-06 08:00", "2030-05-13 08:00"),
        ("weekly", "2030-05-05 23:00", "2030-05-06 08:00"),
        ("monthly", "2030-05-01 08:00", "2030-06-01 08:00"),
        ("monthly", "2030-12-15 00:00", "2031-01-01 08:00"),
        ("daily", "2030-03-30 09:00", "2030-03-31 08:00"),  # the clock goes ahead that night
        ("daily", "2030-10-26 09:00", "2030-10-27 08:00"),  # and back
    ],
)
def test_the_next_time_is_one_of_the_workspaces_clock(kind: str, after: str, due: str) -> None:
    plan = ReportPlan(kind=kind, zone="Europe/Berlin", at=time(8), weekday=0, month_day=1)

    moment = plan.next_after(datetime.fromisoformat(after).replace(tzinfo=BERLIN))

    assert moment.astimezone(BERLIN) == datetime.fromisoformat(due).replace(tzinfo=BERLIN)


def test_a_time_that_a_night_skips_comes_an_hour_later_and_one_that_comes_twice_the_first_time() -> None:
    skipped = exact(date(2030, 3, 31), time(2, 30), BERLIN)
    twice = exact(date(2030, 10, 27), time(2, 30), BERLIN)

    assert skipped == datetime(2030, 3, 31, 1, 30, tzinfo=UTC)
    assert twice == datetime(2030, 10, 27, 0, 30, tzinfo=UTC)


def test_a_night_with_two_of_the_same_hour_makes_one_report(
    workspace: Workspace, clock: time_machine.Traveller
) -> None:
    Workspace.objects.update(timezone="Europe/Berlin")
    workspace.refresh_from_db()
    plan = planned(workspace, kind=Kind.DAILY, at=time(2, 30))
    clock.move_to(datetime(2030, 10, 26, 12, tzinfo=UTC), tick=False)
    reports.make_due()
    Report.objects.all().delete()

    for hours in range(12, 26):
        clock.move_to(
            datetime(2030, 10, 26, 0, tzinfo=UTC) + hours * HOUR + 31 * timedelta(minutes=1), tick=False
        )
        reports.make_due()

    plan.refresh_from_db()
    assert [row.last_day for row in Report.objects.all()] == [date(2030, 10, 26)]
    assert plan.due_at == datetime(2030, 10, 28, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "first", "last"),
    [
        ("daily", date(2030, 5, 5), date(2030, 5, 5)),
        ("weekly", date(2030, 4, 29), date(2030, 5, 5)),
        ("monthly", date(2030, 4, 1), date(2030, 4, 30)),
    ],
)
def test_a_report_is_about_days_that_are_over(kind: str, first: date, last: date) -> None:
    plan = ReportPlan(kind=kind, zone="Asia/Seoul")

    assert plan.days_before(datetime(2030, 5, 5, 23, tzinfo=UTC)) == (first, last)


def test_after_an_outage_the_last_one_is_made_and_not_one_for_each(
    workspace: Workspace, clock: time_machine.Traveller
) -> None:
    planned(workspace, kind=Kind.DAILY)

    clock.move_to(NOON + 5 * DAY, tick=False)
    reports.make_due()
    reports.make_due()

    assert [row.last_day for row in Report.objects.all()] == [TODAY + 4 * DAY]


def test_a_workspace_that_moves_takes_its_plans_along(
    workspace: Workspace, clock: time_machine.Traveller
) -> None:
    plan = planned(workspace, kind=Kind.DAILY)
    Workspace.objects.update(timezone="Asia/Seoul")

    reports.make_due()

    plan.refresh_from_db()
    assert (plan.due_at, plan.zone) == (datetime(2030, 5, 6, 23, tzinfo=UTC), "Asia/Seoul")
    assert not Report.objects.exists()


@pytest.mark.parametrize("kind", [Kind.DAILY, Kind.WEEKLY])
def test_a_move_that_jumps_over_a_plans_time_leaves_no_period_out(
    workspace: Workspace, clock: time_machine.Traveller, kind: str
) -> None:
    plan = planned(workspace, kind=kind)
    _first, last = plan.days_before(plan.due_at)
    clock.move_to(plan.due_at - HOUR, tick=False)
    Workspace.objects.update(timezone="Asia/Seoul")

    reports.make_due()
    reports.make_due()

    assert [row.last_day for row in Report.objects.all()] == [last]


def test_a_plan_that_is_stopped_makes_nothing_and_goes_on_with_its_next_time(
    workspace: Workspace, ben: User, clock: time_machine.Traveller
) -> None:
    plan = planned(workspace, kind=Kind.DAILY)
    client = client_of(ben)

    client.post(f"{PAGE}plans/{plan.pk}/switch/")
    clock.move_to(NOON + 3 * DAY, tick=False)
    reports.make_due()
    client.post(f"{PAGE}plans/{plan.pk}/switch/")
    reports.make_due()

    plan.refresh_from_db()
    assert not Report.objects.exists()
    assert plan.due_at == datetime(2030, 5, 10, 8, tzinfo=BERLIN)


# --- plans: to whom ---


def test_a_plan_mails_each_of_its_people_once_with_the_files(
    numbers: Account, ada: User, ben: User, clock: time_machine.Traveller, mailoutbox: list[mail.EmailMessage]
) -> None:
    plan = planned(
        numbers.workspace, kind=Kind.DAILY, addresses=["client@example.com", ben.email.upper()], with_csv=True
    )
    plan.members.set([ada.memberships.get(), ben.memberships.get()])

    clock.move_to(NOON + DAY, tick=False)
    for _ in range(3):
        call_command("send_reports", stdout=io.StringIO())
    reports.make_due()

    assert sorted(message.to[0].lower() for message in mailoutbox) == sorted(
        [ada.email, ben.email, "client@example.com"]
    )
    names = {name for message in mailoutbox for name, _content, _type in message.attachments}
    assert names == {"weekly-2030-05-06.pdf", "weekly-2030-05-06.csv"}
    assert {row.user for row in Notification.objects.filter(kind="report_ready")} == {ada, ben}
    assert not Notification.objects.to_mail(NOON + DAY).exists(), "the mail with the files is its mail"
    outsider = next(message for message in mailoutbox if message.to == ["client@example.com"])
    assert "/analytics/" not in outsider.body


def test_a_name_of_two_lines_holds_up_nobodys_mail(
    numbers: Account, clock: time_machine.Traveller, mailoutbox: list[mail.EmailMessage]
) -> None:
    for name in ("Week\nBcc: eve@example.org", "Month"):
        planned(numbers.workspace, kind=Kind.DAILY, addresses=["client@example.com"], name=name)
    clock.move_to(NOON + DAY, tick=False)
    reports.make_due()
    reports.make_waiting()

    reports.mail_unmailed()

    assert sorted(message.subject.partition(":")[0] for message in mailoutbox) == ["Month", "Week Bcc"]
    assert {address for message in mailoutbox for address in message.recipients()} == {"client@example.com"}


def test_a_storm_of_addresses_draws_each_file_once(
    numbers: Account, clock: time_machine.Traveller, mailoutbox: list[mail.EmailMessage]
) -> None:
    planned(numbers.workspace, kind=Kind.DAILY, addresses=[f"c{n}@example.com" for n in range(20)])
    clock.move_to(NOON + DAY, tick=False)
    reports.make_due()
    reports.make_waiting()

    begin = datetime.now(tz=UTC)
    sent = reports.mail_unmailed()

    assert (sent, len(mailoutbox), reports.mail_unmailed()) == (20, 20, 0)
    assert len({message.attachments[0][1] for message in mailoutbox}) == 1
    assert datetime.now(tz=UTC) - begin < timedelta(seconds=5)


def test_a_mail_that_was_not_taken_is_sent_again_after_ten_minutes(
    numbers: Account, clock: time_machine.Traveller, settings: Settings, mailoutbox: list[mail.EmailMessage]
) -> None:
    planned(numbers.workspace, kind=Kind.DAILY)
    clock.move_to(NOON + DAY, tick=False)
    reports.make_due()
    reports.make_waiting()
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens there

    failed = reports.mail_unmailed()
    settings.EMAIL_BACKEND = backend
    too_early = reports.mail_unmailed()
    clock.move_to(NOON + DAY + timedelta(minutes=10), tick=False)

    assert (failed, too_early, reports.mail_unmailed(), len(mailoutbox)) == (0, 0, 1, 1)


def test_a_name_of_two_lines_holds_up_no_mail(
    numbers: Account, clock: time_machine.Traveller, mailoutbox: list[mail.EmailMessage]
) -> None:
    planned(numbers.workspace, kind=Kind.DAILY, name="Two\r\nlines")
    planned(numbers.workspace, kind=Kind.DAILY, name="Weekly")
    clock.move_to(NOON + DAY, tick=False)
    reports.make_due()
    reports.make_waiting()

    assert reports.mail_unmailed() == 2
    assert sorted(message.subject.partition(":")[0] for message in mailoutbox) == ["Two lines", "Weekly"]


def test_a_member_who_left_gets_no_report(
    numbers: Account, ben: User, clock: time_machine.Traveller, mailoutbox: list[mail.EmailMessage]
) -> None:
    plan = planned(numbers.workspace, kind=Kind.DAILY, addresses=[])
    plan.members.set([ben.memberships.get()])
    ben.memberships.all().delete()

    clock.move_to(NOON + DAY, tick=False)
    call_command("send_reports", stdout=io.StringIO())

    assert mailoutbox == []
    assert not Notification.objects.exists()


# --- by link ---


def shared(report: Report) -> str:
    report.share()
    return report.link.partition("//")[2].partition("/")[2].join(["/", ""])


def test_whoever_has_the_link_sees_the_report_and_no_way_further(report: Report) -> None:
    answer = Client().get(shared(report))
    page = answer.content.decode()

    assert answer.status_code == 200
    assert "Weekly" in page
    assert not re.findall(r'(?:href|action)="/(?!static|style|reports/)', page)
    assert (answer["X-Robots-Tag"], answer["Referrer-Policy"]) == ("noindex, nofollow", "no-referrer")
    assert answer["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(("kind", "begin"), [("pdf", b"%PDF-"), ("csv", b"\xef\xbb\xbfsection")])
def test_its_files_are_behind_the_link_too(report: Report, kind: str, begin: bytes) -> None:
    answer = Client().get(f"{shared(report)}file.{kind}")

    assert answer.content.startswith(begin)
    assert answer["Content-Disposition"] == f'attachment; filename="weekly-2030-05-05.{kind}"'


def test_a_link_that_was_taken_back_or_never_was_finds_nothing(report: Report, ada: User) -> None:
    old = shared(report)
    new = shared(report)
    client_of(ada).post(f"{report.get_absolute_url()}unshare/")

    for address in (old, new, f"{new}file.pdf", "/reports/x/", "/reports/%00/"):
        assert Client().get(address).status_code == 404, address


@pytest.mark.parametrize(
    ("address", "is_followed"), [("javascript:alert(1)", False), ("https://social.example/1", True)]
)
def test_strangers_are_sent_to_the_web_and_nowhere_else(
    numbers: Account, address: str, is_followed: bool
) -> None:
    Delivery.objects.update(permalink=address)

    page = Client().get(shared(made(numbers.workspace))).content.decode()

    assert (address in page) is is_followed


def test_a_link_that_ran_out_says_so(report: Report, clock: time_machine.Traveller) -> None:
    address = shared(report)
    clock.move_to(NOON + 30 * DAY, tick=False)

    answers = [
        Client().get(address),
        Client().get(f"{address}file.pdf"),
        Client().get(f"{address}pictures/1/"),
    ]

    assert [answer.status_code for answer in answers] == [410] * 3
    assert "The link has ended" in answers[0].content.decode()


def test_the_link_opens_the_reports_own_pictures_and_no_others(numbers: Account) -> None:
    post = Post.objects.order_by("pk").first()
    inside, outside = MediaFactory.create_batch(2, workspace=numbers.workspace)
    PostMedia.objects.create(post=post, media=inside, position=0)
    address = shared(made(numbers.workspace))

    answers = [Client().get(f"{address}pictures/{media.pk}/").status_code for media in (inside, outside)]

    assert answers == [200, 404]


# --- pages ---


def form(**fields: object) -> dict[str, object]:
    return {"key": "0b9c1d5e-6a53-4d35-9a35-0f1f5c2f7f10", "name": "April", "days": "month", **fields}


def test_an_editor_asks_for_a_report_and_the_page_waits_for_it(
    clock: time_machine.Traveller, account: Account, ben: User
) -> None:
    client, htmx = client_of(ben), {"HX-Request": "true"}

    for _ in range(2):
        answer = client.post(f"{PAGE}new/", form(accounts=[account.pk]))
    report = Report.objects.get()
    waiting = client.get(answer["Location"]).content.decode()
    looking = client.get(answer["Location"], headers=htmx)
    reports.make_waiting()
    done = client.get(answer["Location"], headers=htmx)

    assert (report.first_day, report.last_day, report.account_ids) == (
        date(2030, 4, 1),
        date(2030, 4, 30),
        [account.pk],
    )
    assert "The report is being made" in waiting
    assert (looking.headers.get("HX-Refresh"), done.headers.get("HX-Refresh")) == (None, "true")


@pytest.mark.parametrize(
    ("fields", "faulty"),
    [
        ({"name": ""}, {"name"}),
        ({"days": "own"}, {"first_day", "last_day"}),
        ({"days": "own", "first_day": "2030-05-02", "last_day": "2030-05-01"}, {"last_day"}),
        ({"days": "own", "first_day": "2030-05-02", "last_day": "2030-05-07"}, {"last_day"}),
        ({"days": "own", "first_day": "2028-05-02", "last_day": "2030-05-01"}, {"last_day"}),
        ({"days": "campaign"}, {"campaign"}),
        ({"days": "for ever"}, {"days"}),
    ],
)
def test_wrong_days_are_said_beside_their_field(
    clock: time_machine.Traveller, ben: User, fields: dict[str, str], faulty: set[str]
) -> None:
    answer = client_of(ben).post(f"{PAGE}new/", form(**fields))

    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == faulty


def test_days_that_are_asked_for_are_not_called_optional(ben: User) -> None:
    page = client_of(ben).get(f"{PAGE}new/").content.decode()

    assert re.search(r'for="id_first_day">From</label>', page)


def plan_form(**fields: object) -> dict[str, object]:
    return {
        "name": "Weekly",
        "kind": "weekly",
        "weekday": 0,
        "month_day": 1,
        "at": "08:00",
        "with_pdf": "on",
        **fields,
    }


def test_an_editor_plans_and_changes_a_plan(
    clock: time_machine.Traveller, workspace: Workspace, ben: User
) -> None:
    client, member = client_of(ben), ben.memberships.get()

    client.post(f"{PAGE}plans/new/", plan_form(members=[member.pk], addresses="A@b.org, a@b.org\nc@d.org"))
    plan = ReportPlan.objects.get()
    people = list(plan.members.all())
    client.post(f"{PAGE}plans/{plan.pk}/", plan_form(kind="daily", name="Daily"))

    assert (plan.addresses, people, plan.created_by) == (
        ["a@b.org", "c@d.org"],
        [member],
        ben,
    )
    assert plan.due_at == datetime(2030, 5, 13, 8, tzinfo=BERLIN)
    plan.refresh_from_db()
    assert (plan.name, plan.due_at) == ("Daily", datetime(2030, 5, 7, 8, tzinfo=BERLIN))
    assert "every day at 08:00" in client.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("fields", "faulty"),
    [
        ({"addresses": "nobody"}, {"addresses"}),
        ({"addresses": " ".join(f"c{n}@example.com" for n in range(21))}, {"addresses"}),
        ({"month_day": "31"}, {"month_day"}),
        ({"at": "25:00"}, {"at"}),
        ({"members": ["999999"]}, {"members"}),
    ],
)
def test_what_is_wrong_with_a_plan_is_said(ben: User, fields: dict[str, object], faulty: set[str]) -> None:
    answer = client_of(ben).post(f"{PAGE}plans/new/", plan_form(**fields))

    assert (answer.status_code, set(answer.context["form"].errors)) == (422, faulty)


def test_people_of_another_workspace_cannot_be_sent_a_report(ben: User, cho: User) -> None:
    answer = client_of(ben).post(f"{PAGE}plans/new/", plan_form(members=[cho.memberships.get().pk]))

    assert answer.status_code == 422


def test_addresses_are_each_once() -> None:
    assert typed_addresses("a@b.org\nA@B.org, c@d.org,,") == ["a@b.org", "c@d.org"]


def test_a_viewer_reads_and_changes_nothing(report: Report, vic: User) -> None:
    client, address = client_of(vic), report.get_absolute_url()

    assert client.get(address).status_code == client.get(f"{address}file.pdf").status_code == 200
    assert "Make a link" not in client.get(address).content.decode()
    for path in (f"{address}share/", f"{address}delete/", f"{PAGE}new/", f"{PAGE}plans/new/"):
        assert client.post(path).status_code == 403


def test_the_list_costs_the_same_for_many(
    numbers: Account, ada: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(6):
        made(numbers.workspace, last_day=TODAY - n * DAY)
        planned(numbers.workspace).members.set(
            [MembershipFactory.create(workspace=numbers.workspace, role=Role.VIEWER)]
        )
    client = client_of(ada)

    with django_assert_max_num_queries(13):
        page = client.get(PAGE)

    assert len(page.content) < 100_000


# --- over the wire ---


class Letterbox:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.letters: list[Envelope] = []

    async def handle_DATA(self, _server: SMTP, _session: object, envelope: Envelope) -> str:  # noqa: N802  (aiosmtpd names it so)
        self.letters.append(envelope)
        return "250 OK"


def test_a_mail_server_gets_the_mail_with_a_pdf_that_can_be_read(
    numbers: Account, clock: time_machine.Traveller, settings: Settings
) -> None:
    planned(numbers.workspace, kind=Kind.DAILY)
    clock.move_to(NOON + DAY, tick=False)
    reports.make_due()
    reports.make_waiting()
    letterbox = Letterbox()
    server = Controller(letterbox, hostname="127.0.0.1", port=free_port())
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port

    try:
        sent = reports.mail_unmailed()
    finally:
        server.stop()

    [letter] = letterbox.letters
    message = message_from_bytes(letter.content, policy=policy.default)
    [pdf] = list(message.iter_attachments())
    assert (sent, letter.rcpt_tos) == (1, ["client@example.com"])
    assert message["Subject"] == "Weekly: 6 May 2030"
    assert "Views: " in message.get_body().get_content()
    assert "Weekly" in pages_of(pdf.get_content())


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
