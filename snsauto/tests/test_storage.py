"""The names of static files in production."""

import re
import shutil
from pathlib import Path

from django.conf import settings

from snsauto.storage import StaticStorage


def test_a_module_imports_others_by_names_that_carry_their_hash(tmp_path: Path) -> None:
    shutil.copytree(Path(settings.BASE_DIR) / "static" / "js", tmp_path / "js")
    (tmp_path / "js" / "page.js").write_text('import { toast } from "./toasts.js";\ntoast({});\n')
    storage = StaticStorage(location=tmp_path, base_url="/static/")
    names = [str(file.relative_to(tmp_path)) for file in (tmp_path / "js").glob("*.js")]

    list(storage.post_process({name: (storage, name) for name in names}))

    app = (tmp_path / storage.stored_name("js/app.js")).read_text()
    page = (tmp_path / storage.stored_name("js/page.js")).read_text()
    assert len(re.findall(r'import "\./\w+\.[0-9a-f]{12}\.js";', app)) == app.count("import ")
    assert re.match(r'import { toast } from "\./toasts\.[0-9a-f]{12}\.js";', page)
