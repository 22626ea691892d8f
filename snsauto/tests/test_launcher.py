"""The launcher: what dies comes back, what hangs is ended, and everything ends in order."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core.cache import caches
from django.core.management import CommandError, call_command
from django.db.migrations.recorder import MigrationRecorder
from django_q.conf import Conf
from django_q.models import OrmQ, Schedule
from django_q.signing import SignedPackage
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from publishing.engine_rows import Heartbeat
from snsauto import alive, health, ports, preparing, schedules, tasks
from snsauto.launcher import TETHER, Child, Service, prefixed, unchanged
from snsauto.management.commands import run
from snsauto.models import Pulse
from snsauto.watch import LONG, SHORT, STARTING, ClusterWatch

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2030, 5, 6, 12, tzinfo=UTC)


def until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether a process runs (a dead one that nobody has buried does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def python(script: str) -> tuple[str, ...]:
    return (sys.executable, "-c", textwrap.dedent(script))


class Said:
    """What children said, line by line."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, line: str) -> None:
        self.lines.append(line)

    def has(self, text: str) -> bool:
        return any(text in line for line in self.lines)


def child_of(script: str, said: Said | None = None, grace: float = 5.0) -> Child:
    return Child(Service("worker", python(script), grace=grace), unchanged(said or Said()))


def tended_until(child: Child, condition: Callable[[], object]) -> None:
    def both() -> object:
        child.tend()
        return condition()

    until(both)


# --- one child ---


def test_child_that_dies_is_started_again() -> None:
    said = Said()
    child = child_of("print('here', flush=True)", said)

    tended_until(child, lambda: len(said.lines) >= 2)

    assert said.lines[:2] == ["here\n", "here\n"]


def test_child_that_dies_again_and_again_is_given_up() -> None:
    child = child_of("raise SystemExit(3)")

    for _ in range(6):
        child._start_at = 0.0  # the pauses grow to 15 seconds
        tended_until(child, lambda: child.pid is not None)
        tended_until(child, lambda: child.pid is None)

    assert child.dies_too_often


def test_child_takes_with_it_what_it_has_started() -> None:
    said = Said()
    child = child_of(
        """
        import subprocess, sys, time
        sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        print(sleeper.pid, flush=True)
        """,
        said,
    )

    tended_until(child, lambda: said.lines)
    child.end()
    tended_until(child, lambda: child.pid is None)

    until(lambda: not is_alive(int(said.lines[0])))


def test_child_that_does_not_end_is_killed_after_its_grace() -> None:
    said = Said()
    child = child_of(
        """
        import signal, time
        signal.signal(signal.SIGTERM, lambda *_: print("no", flush=True))
        print("ready", flush=True)
        while True: time.sleep(0.1)
        """,
        said,
        grace=0.3,
    )

    tended_until(child, lambda: said.has("ready"))
    child.end()
    tended_until(child, lambda: child.pid is None)

    assert said.has("no")


def test_child_that_was_ended_does_not_come_back() -> None:
    child = child_of("import time; time.sleep(600)")

    tended_until(child, lambda: child.pid is not None)
    child.end()
    tended_until(child, lambda: child.pid is None)
    child._start_at = 0.0

    assert child.tend() is False
    assert child.pid is None


def test_child_that_hangs_is_started_again_at_once() -> None:
    said = Said()
    child = child_of("print('here', flush=True)\nimport time; time.sleep(600)", said)

    tended_until(child, lambda: said.has("here"))
    first = child.pid
    child.restart()
    tended_until(child, lambda: len(said.lines) == 2)

    assert child.pid != first
    child.kill()


def test_child_has_a_session_of_its_own() -> None:
    said = Said()
    child = child_of("import os; print(os.getsid(0) == os.getpid(), flush=True)", said)

    tended_until(child, lambda: said.lines)

    assert said.lines[0] == "True\n"


