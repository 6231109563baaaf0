"""Environment variables: a value that cannot be meant stops the start, with its name."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from dashboard import env


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("ABREAST_X", "ABREAST_X_FILE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_what_is_not_set_has_its_default(given: pytest.MonkeyPatch) -> None:
    assert env.text("ABREAST_X") == ""
    assert env.text("ABREAST_X", "a") == "a"
    assert env.flag("ABREAST_X", True) is True
    assert env.number("ABREAST_X", 7, low=1, high=9) == 7
    assert env.choice("ABREAST_X", "a", ("a", "b")) == "a"
    assert env.words("ABREAST_X") == []
    assert env.secret("ABREAST_X") is None


def test_what_is_set_to_nothing_has_its_default(given: pytest.MonkeyPatch) -> None:
    given.setenv("ABREAST_X", "")
    assert env.flag("ABREAST_X", True) is True
    assert env.number("ABREAST_X", 7, low=1, high=9) == 7
    assert env.choice("ABREAST_X", "a", ("a", "b")) == "a"


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        ("1", True),
        ("true", True),
        ("YES", True),
        ("on", True),
        ("0", False),
        ("False", False),
        ("no", False),
        ("off", False),
    ],
)
def test_a_flag_is_read_as_people_write_it(given: pytest.MonkeyPatch, value: str, flag: bool) -> None:
    given.setenv("ABREAST_X", value)
    assert env.flag("ABREAST_X", not flag) is flag


@pytest.mark.parametrize("value", ["2", "ja", " 1", "tru"])
def test_what_is_no_flag_stops_the_start(given: pytest.MonkeyPatch, value: str) -> None:
    given.setenv("ABREAST_X", value)
    with pytest.raises(ImproperlyConfigured, match="ABREAST_X"):
        env.flag("ABREAST_X", True)


@pytest.mark.parametrize("value", ["1", "9", "05"])
def test_a_number_within_its_bounds_is_read(given: pytest.MonkeyPatch, value: str) -> None:
    given.setenv("ABREAST_X", value)
    assert env.number("ABREAST_X", 7, low=1, high=9) == int(value)


@pytest.mark.parametrize("value", ["0", "10", "-1", "1.5", "1e0", "five", "²", "٣", "9" * 5_000, " 5"])
def test_a_number_out_of_bounds_or_none_at_all_stops_the_start(given: pytest.MonkeyPatch, value: str) -> None:
    given.setenv("ABREAST_X", value)
    with pytest.raises(ImproperlyConfigured, match="ABREAST_X must be a whole number from 1 to 9"):
        env.number("ABREAST_X", 7, low=1, high=9)


def test_only_a_choice_that_is_offered_is_taken(given: pytest.MonkeyPatch) -> None:
    given.setenv("ABREAST_X", "b")
    assert env.choice("ABREAST_X", "a", ("a", "b")) == "b"
    given.setenv("ABREAST_X", "c")
    with pytest.raises(ImproperlyConfigured, match="ABREAST_X must be one of a, b"):
        env.choice("ABREAST_X", "a", ("a", "b"))


def test_a_list_loses_its_blanks(given: pytest.MonkeyPatch) -> None:
    given.setenv("ABREAST_X", " a.example , ,b.example:8000,")
    assert env.words("ABREAST_X") == ["a.example", "b.example:8000"]


def test_a_secret_comes_from_the_variable_or_from_the_file_it_names(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file\n")
    given.setenv("ABREAST_X_FILE", str(tmp_path / "secret"))
    assert env.secret("ABREAST_X") == "from the file"
    given.setenv("ABREAST_X", "from the variable")
    assert env.secret("ABREAST_X") == "from the variable"


def test_a_secret_file_that_cannot_be_read_stops_the_start(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given.setenv("ABREAST_X_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(ImproperlyConfigured, match="ABREAST_X_FILE"):
        env.secret("ABREAST_X")


def test_hosts_stand_as_in_a_url_and_once() -> None:
    assert env.hosts("127.0.0.1", "::1", "127.0.0.1", "my.lan") == ["127.0.0.1", "[::1]", "my.lan"]
    assert env.hosts("0.0.0.0", "::") == []


def test_an_address_is_scheme_and_host(given: pytest.MonkeyPatch) -> None:
    assert env.address("ABREAST_X") == ""
    for value, found in {
        " https://Name.example/ ": "https://name.example",
        "http://[::1]:80": "http://[::1]:80",
    }.items():
        given.setenv("ABREAST_X", value)
        assert env.address("ABREAST_X") == found


@pytest.mark.parametrize(
    "value", ["name.example", "ftp://name.example", "https://name.example/path", "https://a b", "//a"]
)
def test_what_is_no_address_stops_the_start(given: pytest.MonkeyPatch, value: str) -> None:
    given.setenv("ABREAST_X", value)
    with pytest.raises(ImproperlyConfigured, match="ABREAST_X must be an address like"):
        env.address("ABREAST_X")


def test_names_of_hosts_have_no_ports() -> None:
    assert env.names(["a.example:8443", "a.example", "[::1]", "[::1]:80"]) == ["a.example", "[::1]"]


def test_what_is_kept_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "key"
    assert env.kept(path, lambda: "first") == env.kept(path, lambda: "second") == "first"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_of_two_who_make_it_at_once_one_wins_for_both(tmp_path: Path) -> None:
    path = tmp_path / "key"

    def slow() -> str:
        path.write_text("the other's")
        return "mine"

    assert env.kept(path, slow) == "the other's"
