"""compose.several.yaml without containers: each service's own command as a process, with its own environment.

Two webs, two publishing clusters and one default cluster on PostgreSQL, with Redis, an S3 server that others
wrote and the proxy's committed settings; only addresses are translated to this machine.
"""

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import boto3
import psycopg
import pytest
import requests
from cryptography.fernet import Fernet
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from publishing.factories import picture
from snsauto.tests import composed
from snsauto.tests.composed import ROOT

pytestmark = pytest.mark.chaos

DATABASE = settings.DATABASES["default"]
ON_POSTGRES = DATABASE["ENGINE"].endswith("postgresql")
CADDY = shutil.which("caddy")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/9")
FEW = {"WEB_THREADS": "4", "PUBLISHING_THREADS": "4"}  # other tests want connections too
ADA = {
    "name": "Ada",
    "email": "ada@bakery.example",
    "password1": "ovens at four, doors at seven",
    "workspace_name": "Harbour & Rye",
    "timezone": "Europe/Berlin",
}
HIDDEN = re.compile(r'name="person" value="(\d+)"')


@pytest.fixture(scope="module", autouse=True)
def _parts() -> None:
    if not ON_POSTGRES:
        pytest.skip("several machines need PostgreSQL: make test-machines")
    if CADDY is None:
        pytest.skip("no Caddy on this machine")
    try:
        Redis.from_url(REDIS).ping()
    except RedisError:
        pytest.skip("no Redis on this machine")


# --- what stands for the machines ---


def until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Wait for something to be true; what it was."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.2)
    return found


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


def below(pid: int) -> list[int]:
    """A process and all that it has started."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            name, _, rest = stat.read_text().rpartition(")")
            parents[int(name.split()[0])] = int(rest.split()[1])
    found = [pid]
    for parent in found:
        found += [child for child, its in parents.items() if its == parent]
    return found


@dataclass
class Machine:
    """A service of the compose file as a process of this machine."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    grace: float = 60.0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pids(self) -> list[int]:
        return below(self.process.pid) if self.process and self.process.poll() is None else []

    def power_off(self) -> None:
        """Everything on it is gone at once."""
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process:
            self.process.wait()

    def stop(self) -> int:
        """As `docker stop` does it: SIGTERM to the main process, and only so much patience."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(self.grace)

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]


@dataclass
class Site:
    """All machines, and the addresses where they answer."""

    url: str
    webs: dict[str, str]
    machines: dict[str, Machine] = field(default_factory=dict)

    def alive(self, name: str) -> int:
        """What the health check of the image answers there."""
        machine = self.machines[name]
        return subprocess.run(
            [sys.executable, "-m", "snsauto.alive"], cwd=ROOT, env=machine.environment, check=False
        ).returncode


@pytest.fixture(scope="module")
def database() -> Iterator[psycopg.Connection[Any]]:
    """An empty database of its own."""
    name = f"test_machines_{secrets.token_hex(4)}"
    server: dict[str, Any] = {
        "host": DATABASE["HOST"],
        "port": DATABASE["PORT"] or 5432,
        "user": DATABASE["USER"],
        "password": DATABASE["PASSWORD"],
    }
    with psycopg.connect(dbname="postgres", autocommit=True, **server) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        with psycopg.connect(dbname=name, autocommit=True, **server) as connection:
            yield connection
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """An S3 server with the bucket that the compose file names; its address."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        until(lambda: answers(f"{address}/moto-api/"), 30, "the store answers")
        client = boto3.client(
            "s3",
            endpoint_url=address,
            region_name="us-east-1",
            aws_access_key_id="GK1",
            aws_secret_access_key="secret",
        )
        client.create_bucket(Bucket="snsauto-media")
        yield address
    finally:
        server.kill()
        server.wait()


def answers(url: str) -> int:
    """The status that an address answers with, 0 where nobody does."""
    try:
        return requests.get(url, timeout=5).status_code
    except requests.RequestException:
        return 0


