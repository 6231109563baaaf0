"""What is measured: a module each, with one function that takes the sitting and yields lines. In the order they run."""

from collections.abc import Callable, Iterator, Mapping

from tests.bench.lines import Line
from tests.bench.measures import (
    dag,
    decompose,
    dispatch,
    eta,
    idle,
    leases,
    live,
    orchestrate,
    pages,
    reclaim,
    reports,
    scaled,
    search,
    session,
    size,
    sockets,
    start,
    web,
)
from tests.bench.sitting import Sitting

MEASURES: Mapping[str, Callable[[Sitting], Iterator[Line]]] = {
    "orchestrate": orchestrate.measure,
    "celery": scaled.measure,
    "dag": dag.measure,
    "leases": leases.measure,
    "reports": reports.measure,
    "web": web.measure,
    "reclaim": reclaim.measure,
    "dispatch": dispatch.measure,
    "eta": eta.measure,
    "session": session.measure,
    "size": size.measure,
    "decompose": decompose.measure,
    "search": search.measure,
    "live": live.measure,
    "sockets": sockets.measure,
    "pages": pages.measure,
    "start": start.measure,
    "idle": idle.measure,
}
