import re
import shutil
from pathlib import Path

from django.conf import settings

from dashboard.server.static import Storage


def test_collected_scripts_import_collected_scripts_and_nothing_is_kept_twice(tmp_path: Path) -> None:
    shutil.copytree(settings.BASE_DIR / "static" / "js", tmp_path / "js")
    storage = Storage(location=str(tmp_path), base_url="/static/")
    names = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.js")]
    for _, _, done in storage.post_process({name: (storage, name) for name in names}):
        assert done
    collected = list(tmp_path.rglob("*.js"))
    assert len(collected) == len(names)
    assert all(re.search(r"\.[0-9a-f]{12}\.js$", path.name) for path in collected)
    imports = [(path, name) for path in collected for name in re.findall(r'import .*?"(\..*?)"', path.read_text())]
    assert len(imports) > 10
    assert [name for path, name in imports if not (path.parent / name).is_file()] == []
