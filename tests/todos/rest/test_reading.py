from typing import Annotated, Literal

import pytest
from django.http import QueryDict
from pydantic import Field

from todos.problems import Invalid
from todos.rest.reading import DIGITS, STORABLE, CommaSeparated, Id, QueryFlag, Wire, read, read_query
from todos.wire.inputs import SubtaskIn


class Dog(Wire):
    kind: Literal["dog"]
    barks: int


class Cat(Wire):
    kind: Literal["cat"]
    lives: Annotated[int, Field(ge=1, le=9)] = 9


class House(Wire):
    name: str
    pet: Annotated[Dog | Cat, Field(discriminator="kind")] | None = None
    rooms: list["House"] = []
    labels: dict[str, int] = {}


class Filters(Wire):
    number: Annotated[int, Field(ge=1, le=500), DIGITS] = 50
    flag: QueryFlag = False
    text: Annotated[str, STORABLE] = ""
    words: CommaSeparated[Literal["a", "b"]] = []
    of: Id | None = None


def wrong(kind: object, value: object) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        read(kind, value)
    assert caught.value.status == 422
    return [(problem.pointer, problem.detail) for problem in caught.value.problems]


def wrong_query(query: str) -> list[str]:
    with pytest.raises(Invalid) as caught:
        read_query(Filters, QueryDict(query))
    return [problem.pointer for problem in caught.value.problems]


def test_a_value_that_fits_becomes_a_model() -> None:
    house = read(House, {"name": "a", "rooms": [{"name": "b", "pet": {"kind": "cat", "lives": 3}}]})
    assert house.rooms[0].pet.lives == 3


def test_every_problem_is_named_with_its_place() -> None:
    sent = {"name": 1, "rooms": [{"nam": "x"}], "labels": {"a/b": "1"}}
    assert wrong(House, sent) == [
        ("/name", "input should be a valid string"),
        ("/rooms/0/name", "this field is required"),
        ("/rooms/0/nam", "there is no such field"),
        ("/labels/a~1b", "input should be a valid integer"),
    ]


@pytest.mark.parametrize("blank", ["", " \t\n", "\u3000"])
def test_what_must_say_something_is_refused_in_words(blank: str) -> None:
    tree = {"content": "Release", "subtasks": [{"content": blank}]}
    assert wrong(SubtaskIn, tree) == [("/subtasks/0/content", "must not be blank")]
    query = {"content": "Search", "executor": {"name": "search", "query": blank or " "}}
    assert wrong(SubtaskIn, query) == [("/executor/query", "must be one line that is not blank")]


@pytest.mark.parametrize(
    ("pet", "pointer"),
    [
        ({"kind": "dog", "barks": "1"}, "/pet/barks"),
        ({"kind": "dog"}, "/pet/barks"),
        ({"kind": "cat", "lives": 10}, "/pet/lives"),
        ({"kind": "cat", "dog": 1}, "/pet/dog"),
        ({"kind": "cow"}, "/pet"),
        ({}, "/pet"),
        ("dog", "/pet"),
        ([], "/pet"),
    ],
)
def test_pointers_leave_out_the_names_of_union_branches(pet: object, pointer: str) -> None:
    assert [place for place, _ in wrong(House, {"name": "a", "pet": pet})] == [pointer]


@pytest.mark.parametrize("value", ["1", 1.0, True, None, [], {}])
def test_nothing_is_converted_into_a_number(value: object) -> None:
    assert wrong(Dog, {"kind": "dog", "barks": value})[0][0] == "/barks"


@pytest.mark.parametrize("value", [None, [], "text", 1, True])
def test_a_body_must_be_an_object(value: object) -> None:
    assert wrong(House, value)[0][0] == ""


def test_a_list_of_models_is_read_item_by_item() -> None:
    assert wrong(list[House], [{"name": "a"}, {"name": 1}])[0][0] == "/1/name"


def test_a_hundred_problems_are_enough() -> None:
    assert len(wrong(House, {"name": "a", **{f"x{n}": 1 for n in range(1_000)}})) == 100


@pytest.mark.parametrize("text", ["1", "9223372036854775807"])
def test_an_id_is_text_outside_and_a_number_inside(text: str) -> None:
    assert read_query(Filters, QueryDict(f"of={text}")).of == int(text)


@pytest.mark.parametrize("text", ["0", "-1", "01", "9223372036854775808", "1e3", " 1", "a", "", "١"])
def test_what_is_no_id_is_refused(text: str) -> None:
    query = QueryDict(mutable=True)
    query["of"] = text
    with pytest.raises(Invalid):
        read_query(Filters, query)


def test_a_query_string_is_read_strictly() -> None:
    found = read_query(Filters, QueryDict("number=7&flag=true&text=a%20b&words=a,b"))
    assert (found.number, found.flag, found.text, found.words) == (7, True, "a b", ["a", "b"])


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("number=0", "/query/number"),
        ("number=501", "/query/number"),
        ("number=+7", "/query/number"),
        ("number=7.0", "/query/number"),
        ("number=1_0", "/query/number"),
        ("number=" + "9" * 5000, "/query/number"),
        ("number=", "/query/number"),
        ("flag=1", "/query/flag"),
        ("flag=True", "/query/flag"),
        ("text=a%00b", "/query/text"),
        ("words=a,c", "/query/words/1"),
        ("words=", "/query/words/0"),
        ("other=1", "/query/other"),
        ("number=1&number=2", "/query/number"),
    ],
)
def test_a_wrong_parameter_is_named(query: str, pointer: str) -> None:
    assert wrong_query(query) == [pointer]