def test_lines_carry_the_name_of_who_said_them() -> None:
    said = Said()

    prefixed(said, ["web", "publishing"])("web", ["hello\n"])  # type: ignore[arg-type]

    assert said.lines == ["web        | hello\n"]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux keeps this promise")
def test_child_ends_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen(
        python(
            f"""
            import os, subprocess, sys, time
            sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
            child = subprocess.Popen([sys.executable, "-I", {str(TETHER)!r}, str(os.getpid()), *sleeper])
            while b"time.sleep(600)" not in open(f"/proc/{{child.pid}}/cmdline", "rb").read() \\
                    or b"tether" in open(f"/proc/{{child.pid}}/cmdline", "rb").read():
                time.sleep(0.01)
            print(child.pid, flush=True)
            time.sleep(600)
            """
        ),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())

    parent.kill()
    parent.wait()

    until(lambda: not is_alive(child))


def test_tied_command_does_not_start_without_its_parent() -> None:
    finished = subprocess.run(
        [sys.executable, "-I", TETHER, "1", *python("print('here')")], check=False, capture_output=True
    )

    assert (finished.returncode, finished.stdout) == (1, b"")


# --- the launcher ---

LAUNCHER = """
import sys
from snsauto.launcher import Launcher, Service, prefixed

FOREVER = (sys.executable, "-c", '''
import signal, sys, time
def stop(*_):
    print("stopping", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
while True: time.sleep(0.05)
''')
FAULTY = (sys.executable, "-c", "raise SystemExit('broken')")
def write(line): print(line, end="", flush=True)
services = [Service("web", FOREVER, stage=2), Service("worker", {worker})]
sys.exit(Launcher(services, relay=prefixed(write, ["web", "worker"])).run())
"""


def launcher(worker: str = "FOREVER") -> subprocess.Popen[str]:
    return subprocess.Popen(
        (sys.executable, "-c", LAUNCHER.replace("{worker}", worker)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )


def lines_until(process: subprocess.Popen[str], *wanted: str) -> list[str]:
    """What it says until every wanted line was said."""
    assert process.stdout is not None
    lines: list[str] = []
    while not all(line in lines for line in wanted):
        line = process.stdout.readline()
        assert line, f"it ended after {lines}"
        lines.append(line.rstrip())
    return lines


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_workers_end_before_the_web(sign: signal.Signals) -> None:
    process = launcher()
    lines_until(process, "web    | ready", "worker | ready")

    process.send_signal(sign)
    rest = [line for line in process.communicate(timeout=15)[0].splitlines() if "stopping" in line]

    assert rest == ["worker | stopping", "web    | stopping"]
    assert process.returncode == 0


def test_signal_that_arrives_by_two_ways_still_ends_in_order() -> None:
    process = launcher()
    lines_until(process, "web    | ready", "worker | ready")

    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=15)

    assert process.returncode == 0


@pytest.mark.chaos
def test_what_keeps_dying_ends_everything_and_says_so() -> None:
    process = launcher("FAULTY")

    said = process.communicate(timeout=60)[0]

    assert process.returncode == 1
    assert "ended too often" in said
    assert "web    | stopping" in said


# --- the port ---


def test_port_that_is_being_given_up_is_waited_for() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]

        listener = ports.listen("127.0.0.1", port, seconds=10, on_wait=taken.close)

    assert listener is not None
    with closing(listener):
        assert listener.getsockname() == ("127.0.0.1", port)


def test_port_that_stays_taken_is_said_with_what_to_do(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        settings.PORT = taken.getsockname()[1]
        monkeypatch.setattr(ports.listen, "__defaults__", (0.0, None))

        with pytest.raises(CommandError, match=f"Port {settings.PORT} is taken.*PORT="):
            call_command("run")


# --- the watch over a cluster ---


@pytest.fixture
def clock(settings: Settings, db: None) -> Iterator[time_machine.Traveller]:
    """Noon, and clusters that have said nothing yet."""
    silent = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "clusters"}
    settings.CACHES = {**settings.CACHES, "clusters": silent}
    caches["clusters"].clear()
    with time_machine.travel(NOON, tick=False) as coordinates:
        yield coordinates


