import pytest

from todos.plan.words import COMMANDING, EXECUTORS, READ_ONLY, Lane, lane_of


@pytest.mark.parametrize(
    ("executor", "lane"),
    [
        (None, Lane.QUERY),
        ({"name": "read"}, Lane.QUERY),
        ({"name": "search"}, Lane.QUERY),
        ({"name": "web_search"}, Lane.QUERY),
        ({"name": "simulate"}, Lane.QUERY),
        ({"name": "approval"}, Lane.QUERY),
        ({"name": "http"}, Lane.QUERY),
        ({"name": "http", "method": "get"}, Lane.QUERY),
        ({"name": "http", "method": "POST"}, Lane.EXECUTE),
        ({"name": "shell"}, Lane.EXECUTE),
        ({"name": "agent"}, Lane.EXECUTE),
        ({"name": "python"}, Lane.EXECUTE),
    ],
)
def test_the_lane_follows_from_the_executor(executor: dict | None, lane: Lane) -> None:
    assert lane_of(executor) == lane


def test_what_only_reads_needs_no_command_permission() -> None:
    assert COMMANDING.isdisjoint(READ_ONLY)
    assert set(EXECUTORS) == COMMANDING | READ_ONLY
