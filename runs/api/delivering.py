"""Endpoints that deliver reports and do nothing beside. Whoever calls one may wait in a thread, or in an event loop."""

from abc import ABC, abstractmethod
from typing import Any

from runs.external import delivering
from runs.reports import Report


class Delivering(ABC):
    """`reports` reads what was sent, `told` says what became of it; in between all that have a run are delivered."""

    @abstractmethod
    def reports(self, body: Any, **path: int) -> list[Report]: ...

    @abstractmethod
    def told(self, reports: list[Report]) -> Any: ...

    def deliver(self, body: Any, **path: int) -> Any:
        reports = self.reports(body, **path)
        delivering.deliver(to_deliver(reports))
        return self.told(reports)


def to_deliver(reports: list[Report]) -> list[Report]:
    return [report for report in reports if report.run]
