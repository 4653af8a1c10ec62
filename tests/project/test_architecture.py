"""What holds the house up: floors, sizes, what is shipped, and that nothing is asked from anybody else."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from project import rooms
from project.rooms import PACKAGES, ROOT

MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 40
MOST_FLOORS = 6

PYTHON = rooms.files(".py")
SHOWN = rooms.files(".js", ".css", ".html", ".svg", ".md", ".yml")
ROOMS = [room for package in PACKAGES for room in rooms.rooms(package)]


def named(file):
    return str(file.relative_to(ROOT))


def test_every_module_imports_only_from_floors_below():
    lint = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-logo"], cwd=ROOT, capture_output=True, text=True
    )
    assert lint.returncode == 0, lint.stdout


@pytest.mark.parametrize("package", PACKAGES, ids=named)
def test_a_package_has_few_floors_and_every_room_stands_on_one(package):
    floors = rooms.floors(package)
    assert len(floors) <= MOST_FLOORS
    listed = [name for names, _ in floors for name in names]
    assert sorted(listed) == sorted(
        name.removesuffix(".py")
        for name in rooms.names_in(package)
        if name.endswith(".py") or (package / name / "__init__.py").is_file()
    )


@pytest.mark.parametrize("folder", list(rooms.folders()), ids=named)
def test_a_folder_holds_few_names(folder):
    assert len(rooms.names_in(folder)) <= rooms.MOST_NAMES, "make rooms"


@pytest.mark.parametrize("package", PACKAGES, ids=named)
def test_the_tests_of_a_room_are_in_a_folder_of_its_name(package):
    tests = ROOT / "tests" / package.parent.name
    folders = {path.name for path in tests.iterdir() if any(path.glob("**/test_*.py"))}
    assert folders <= {room.name for room in package.iterdir() if room.is_dir()}


@pytest.mark.parametrize("room", ROOMS, ids=named)
def test_every_room_says_what_it_is_and_how_it_is_changed(room):
    readme = (room / "README.md").read_text(encoding="utf-8")
    assert readme.startswith(f"# {room.name}\n")
    assert rooms.sentence(room) in readme
    assert "\n## Change it\n\n- " in readme
    assert len(readme.splitlines()) <= 45, "more than a screen"


def test_the_tables_of_rooms_are_current():
    for file, page in rooms.pages().items():
        assert file.read_text(encoding="utf-8") == page, f"{named(file)} is stale: run `make generated`"


def test_the_page_about_the_house_is_short_and_names_only_what_is_there():
    page = rooms.HOUSE.read_text(encoding="utf-8")
    assert len(page.encode()) <= 8_192, "more than ten minutes: move what was decided to docs/architecture"
    homes = {package.parent.name: package for package in PACKAGES}
    for place in re.findall(r"`((?:kb|search|feedback)/[\w/.]+)`", page):
        home, _, path = place.partition("/")
        assert (homes[home] / path).exists() or (ROOT / place).exists(), place
    for target in re.findall(r"\]\(([^)\s#]+)", page):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("room", ROOMS, ids=named)
def test_a_readme_names_only_what_is_there(room):
    readme = (room / "README.md").read_text(encoding="utf-8")
    tables = re.search(r"<!-- rooms -->.*?<!-- /rooms -->", readme, re.S)[0]
    for target in re.findall(r"\]\(([^)\s#]+)", readme):
        assert (room / target).exists(), target
    packages = {package.name: package for package in PACKAGES}
    package = next(package for package in PACKAGES if room.is_relative_to(package))
    for path in re.findall(r"`([\w/.-]+(?:\.(?:py|yml|js|html|md)|/))`", readme.replace(tables, "")):
        near = [start / path for start in (room, room.parent, package, ROOT)]
        first, _, rest = path.partition("/")
        far = [packages[first] / rest] if first in packages else []
        assert any(place.exists() for place in near + far), path


def test_no_function_is_longer_than_a_screen():
    long = [
        f"{named(file)}: {node.name}"
        for file in PYTHON
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > MOST_LINES_OF_A_FUNCTION
    ]
    assert long == []


@pytest.mark.parametrize("package", PACKAGES, ids=named)
def test_every_package_says_what_it_is_for(package):
    readme = (package.parent / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("# ")
    assert len(readme) > 200
    assert (package / "py.typed").exists()


@pytest.mark.parametrize("file", PYTHON, ids=named)
def test_a_module_is_one_idea(file):
    source = file.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= MOST_LINES
    assert ast.get_docstring(ast.parse(source))


def test_nothing_is_read_that_could_run_code():
    forbidden = {"pickle", "marshal", "shelve", "dill", "joblib"}
    for file in PYTHON:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                assert not {alias.name.split(".")[0] for alias in node.names} & forbidden, named(file)
            elif isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] not in forbidden, named(file)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec"), named(file)


# Names of languages for browsers, and addresses that nobody is asked for.
NO_REQUEST = re.compile(r"http://www\.w3\.org/|https?://(?:localhost|127\.0\.0\.1)\b|https?://[\w.]*\bexample\b")


@pytest.mark.parametrize("file", SHOWN, ids=named)
def test_nothing_that_customers_see_asks_another_company(file):
    text = file.read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/|<!--.*?-->|\{#.*?#\}", "", text, flags=re.S)
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(("//", "#")))
    addresses = re.findall(r"(?:https?:)?//[\w-]+\.[\w.-]+[^\s\"')]*", text)
    found = [address for address in addresses if not NO_REQUEST.match(address)]
    assert found == []


# The one module that does: it asks the provider whose address the operator has set, for whoever signs in with it.
ASKS_A_PROVIDER = ROOT / "feedback" / "handrail_feedback" / "accounts" / "openid_http.py"


STYLES = [file for file in SHOWN if file.suffix == ".css"]


@pytest.mark.parametrize("file", STYLES, ids=named)
def test_a_style_names_only_classes_of_ours_that_something_wears(file):
    worn = "".join(one.read_text() for one in (*PYTHON, *SHOWN) if one.suffix not in (".css", ".yml"))
    whole = set(re.findall(r"\b(?:handrail|desk|weekly)-[\w-]*\w", worn))
    begun = tuple(re.findall(r"\b((?:handrail|desk|weekly)-[\w-]*-)(?:\{|\$\{)", worn))  # desk-way-{{ way }}
    styled = set(re.findall(r"\.((?:handrail|desk|weekly)-[\w-]+)", file.read_text()))
    assert sorted(one for one in styled - whole if not one.startswith(begun)) == []


def test_no_package_fetches_anything_when_it_runs():
    assert ASKS_A_PROVIDER in PYTHON
    for file in PYTHON:
        if file == ASKS_A_PROVIDER:
            continue
        source = file.read_text(encoding="utf-8")
        for library in ("requests", "httpx", "urllib.request", "urllib3", "aiohttp", "huggingface_hub"):
            assert not re.search(rf"^\s*(?:import|from) {re.escape(library)}\b", source, re.M), named(file)


def test_modules_that_print_are_commands():
    for file in PYTHON:
        assert not re.search(r"^\s*print\(", file.read_text(encoding="utf-8"), re.M), named(file)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    target = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    [file] = target.glob("*.whl")
    return zipfile.ZipFile(file)


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel):
    wanted = {
        str(file.relative_to(package.parent))
        for package in PACKAGES
        for file in package.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == wanted


def test_the_wheel_brings_the_command_the_plugin_and_the_licence(wheel):
    [entry_points] = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    text = wheel.read(entry_points).decode()
    assert "handrail = handrail_kb.cli:main" in text
    assert "handrail = handrail_kb.plugin:HandrailPlugin" in text
    assert any(name.endswith("LICENSE") for name in wheel.namelist())
    [metadata] = [name for name in wheel.namelist() if name.endswith("METADATA")]
    needed = re.findall(r"^Requires-Dist: ([\w.-]+)(?!.*extra)", wheel.read(metadata).decode(), re.M)
    assert sorted(needed) == ["click", "mkdocs", "pathspec", "pyyaml"]


def test_every_table_is_in_the_list_by_which_stores_are_moved_backed_up_and_restored():
    """A table that is not would be lost by moving, and be taken for another program's by restoring."""
    schema = ROOT / "feedback" / "handrail_feedback" / "storage" / "schema"
    made = {name for file in schema.glob("*.py") for name in re.findall(r"CREATE TABLE (\w+)", file.read_text())}
    listed = (schema / "migrations.py").read_text().partition("TABLES = (")[2].partition(")")[0]
    assert made == set(re.findall(r'"(\w+)"', listed))