def look_for(watch: ClusterWatch, clock: time_machine.Traveller, length: timedelta) -> bool:
    """Look every five seconds; whether the cluster was found well each time."""
    for _ in range(int(length / timedelta(seconds=5))):
        clock.shift(timedelta(seconds=5))
        if not watch.look(pid=4711):
            return False
    return True


def sign_of_life(reincarnations: int, untouched: int = 0) -> None:
    """What a cluster with the pid 4711 writes about itself; `untouched`: tasks taken, not begun."""
    stat = SimpleNamespace(
        pid=4711,
        host=socket.gethostname(),
        reincarnations=reincarnations,
        task_q_size=untouched,
        sentinel=4712,
    )
    caches["clusters"].set(Conf.Q_STAT, ["the-only-one"], None)
    caches["clusters"].set("the-only-one", SignedPackage.dumps(stat, True), None)


@pytest.mark.django_db
def test_cluster_is_asked_through_its_queue(clock: time_machine.Traveller) -> None:
    watch = ClusterWatch("default")

    watch.look(pid=4711)

    [queued] = OrmQ.objects.filter(key="default")
    assert queued.func() == "snsauto.tasks.ping"


@pytest.mark.django_db
def test_ping_leaves_a_sign(clock: time_machine.Traveller) -> None:
    tasks.ping()

    pulse = Pulse.objects.get()
    assert (pulse.cluster, pulse.seen_at) == ("default", NOON)


@pytest.mark.django_db
def test_cluster_that_answers_is_left_alone(clock: time_machine.Traveller) -> None:
    watch = ClusterWatch("default")

    for _ in range(100):
        assert look_for(watch, clock, timedelta(seconds=5))
        clock.shift(timedelta(milliseconds=10))
        tasks.ping()


@pytest.mark.django_db
def test_silent_cluster_without_a_status_is_found_soon(clock: time_machine.Traveller) -> None:
    watch = ClusterWatch("default")
    assert look_for(watch, clock, timedelta(seconds=10))
    tasks.ping()

    assert look_for(watch, clock, SHORT)
    assert not look_for(watch, clock, timedelta(seconds=15))


@pytest.mark.django_db
def test_cluster_that_is_only_starting_is_given_time(clock: time_machine.Traveller) -> None:
    watch = ClusterWatch("default")

    assert look_for(watch, clock, STARTING)
    assert not look_for(watch, clock, timedelta(seconds=15))


@pytest.mark.django_db
def test_cluster_at_long_work_is_given_time(clock: time_machine.Traveller) -> None:
    sign_of_life(reincarnations=0)
    watch = ClusterWatch("default")

    assert look_for(watch, clock, LONG - timedelta(seconds=10))
    assert not look_for(watch, clock, timedelta(seconds=30))


@pytest.mark.django_db
def test_cluster_that_lost_a_worker_and_then_fell_silent_is_found_soon(
    clock: time_machine.Traveller,
) -> None:
    sign_of_life(reincarnations=0)
    watch = ClusterWatch("default")
    assert look_for(watch, clock, timedelta(seconds=10))
    tasks.ping()

    sign_of_life(reincarnations=2)

    assert look_for(watch, clock, SHORT)
    assert not look_for(watch, clock, timedelta(seconds=15))


def another_machine_answers() -> None:
    Pulse.objects.update_or_create(
        host="elsewhere", cluster="default", defaults={"seen_at": datetime.now(UTC)}
    )


@pytest.mark.django_db
def test_question_that_another_machine_took_is_no_sign_of_hanging(clock: time_machine.Traveller) -> None:
    sign_of_life(reincarnations=0)
    watch = ClusterWatch("default")
    assert look_for(watch, clock, timedelta(seconds=10))
    sign_of_life(reincarnations=1)

    for _ in range(100):
        assert look_for(watch, clock, timedelta(seconds=5))
        clock.shift(timedelta(milliseconds=10))
        another_machine_answers()


