"""A workspace with everything in it: copied whole, and gone without a trace."""

import json
import zipfile
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from pytest_django.fixtures import Settings

from accounts import exporting, farewells
from accounts.models import ChatLink, User, Workspace
from publishing.models import Media
from snsauto.tests.everything import HUSH, Rows, fill

pytestmark = pytest.mark.django_db
STAYS = ["Spend"]  # what was used of a network's quota, which many workspaces share, is used


@pytest.fixture(autouse=True)
def _files_of_a_test(settings: Settings, tmp_path: str) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def rows(ada: User, workspace: Workspace) -> Rows:
    return fill(ada, workspace)


def left(rows: Rows) -> list[str]:
    """Which of these rows are there."""
    return [
        model.__name__ for model, row in rows.items() if model._default_manager.filter(pk=row.pk).exists()
    ]


def test_a_full_workspace_goes_and_another_one_stays_whole(
    rows: Rows, cho: User, workspace: Workspace
) -> None:
    others = fill(cho, cho.memberships.get().workspace)
    file = Media.objects.get(workspace=workspace).file.name

    assert farewells.delete_workspace(workspace)

    assert left(rows) == STAYS
    assert left(others) == [model.__name__ for model in others]
    assert not default_storage.exists(file)


def test_a_person_with_a_full_workspace_of_their_own_goes_with_it(rows: Rows, ada: User) -> None:
    ChatLink.objects.create(user=ada, person="1", chat="1")

    assert farewells.delete_user(ada)

    assert left(rows) == STAYS
    assert not ChatLink.objects.exists()


def test_a_copy_holds_a_row_of_every_table_and_no_secret(rows: Rows, workspace: Workspace) -> None:
    kept = BytesIO()

    exporting.write(workspace, kept)

    archive = zipfile.ZipFile(kept)
    empty = [table.name for table in exporting.tables() if not json.loads(archive.read(f"{table.name}.json"))]
    assert empty == []
    assert [name for name in archive.namelist() if HUSH.encode() in archive.read(name)] == []
