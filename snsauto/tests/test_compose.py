"""The compose files, the image and the documents agree, and nothing in them is open or unpinned."""

import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands, load_command_class

from snsauto.management.commands import run
from snsauto.tests import composed
from snsauto.tests.composed import FILES, ROOT
from snsauto.tests.test_docs import settings_that_are_read

GIVEN = {
    "POSTGRES_PASSWORD": "given",
    "SITE_URL": "https://desk.example.org",
    "SECRET_KEY": "given-secret",
    "ENCRYPTION_KEYS": "given-key",
    "MEDIA_S3_KEY": "GKgiven",
    "MEDIA_S3_SECRET": "given-s3",
    "GARAGE_RPC_SECRET": "given-rpc",
}
SECRET = re.compile(r"PASSWORD|SECRET|KEY")
PINNED = re.compile(r"^[\w./-]+:v?\d+\.\d+(\.\d+)?[\w.-]*$")
ROOTLESS = {"cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}


@pytest.fixture(params=FILES)
def file(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def services(file: str) -> dict[str, composed.Service]:
    return composed.services(file, GIVEN)


def dockerfile() -> list[tuple[str, str]]:
    """Its instructions, as words."""
    whole = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
    lines = [line for line in whole.splitlines() if line and not line.startswith("#")]
    return [(name, words) for name, _, words in (line.partition(" ") for line in lines)]


def test_images_are_pinned(services: dict[str, composed.Service]) -> None:
    images = [service["image"] for service in services.values()]
    images += [words.split()[0] for name, words in dockerfile() if name == "FROM"]

    assert [image for image in images if not PINNED.match(image)] == []


@pytest.mark.parametrize("name", GIVEN)
def test_nothing_starts_with_a_password_that_nobody_set(file: str, name: str) -> None:
    if name not in composed.variables(file):
        return
    without = {key: value for key, value in GIVEN.items() if key != name}

    with pytest.raises(composed.Unset, match=rf"Set {name} in \.env"):
        composed.services(file, without)


def test_no_secret_stands_in_the_file(services: dict[str, composed.Service]) -> None:
    given = [
        (name, value)
        for service in services.values()
        for name, value in service.get("environment", {}).items()
        if SECRET.search(name)
    ]

    assert given
    assert [name for name, value in given if value not in GIVEN.values()] == []


def test_every_name_that_the_desk_is_given_is_a_setting(services: dict[str, composed.Service]) -> None:
    given = {name for service in composed.ours(services).values() for name in service["environment"]}

    assert given - settings_that_are_read() == set()


def test_every_variable_is_in_the_example_and_explained(file: str) -> None:
    example = (ROOT / ".env.example").read_text()
    page = (ROOT / "docs" / "configuration.md").read_text()

    assert [name for name in composed.variables(file) if f"# {name}=" not in example] == []
    assert [name for name in composed.variables(file) if f"`{name}`" not in page] == []


def test_only_the_proxy_is_open_to_others(services: dict[str, composed.Service]) -> None:
    opened = {
        name: port
        for name, service in services.items()
        for port in service.get("ports", [])
        if not str(port).startswith("127.0.0.1:")
    }

    assert set(opened) <= {"proxy"}


def test_every_command_is_one_of_ours(services: dict[str, composed.Service]) -> None:
    for service in composed.ours(services).values():
        python, manage, name, *arguments = service["command"]
        assert (python, manage) == ("python", "manage.py")
        command = load_command_class(get_commands()[name], name)
        command.create_parser("manage.py", name).parse_args(arguments)


def test_together_the_several_machines_run_all_parts_twice_where_it_matters() -> None:
    several = composed.ours(composed.services("compose.several.yaml", GIVEN))

    runs = [part for service in several.values() for part in service["command"][4:]]

    assert {part: runs.count(part) for part in run.PARTS} == {"web": 2, "publishing": 2, "default": 1}


def test_everything_of_ours_ends_in_order_and_comes_back(services: dict[str, composed.Service]) -> None:
    for name, service in composed.ours(services).items():
        assert service["init"] is True
        assert seconds(service["stop_grace_period"]) > sum(
            max(part.grace for part in run.services(0) if part.stage == stage) for stage in (1, 2)
        )
        assert service["restart"] == ("no" if name == "prepare" else "unless-stopped")
        assert {key: service[key] for key in ROOTLESS} == ROOTLESS


def seconds(duration: str) -> int:
    return int(duration.removesuffix("s"))


def test_every_other_service_says_how_it_is(services: dict[str, composed.Service]) -> None:
    silent = [
        name
        for name, service in services.items()
        if "build" not in service and not service["healthcheck"]["test"]
    ]

    assert silent == []


def test_what_is_mounted_and_waited_for_exists(file: str, services: dict[str, composed.Service]) -> None:
    document: dict[str, Any] = yaml.safe_load(composed.filled(composed.text(file), GIVEN))
    mounts = [mount.split(":")[0] for service in services.values() for mount in service.get("volumes", [])]
    awaited = {name for service in services.values() for name in service.get("depends_on", {})}

    assert [
        m for m in mounts if not (m in document["volumes"] or (m[0] == "." and (ROOT / m).is_file()))
    ] == []
    assert awaited <= set(services)


def test_machines_share_keys_database_cache_and_media() -> None:
    several = composed.ours(composed.services("compose.several.yaml", GIVEN))
    shared = ("SECRET_KEY", "ENCRYPTION_KEYS", "DATABASE_URL", "REDIS_URL", "MEDIA_S3_BUCKET", "SITE_URL")

    for name in shared:
        assert len({service["environment"][name] for service in several.values()}) == 1


def test_the_proxy_leads_to_every_web() -> None:
    several = composed.ours(composed.services("compose.several.yaml", GIVEN))
    webs = {name for name, service in several.items() if service["command"][4:] == ["web"]}
    settings = next(iter(several.values()))["environment"]

    led_to = set(re.findall(r"(\S+):8000", (ROOT / "deploy" / "Caddyfile").read_text()))

    assert led_to == webs == set(settings["ALLOWED_HOSTS"].split(","))
    assert settings["PORT"] == "8000"


# --- the image ---


def test_the_image_runs_as_nobody_and_gets_the_signal_itself() -> None:
    last = dict(dockerfile())

    assert last["USER"] == "snsauto"
    assert last["CMD"] == '["python", "manage.py", "run"]'
    assert last["HEALTHCHECK"].endswith('CMD ["python", "-m", "snsauto.alive"]')
    assert "ENTRYPOINT" not in last


def test_packages_are_a_layer_of_their_own() -> None:
    copied = [words for name, words in dockerfile() if name == "COPY"]

    assert copied[0].startswith("requirements.txt requirements-extras.txt")
    assert copied[-1] == ". ."


def ignored(path: Path) -> bool:
    """Whether .dockerignore keeps a path out (`**/name` anywhere, `name` at the top, `*` in a name)."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    return any(
        any(fnmatch(part, pattern[3:]) for part in path.parts)
        if pattern.startswith("**/")
        else fnmatch(path.parts[0], pattern)
        for pattern in patterns
    )


@pytest.mark.parametrize("path", [".env", ".env.local", "var/keys.json", ".git/config", "snsauto/tests/x.py"])
def test_what_is_secret_or_for_tests_stays_out(path: str) -> None:
    assert ignored(Path(path))


@pytest.mark.desk
def test_what_goes_into_the_image_is_enough_to_run(tmp_path: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if not ignored(Path(name)) and (ROOT / name).is_file():
            (tmp_path / "app" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / "app" / name)

    everything = (
        "from django.urls import get_resolver; from snsauto.management.commands import demo, prepare, run;"
        "get_resolver().url_patterns; print(*sorted(run.PARTS))"
    )

    finished = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", everything],
        cwd=tmp_path / "app",
        env={"PATH": "/usr/bin", "DATA_DIR": str(tmp_path / "data"), "SANDBOX": "on"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.stdout == "default publishing web\n", finished.stderr
    assert not (tmp_path / "app" / "var").exists()