@pytest.mark.django_db
def test_cluster_that_keeps_what_it_took_is_found_though_another_machine_answers(
    clock: time_machine.Traveller,
) -> None:
    sign_of_life(reincarnations=0)
    watch = ClusterWatch("default")
    assert look_for(watch, clock, timedelta(seconds=10))
    tasks.ping()

    sign_of_life(reincarnations=1, untouched=1)
    found_at = 0
    while look_for(watch, clock, timedelta(seconds=5)):
        found_at += 5
        another_machine_answers()
        assert found_at < 60

    assert timedelta(seconds=found_at + 5) >= SHORT


@pytest.mark.django_db
def test_restarted_cluster_begins_anew(clock: time_machine.Traveller) -> None:
    watch = ClusterWatch("default")
    look_for(watch, clock, timedelta(minutes=2))

    watch.started()

    assert look_for(watch, clock, SHORT)


@pytest.mark.django_db
def test_questions_do_not_pile_up_in_a_silent_queue(clock: time_machine.Traveller) -> None:
    sign_of_life(reincarnations=0)
    watch = ClusterWatch("default")

    look_for(watch, clock, timedelta(minutes=5))

    assert OrmQ.objects.filter(key="default").count() <= 20


@pytest.mark.django_db
def test_publishing_pump_proves_that_its_cluster_works(clock: time_machine.Traveller) -> None:
    watch = ClusterWatch("publishing")

    for _ in range(20):
        Heartbeat.objects.update_or_create(
            owner=f"{socket.gethostname()[:40]}:1:abc", defaults={"beat_at": datetime.now(UTC)}
        )
        assert look_for(watch, clock, timedelta(seconds=5))


@pytest.mark.django_db(transaction=True)
def test_missing_pump_is_called_for(clock: time_machine.Traveller) -> None:
    ClusterWatch("publishing").look(pid=4711)

    assert "publishing.tasks.pump" in {row.func() for row in OrmQ.objects.filter(key="publishing")}


# --- schedules ---


@pytest.mark.django_db
def test_every_schedule_is_made_once() -> None:
    schedules.install()
    schedules.install()

    made = Schedule.objects.values_list("name", "cluster")
    assert sorted(made) == sorted(schedules.wanted())
    assert ("ensure pump", "publishing") in made


@pytest.mark.django_db
def test_schedule_that_is_no_longer_wanted_goes() -> None:
    Schedule.objects.create(name="old", func="accounts.tasks.gone", cluster="default")
    Schedule.objects.create(name="not ours", func="shop.tasks.restock", cluster="default")

    schedules.install()

    assert not Schedule.objects.filter(name="old").exists()
    assert Schedule.objects.filter(name="not ours").exists()


@pytest.mark.django_db
def test_restart_does_not_put_off_what_is_due(clock: time_machine.Traveller) -> None:
    schedules.install()
    daily = Schedule.objects.filter(minutes=24 * 60)
    daily.update(next_run=NOON + timedelta(hours=3))

    clock.shift(timedelta(hours=2))
    schedules.install()

    assert {schedule.next_run for schedule in daily} == {NOON + timedelta(hours=3)}


@pytest.mark.django_db
def test_schedules_name_tasks_that_exist() -> None:
    functions = [func for func, _minutes in schedules.wanted().values()]

    for name in functions:
        module, _, function = name.rpartition(".")
        assert callable(getattr(__import__(module, fromlist=[function]), function))


def test_clusters_of_the_schedules_are_those_of_the_settings(settings: Settings) -> None:
    configured = {settings.Q_CLUSTER["name"], *settings.Q_CLUSTER["ALT_CLUSTERS"]}

    assert configured == set(schedules.CLUSTERS)


