"""What a report of an agent about its own work means, from where the subtask stands."""

from enum import Enum

from todos.plan.words import TERMINAL, Status


class Step(Enum):
    BEGIN = "begin"
    BEAT = "beat"
    COMPLETE = "complete"
    FAIL = "fail"
    CANCEL = "cancel"
    RELEASE = "release"
    CANCEL_PENDING = "cancel_pending"


ENDS = {Status.COMPLETED: Step.COMPLETE, Status.FAILED: Step.FAIL}
_OF_PENDING = {
    Status.PENDING: (),
    Status.IN_PROGRESS: (Step.BEGIN,),
    Status.COMPLETED: (Step.BEGIN, Step.COMPLETE),
    Status.FAILED: (Step.BEGIN, Step.FAIL),
    Status.CANCELLED: (Step.CANCEL_PENDING,),
}
_UNDER_WAY = {
    Status.PENDING: (Step.RELEASE,),
    Status.IN_PROGRESS: (Step.BEAT,),
    Status.COMPLETED: (Step.COMPLETE,),
    Status.FAILED: (Step.FAIL,),
    Status.CANCELLED: (Step.CANCEL,),
}


def steps(stands: Status, said: Status, *, same_agent: bool = True) -> tuple[Step, ...] | None:
    """What has to happen so that it stands as was said; nothing when it does already. None: it cannot, for what has
    ended is never opened again. Work that another agent goes on with is handed over.
    """
    if stands in TERMINAL:
        return () if stands == said else None
    if stands == Status.IN_PROGRESS == said and not same_agent:
        return (Step.RELEASE, Step.BEGIN)
    return (_OF_PENDING if stands == Status.PENDING else _UNDER_WAY)[said]
