"""What the design promises about the code itself: who may import whom, how large things get, who writes state."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("dashboard", "runs", "todos")
LINES = {"product": 300, "tests": 400}
FUNCTION_LINES = 40

# Who may import which of our packages (the longest name that fits a module counts), and nothing else of ours.
MAY_IMPORT = {
    "todos": {"todos"},
    "todos.plan": {"todos.plan"},
    "runs": {"runs", "todos"},
    "runs.engine": {"runs.engine", "todos.plan"},
    "dashboard": {"dashboard", "runs", "todos"},
}
PURE = {"todos.plan": set(), "runs.engine": {"numpy"}}  # and the standard library


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def sources(*packages: str) -> list[Path]:
    found = [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]
    return [path for path in found if "migrations" not in path.parts]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """The names of modules, and of what is taken from them: `from a import b` gives a and a.b."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def below(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def rule_for(module: str) -> str:
    return max((package for package in MAY_IMPORT if below(module, package)), key=len)


def each(paths: list[Path]) -> Callable[[Callable[[Path], None]], Callable[[], None]]:
    """One test for all of these; it tells every one that fails."""

    def one_for_all(test: Callable[[Path], None]) -> Callable[[], None]:
        def over_all() -> None:
            failed = []
            for path in paths:
                try:
                    test(path)
                except AssertionError as error:
                    failed.append(f"{path.relative_to(ROOT)}: {error}")
            assert failed == []

        return over_all

    return one_for_all


in_product = each(sources(*PACKAGES))
in_tests = each(sources("tests"))
everywhere = each([*sources(*PACKAGES, "tests"), ROOT / "manage.py"])


# ---- who may import whom ----


@in_product
def test_nobody_imports_upwards(path: Path) -> None:
    allowed = MAY_IMPORT[rule_for(name_of(path))]
    ours = {name for name in imports(path) if below(name, "tests") or any(below(name, each) for each in PACKAGES)}
    assert {name for name in ours if not any(below(name, each) for each in allowed)} == set()


def test_nobody_imports_in_a_circle() -> None:
    """Neither for types only, nor inside a function."""
    modules = {name_of(path): path for path in sources(*PACKAGES)}
    needs = {name: {other for other in imports(path) if other in modules} - {name} for name, path in modules.items()}
    for name, path in modules.items():
        if path.name == "__init__.py":
            needs[name] = {other for other in needs[name] if not below(other, name)}  # it only gathers what is below it
    assert set(TopologicalSorter(needs).static_order()) >= set(modules)  # raises CycleError, which names the circle


@pytest.mark.parametrize("package", PURE)
def test_rules_are_pure(package: str) -> None:
    known = set(sys.stdlib_module_names) | PURE[package] | {name.split(".")[0] for name in MAY_IMPORT[package]}
    for path in sources(*PACKAGES):
        if below(name_of(path), package):
            assert {name.split(".")[0] for name in imports(path)} <= known, path


@pytest.mark.parametrize("package", PURE)
def test_rules_have_no_clock_and_no_chance_of_their_own(package: str) -> None:
    """`random.Random(seed)` is fine: the seed is an argument."""
    asked = {
        "time.time",
        "time.monotonic",
        "datetime.now",
        "datetime.utcnow",
        "random.random",
        "random.choice",
        "os.environ",
    }
    for path in sources(*PACKAGES):
        if below(name_of(path), package):
            used = {ast.unparse(node) for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
            assert used & asked == set(), path


@in_product
def test_only_those_who_keep_state_know_its_sql(path: Path) -> None:
    """One writer: the transitions, with the loop and the sweep that ask for them and the journal that keeps count."""
    writers = (
        "runs.transitions",
        "runs.statements",
        "runs.journal",
        "runs.loop",
        "runs.startable",
        "runs.external.outside",
        "runs.sweep",
        "runs.orchestrating.mirror",
        "runs.queries",
        "runs.claims.waits",
        "runs.reading.attention",
        "runs.external.commands",
    )
    if not any(below(name_of(path), writer) for writer in writers):
        assert {name for name in imports(path) if below(name, "runs.statements")} == set()


@in_product
def test_nobody_else_sets_a_status(path: Path) -> None:
    if below(name_of(path), "runs.transitions"):
        return
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
            told = {keyword.arg for keyword in node.keywords}
            assert "status" not in told or below(name_of(path), "runs.orchestrating.mirror")
        if isinstance(node, ast.Assign) and below(name_of(path), "runs"):
            names = {target.attr for target in node.targets if isinstance(target, ast.Attribute)}
            assert "epoch" not in names or "lease" in ast.unparse(node), f"line {node.lineno}"


# ---- how large things get ----


@everywhere
def test_a_module_is_read_in_one_sitting(path: Path) -> None:
    limit = LINES["tests" if below(name_of(path), "tests") else "product"]
    assert len(path.read_text(encoding="utf-8").splitlines()) <= limit


@everywhere
def test_a_function_fits_a_screen(path: Path) -> None:
    functions = [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {node.name for node in functions if (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES}
    assert long == set()


@in_product
def test_a_module_says_what_it_is(path: Path) -> None:
    if path.read_text(encoding="utf-8").strip():
        assert ast.get_docstring(tree(path))


# ---- tests ----


@in_tests
def test_tests_take_real_parts_and_never_sleep(path: Path) -> None:
    assert {name for name in imports(path) if below(name, "unittest.mock") or name == "pytest_mock"} == set()
    if not path.name.startswith("test_"):
        return  # what is run and measured takes its time, and whether a process is up can only be asked again
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("time.sleep", "asyncio.sleep", "sleep"):
            assert ast.unparse(node) in ("asyncio.sleep(0)", "sleep(0)"), f"line {node.lineno} sleeps"


@in_tests
def test_every_test_can_fail(path: Path) -> None:
    """It asserts, expects, or calls something (a helper, a fixture) whose name says that it does."""
    says = re.compile(
        r"\b(assert|django_assert_num_queries|expect|in_order|raises|refuse|check|until|wait_for|violations|same)"
    )
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            assert says.search("\n".join(ast.unparse(line) for line in node.body)), node.name


# ---- nothing of one place ----


def test_no_file_names_a_registry() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    telling = re.compile(r"pypi\.org|pythonhosted|registry\.npmjs|deb\.debian|--index-url")
    for name in filter(None, listed):
        path = ROOT / name
        if path.is_file() and "static/vendor" not in name and path != Path(__file__):
            assert not telling.search(path.read_bytes().decode(errors="replace")), name
