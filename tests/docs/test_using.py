"""`docs/using.md` and the README know the executors, fields, options, pages and keys there are."""

import re
from typing import Any, get_args

from django.urls import Resolver404, resolve

from dashboard.urls import pages
from runs.api.runs import RunIn
from runs.executors.running import MODULES
from tests.docs.reading import ROOT, section, tables, text_of, words
from todos.decompose import checklist
from todos.decompose.registry import STRATEGIES
from todos.plan.words import COMMANDING, EXECUTORS, lane_of
from todos.wire import executors
from todos.wire.inputs import SubtaskIn

DOCUMENT = "docs/using.md"
WIRE: dict[str, Any] = {
    get_args(model.model_fields["name"].annotation)[0]: model for model in get_args(get_args(executors.Executor)[0])
}

WORKING = set(MODULES) | {"approval"}  # nobody runs that one: a person answers


def executor_rows() -> list[list[str]]:
    return tables(section(DOCUMENT, "Executors"))[0]


def test_every_executor_is_documented_with_what_it_takes_and_no_other() -> None:
    rows = {words(row[0])[0]: row for row in executor_rows()}
    assert set(rows) == set(EXECUTORS) == set(WIRE)
    for name, row in rows.items():
        assert row[1].partition(" ")[0] == lane_of({"name": name}), name
        assert row[2] == ("yes" if name in COMMANDING else "no"), name
        assert words(row[3]) == [field for field in WIRE[name].model_fields if field != "name"], name


def test_only_executors_that_work_are_said_to_work() -> None:
    linked = {words(row[0])[0] for row in executor_rows() if row[0].startswith("[")}
    [readme] = tables(section("README.md", "What it can run"))
    assert linked == {words(row[0])[0] for row in readme} == WORKING == set(EXECUTORS)


def fields_in(title: str) -> set[str]:
    [rows] = tables(section(DOCUMENT, title))
    return {word for row in rows for word in words(row[0])}


def test_every_field_of_a_todo_is_documented_and_no_other() -> None:
    assert fields_in("Todos") == set(SubtaskIn.model_fields)


def test_every_option_of_a_run_is_documented_and_no_other() -> None:
    assert fields_in("Runs") == set(RunIn.model_fields)


def test_every_strategy_of_decompose_is_documented() -> None:
    headings = re.findall(r"^## ([a-z]+)$", text_of("docs/decomposing.md"), re.MULTILINE)
    assert headings == list(STRATEGIES)
    assert set(STRATEGIES) <= set(words(section("docs/api.md", "Decomposing")))


def test_the_checklist_of_the_document_reads_as_it_says() -> None:
    text = next(match[1] for match in re.finditer(r"```text\n(# Release.*?)```", text_of(DOCUMENT), re.DOTALL))
    [release] = checklist.parse(text, limit=100)
    freeze, test, announce, tag = release.subtasks
    assert [one.status for one in (freeze, announce, tag)] == ["completed", "cancelled", "pending"]
    assert [one.estimated_seconds for one in test.subtasks] == [300, 90]
    assert [one.content for one in test.subtasks] == ["Unit tests", "Browser tests"]


# ---- pages and keys ----


def test_every_page_is_documented_and_every_address_leads_to_one() -> None:
    [rows] = tables(section(DOCUMENT, "Pages"))
    found = set()
    for row in rows:
        address = words(row[1])[0].replace("ID", "1").replace("KEY", "a")
        try:
            found.add(resolve(address).url_name)
        except Resolver404:
            raise AssertionError(f"there is no page {address}") from None
    assert {page.name for page in pages} <= found


def test_every_key_is_documented() -> None:
    [rows] = tables(section(DOCUMENT, "Keys"))
    documented = {word for row in rows for word in words(row[0])}
    listed = set(re.findall(r"<kbd>([^<{]+)</kbd>", (ROOT / "templates/components/keys.html").read_text("utf-8")))
    assert {key.replace("−", "-") for key in listed} - documented == set()