def test_environment_names_no_process_of_ours() -> None:
    assert os.environ.get("Q_CLUSTER_NAME") is None


# --- one of several machines ---


def test_parts_are_chosen_by_name() -> None:
    assert run.parts("publishing, web") == ["web", "publishing"]
    with pytest.raises(CommandError, match="there is no part “inbox”; choose among web, default, publishing"):
        call_command("run", "--only=inbox")


def test_the_demo_runs_whole() -> None:
    with pytest.raises(CommandError, match="leave out --only"):
        call_command("run", "--demo", "--only=web")


def test_a_machine_without_the_web_opens_no_port() -> None:
    services = run.services(None, ["publishing"])

    assert [service.name for service in services] == ["publishing"]


def test_one_machine_runs_everything() -> None:
    assert [service.name for service in run.services(7)] == ["web", "default", "publishing", "bot"]


def test_a_desk_without_a_bot_runs_none(settings: Settings) -> None:
    settings.CHAT_BOT = {**settings.CHAT_BOT, "token": ""}

    assert [service.name for service in run.services(7)] == ["web", "default", "publishing"]


@pytest.mark.django_db
def test_prepare_writes_what_runs_by_the_clock() -> None:
    Schedule.objects.all().delete()

    call_command("prepare", stdout=io.StringIO())

    assert Schedule.objects.filter(name="ensure pump").count() == 1


@pytest.mark.django_db
def test_a_machine_waits_until_the_database_is_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    MigrationRecorder.Migration.objects.filter(app="snsauto", name="0004_bot").update(name="0000_before")
    health._read_missing_migrations.cache_clear()
    said: list[str] = []

    def look_away(_seconds: float) -> None:
        said.append("waits")
        MigrationRecorder.Migration.objects.filter(name="0000_before").update(name="0004_bot")

    monkeypatch.setattr("time.sleep", look_away)
    preparing.await_prepared(lambda: said.append("says why"))

    assert said == ["says why", "waits"]


# --- the sign of life ---


def test_nothing_that_was_started_is_no_life(tmp_path: Path) -> None:
    assert alive.trouble(tmp_path) == "nothing was started here yet"


def test_a_sign_that_is_given_again_and_again_is_life(tmp_path: Path) -> None:
    alive.Sign(tmp_path, None).give()

    assert alive.trouble(tmp_path) == ""
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=90)):
        assert alive.trouble(tmp_path) == "no sign of life for 90 s"


def test_the_sign_of_an_earlier_start_counts_no_more(tmp_path: Path) -> None:
    alive.Sign(tmp_path, None).give()

    alive.Sign(tmp_path, None)

    assert alive.trouble(tmp_path) == "nothing was started here yet"


def test_the_sign_of_a_launcher_that_was_killed_counts_no_more(tmp_path: Path) -> None:
    dead = subprocess.Popen(python("pass"))
    dead.wait()
    (tmp_path / alive.FILE).write_text(json.dumps({"at": time.time(), "pid": dead.pid, "web": None}))

    assert alive.trouble(tmp_path) == "the launcher is gone"


def test_a_web_server_that_does_not_answer_is_no_life(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    alive.Sign(tmp_path, {"address": "127.0.0.1", "port": port, "host": "desk.example.org"}).give()

    assert alive.trouble(tmp_path).startswith("the web server does not answer")


def test_a_web_server_is_asked_by_its_name(live_server: LiveServer, tmp_path: Path) -> None:
    address = urlsplit(live_server.url)

    for host, said in ((address.netloc, ""), ("other.example.org", "the web server answers 400")):
        alive.Sign(
            tmp_path, {"address": address.hostname or "", "port": address.port or 0, "host": host}
        ).give()
        assert alive.trouble(tmp_path) == said


def test_a_disk_that_is_full_ends_nothing(tmp_path: Path) -> None:
    alive.Sign(tmp_path / "missing", None).give()

    assert alive.trouble(tmp_path / "missing") == "nothing was started here yet"
