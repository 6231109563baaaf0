"""Options as a form: every option of every strategy has a field, and what is typed means what REST takes."""

import pytest

from dashboard.forms import decompose_form
from todos.decompose.registry import STRATEGIES
from todos.problems import Invalid
from todos.rest.reading import read


def values(strategy: str, **sent: str) -> dict[str, object]:
    return dict(decompose_form.entered(strategy, sent).values)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_option_has_a_field_with_words(strategy: str) -> None:
    form = decompose_form.empty(strategy)
    assert set(form.fields) == set(STRATEGIES[strategy].options.model_fields)
    shown = [one.name for one in [*form.first, *form.more]]
    assert len(shown) == len(set(shown)) and set(shown) == set(form.fields)
    assert all(one.label for one in form.fields.values())


def test_no_words_are_left_of_options_that_are_gone() -> None:
    there = {name for one in STRATEGIES.values() for name in one.options.model_fields}
    assert set(decompose_form.WORDS) == there


@pytest.mark.parametrize("strategy", ["files", "layers", "phases", "modules", "codebase"])
def test_the_form_as_it_stands_at_first_means_the_usual_options(strategy: str) -> None:
    form = decompose_form.empty(strategy)
    found = values(strategy, **{name: one.text for name, one in form.fields.items()})
    model = STRATEGIES[strategy].options
    assert read(model, found) == read(model, {})


def test_each_kind_of_field_is_read_as_what_it_is() -> None:
    found = values(
        "files", folder=" src ", include="*.py\r\n\r\n!x.py ", batches="3", seconds_per_file="1.5", changes="false"
    )
    assert found == {
        "folder": "src",
        "include": ["*.py", "!x.py"],
        "batches": 3,
        "seconds_per_file": 1.5,
        "changes": False,
        "gitignore": False,
    }
    assert values("modules", order="none", by="folder", gitignore="on") == {
        "order": "none",
        "by": "folder",
        "gitignore": True,
    }


def test_a_flag_that_is_not_sent_is_off() -> None:
    assert values("layers")["in_order"] is False


def test_indented_lines_are_the_tasks_of_what_stands_above_them() -> None:
    assert values("phases", phases="analysis\n  profile\n\tcompare\nend\n  check") == {
        "phases": [{"name": "analysis", "tasks": ["profile", "compare"]}, {"name": "end", "tasks": ["check"]}]
    }
    assert values("features", features="  search\ndark mode")["features"] == ["search", "dark mode"]


def test_json_says_more_than_names() -> None:
    assert values("features", features='[{"name": "a", "estimated_seconds": 5}]', qa="false") == {
        "features": [{"name": "a", "estimated_seconds": 5}],
        "qa": False,
    }
    assert values("features", qa='{"name": "Check"}') == {"qa": {"name": "Check"}}
    assert values("command", command='["make", "plan"]', options='{"a": 1}', timeout_seconds="5") == {
        "command": ["make", "plan"],
        "options": {"a": 1},
        "timeout_seconds": 5.0,
    }
    assert values("command", command="make plan") == {"command": "make plan"}


@pytest.mark.parametrize(
    ("strategy", "field", "text"),
    [
        ("command", "options", "{"),
        ("command", "command", "[1"),
        ("features", "features", '[{"name"'),
        ("files", "changes", "perhaps"),
        ("files", "folder", "a\0b"),
        ("checklist", "text", "a\0b"),
    ],
)
def test_what_cannot_be_read_is_told_at_its_field(strategy: str, field: str, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        values(strategy, **{field: text})
    form = decompose_form.refused(strategy, {field: text}, refused.value)
    assert [name for name, one in form.fields.items() if one.error] == [field]
    assert form.fields[field].text == text


@pytest.mark.parametrize(("field", "text"), [("batches", "many"), ("batches", "9" * 30), ("seconds_per_file", "long")])
def test_what_is_no_number_stays_text_and_is_refused_as_such(field: str, text: str) -> None:
    found = values("files", **{field: text})
    assert found[field] == text
    with pytest.raises(Invalid):
        read(STRATEGIES["files"].options, found)