@pytest.fixture(scope="module")
def site(
    database: psycopg.Connection[Any], store: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("machines")
    proxy = free_port()
    site = Site(f"http://127.0.0.1:{proxy}", {})
    values = {
        "SITE_URL": site.url,
        "POSTGRES_PASSWORD": "translated",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "MEDIA_S3_KEY": "GK1",
        "MEDIA_S3_SECRET": "secret",
        "GARAGE_RPC_SECRET": "not used here",
    }
    services = composed.services("compose.several.yaml", values)
    there = database.info
    login = f"{there.user}:{there.password}@{there.host}:{there.port}/{there.dbname}"
    here = {"snsauto:translated@postgres:5432/snsauto": login, "redis://redis:6379/0": REDIS}
    here |= {"http://garage:3900": store, "/data": ""}
    for name, service in composed.ours(services).items():
        port = free_port()
        if service["command"][-1] == "web":
            site.webs[name] = f"http://127.0.0.1:{port}"
        data = folder / name
        environment = {key: translated(value, here) for key, value in service["environment"].items()}
        own = {"DATA_DIR": str(data), "BIND": "127.0.0.1", "PORT": str(port), "SANDBOX": "on"}
        site.machines[name] = Machine(
            name,
            [sys.executable, *service["command"][1:]],
            {"PATH": os.environ["PATH"], **environment, **own, "STATIC_HASHED": "on", **FEW},
            folder / f"{name}.log",
            float(service["stop_grace_period"].removesuffix("s")),
        )
    site.machines["proxy"] = proxy_of(site, folder)
    try:
        yield site
    finally:
        for machine in site.machines.values():
            machine.power_off()


def translated(value: str, here: dict[str, str]) -> str:
    for there, place in here.items():
        value = value.replace(there, place)
    return value


def proxy_of(site: Site, folder: Path) -> Machine:
    """Caddy with the committed settings."""
    text = (ROOT / "deploy" / "Caddyfile").read_text()
    for name, address in site.webs.items():
        text = text.replace(f"{name}:8000", address.removeprefix("http://"))
    path = folder / "Caddyfile"
    path.write_text(text)
    environment = {"SITE_URL": site.url, "HOME": str(folder), "PATH": os.environ["PATH"]}
    command = [str(CADDY), "run", "--adapter", "caddyfile", "--config", str(path)]
    return Machine("proxy", command, environment, folder / "proxy.log")


# --- a person before it ---


class Browser(requests.Session):
    """Ada's browser: forms with their token, pages followed."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base

    def at(self, base: str) -> "Browser":
        """The same browser (and its cookies) at another address."""
        other = Browser(base)
        other.cookies = self.cookies
        return other

    def request(self, method: Any, url: Any, *arguments: Any, **options: Any) -> requests.Response:
        token = next((cookie.value for cookie in self.cookies if cookie.name == "csrftoken"), "") or ""
        options["headers"] = {"X-CSRFToken": token, **(options.get("headers") or {})}
        address = urljoin(f"{self.base}/", str(url))
        return super().request(method, address, *arguments, **{"timeout": 30, **options})

    def sign_up(self) -> None:
        self.get("/auth/signup/").raise_for_status()
        done = self.post("/auth/signup/", ADA)
        assert (done.status_code, done.url) == (200, f"{self.base}/")

    def connect(self, network: str) -> int:
        """Through the network's consent page; the account's number."""
        page = self.post(f"/accounts/connect/{network}/oauth/", {})
        page.raise_for_status()
        person = HIDDEN.findall(page.text)[0]
        token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[0]
        back = self.post(page.url, {"csrfmiddlewaretoken": token, "person": person, "answer": "allow"})
        back.raise_for_status()
        [account] = self.get("/api/v1/accounts/").json()["results"]
        return int(account["id"])

    def upload(self) -> int:
        answer = self.post("/api/v1/media/", files={"file": ("loaf.png", picture((300, 200)), "image/png")})
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def plan(self, text: str, account: int, media: list[int], seconds: float) -> int:
        """A post that is due soon; its number."""
        when = datetime.now(UTC) + timedelta(seconds=seconds)
        wish = {"text": text, "accounts": [account], "media": media, "publish": "schedule"}
        answer = self.post("/api/v1/posts/", json={**wish, "scheduled_at": when.isoformat()})
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def states(self, post: int) -> list[str]:
        return [row["state"] for row in self.get(f"/api/v1/posts/{post}/").json()["deliveries"]]


def standing(database: psycopg.Connection[Any], text: str) -> int:
    """How many posts with this text stand on the network."""
    rows = database.execute("SELECT count(*) FROM sandbox_entry WHERE text = %s", [text]).fetchone()
    return int(rows[0]) if rows else 0


def test_several_machines_are_one_desk_and_outlive_each_other(
    site: Site, database: psycopg.Connection[Any]
) -> None:
    machines = site.machines
    machines["web-1"].start()  # too early: it waits for the database to be prepared
    until(lambda: "manage.py prepare" in machines["web-1"].said(), 60, "web-1 says what it waits for")
    machines["prepare"].start()
    assert machines["prepare"].process
    assert machines["prepare"].process.wait(120) == 0, machines["prepare"].said()
    parts = [name for name in machines if name not in {"prepare", "web-1"}]
    for name in parts:
        machines[name].start()

    for name, address in site.webs.items():
        until(lambda a=address: answers(f"{a}/health/ready") == 200, 120, f"{name} is ready")
    until(lambda: answers(f"{site.url}/health/ready") == 200, 30, "the proxy leads to a web")
    assert [site.alive(name) for name in machines if name not in {"prepare", "proxy"}] == [0] * 5

    # a person whose requests go to one web and the other
    first, second = Browser(site.webs["web-1"]), Browser(site.webs["web-2"])
    first.sign_up()
    account = first.at(site.url).connect("x")
    medium = first.upload()
    seen = first.at(second.base).get(f"/library/{medium}/thumbnail/")
    assert (seen.status_code, seen.headers["Content-Type"]) == (200, "image/webp")
    assert "loaf.png" in first.at(second.base).get("/library/").text

    post = first.at(second.base).plan("The ovens are lit", account, [medium], seconds=2)
    until(lambda: first.states(post) == ["published"], 60, "it goes out")
    assert standing(database, "The ovens are lit") == 1
    counted = database.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    ).fetchone()
    assert counted
    assert counted[0] - 1 <= connections_of(site)

    # the machine that publishes, and a web, lose their power with a post before them
    planned = first.at(site.url).plan("The bread is out", account, [medium], seconds=4)
    busy = machine_that_publishes(site, database)
    busy.power_off()
    machines["web-1"].power_off()

    outlived = first.at(site.url)
    until(lambda: outlived.states(planned) == ["published"], 90, "another machine goes on")
    assert standing(database, "The bread is out") == 1
    assert answers(f"{second.base}/health/ready") == 200

    # one that comes back takes its place again
    busy.start()
    until(lambda: site.alive(busy.name) == 0, 60, "it lives again")

    for name in ("default", "publishing-1", "publishing-2", "web-2"):
        left = machines[name].pids
        assert machines[name].stop() == 0, machines[name].said()
        assert [pid for pid in left if Path(f"/proc/{pid}").exists()] == []


def machine_that_publishes(site: Site, database: psycopg.Connection[Any]) -> Machine:
    """Where the pump beats."""
    rows = database.execute("SELECT owner FROM publishing_heartbeat ORDER BY beat_at DESC LIMIT 1").fetchone()
    assert rows
    pid = int(str(rows[0]).split(":")[1])
    return next(machine for machine in site.machines.values() if pid in machine.pids)


def connections_of(site: Site) -> int:
    """What docs/deployment.md counts for two webs, two publishing clusters and one default cluster."""
    web, threads = int(FEW["WEB_THREADS"]) + 1, int(FEW["PUBLISHING_THREADS"])
    return 2 * web + 2 * (threads + 8) + 8
