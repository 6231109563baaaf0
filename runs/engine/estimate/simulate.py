"""Many runs of the rest of a run at once: the dispatcher of `schedule`, of all simulations side by side."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from runs.engine.estimate.state import State, Turn
from todos.plan.dispatch import schedule
from todos.plan.problem import Problem

Times = NDArray[np.float64]


def through(state: State, left: Times) -> Times:
    """The same as `finish`, stage by stage where there are any. The first begins with what is running."""
    total = np.zeros(len(left))
    running = state.running
    for stage in state.stages:
        mine = {*stage.queue, *running}
        others = {task: 0.0 for task in range(len(state.kinds)) if task not in mine}
        total += finish(replace(state, agents=stage.agents, queue=stage.queue, running=running, done=others), left)
        running = {}
    return total if state.stages else finish(state, left)


def finish(state: State, left: Times) -> Times:
    """Seconds until the last task has ended, of each simulation.

    left: for each simulation and task, the seconds it still takes from its start, or from now if it is running.
    """
    tasks = [*state.running, *state.queue]
    turns = [turn for turn in state.turns if sum(turn.held.get(task, 0) for task in tasks) > turn.capacity]
    if turns and len(tasks) <= MOST_BY_TURNS:
        return _by_turns(state, left, tasks, turns)
    if not any(state.preds[task] for task in state.queue):
        return _flat(state, left)
    if len(state.queue) > MANY:
        return _in_turn(state, left)
    return _Graph(state, left).run()


def _seats(state: State, left: Times) -> Times:
    """When each agent is free, of each simulation."""
    running = list(state.running)
    free = np.zeros((len(left), max(state.agents, len(running), 1)))
    free[:, : len(running)] = left[:, running]
    return free


def _flat(state: State, left: Times) -> Times:
    """Without dependencies each task goes to the agent that is free first."""
    free = _seats(state, left)
    rows = np.arange(len(left))
    surplus = free.shape[1] - max(1, state.agents)
    for task in state.queue:
        first = free.argmin(axis=1) if not surplus else np.argpartition(free, surplus, axis=1)[:, surplus]
        free[rows, first] = free[rows, first] + left[:, task]
    return free.max(axis=1)


def _in_turn(state: State, left: Times) -> Times:
    """With very many tasks: each simulation starts them in the order in which a run of median durations would. Which
    of so many comes first in which simulation makes little of a difference; looking would take seconds."""
    usual = np.median(left, axis=0)
    tasks = [*state.running, *state.queue]
    number = {task: at for at, task in enumerate(tasks)}
    preds = [[number[pred] for pred in state.preds[task] if pred in number] for task in tasks]
    preds[: len(state.running)] = [[] for _ in state.running]
    agents = max(1, state.agents, len(state.running))
    starts = schedule(Problem([float(usual[task]) for task in tasks], preds, agents), range(len(tasks)))
    free = _seats(state, left)
    ends = np.zeros((len(tasks), len(left)))
    ends[: len(state.running)] = left[:, list(state.running)].T
    rows = np.arange(len(left))
    for at in sorted(range(len(state.running), len(tasks)), key=lambda at: (starts[at], at)):
        first = free.argmin(axis=1)
        begin = free[rows, first]
        for pred in preds[at]:
            begin = np.maximum(begin, ends[pred])
        ends[at] = free[rows, first] = begin + left[:, tasks[at]]
    return ends.max(axis=0)


def _by_turns(state: State, left: Times, tasks: Sequence[int], turns: Sequence[Turn]) -> Times:
    """Where tasks wait for what others hold each simulation is a schedule of its own, by the dispatcher of plans; of
    many tasks there are fewer of them."""
    number = {task: at for at, task in enumerate(tasks)}
    preds = [[number[pred] for pred in state.preds[task] if pred in number] for task in tasks]
    preds[: len(state.running)] = [[] for _ in state.running]
    demands = [{at: turn.held[task] for at, turn in enumerate(turns) if task in turn.held} for task in tasks]
    agents, capacity = max(1, state.agents, len(state.running)), [turn.capacity for turn in turns]
    some = left[: max(FEWEST, AT_ONCE // len(tasks)), tasks]
    problems = [Problem(seconds, preds, agents, demands, capacity) for seconds in some.tolist()]
    return np.resize([one.makespan(schedule(one, range(len(tasks)))) for one in problems], len(left))


MOST_BY_TURNS = 3_000
AT_ONCE = 20_000  # tasks of all simulations together, which takes some tenths of a second
FEWEST = 20
MANY = 3_000
BLOCK = 128


class _Graph:
    """An end of a task at a time, of each simulation: what it lets go is ready, and free agents take what comes first.

    Ready tasks are marked at their place in the queue, in blocks that are counted, so that the first is found without
    looking at all of them.
    """

    def __init__(self, state: State, left: Times) -> None:
        self.sims = len(left)
        self.rows = np.arange(self.sims)
        queue = list(state.queue)
        self.place = {task: at for at, task in enumerate(queue)}
        self.size = len(queue)
        self.took = np.concatenate([left[:, queue], np.zeros((self.sims, 1))], axis=1)
        ended = set(state.done)
        open_preds = [[pred for pred in state.preds[task] if pred not in ended] for task in queue]
        self.unmet = np.tile(np.array([len(preds) for preds in open_preds] + [0], dtype=np.int32), (self.sims, 1))
        running = list(state.running)
        number = {**self.place, **{task: self.size + 1 + at for at, task in enumerate(running)}}
        succs: list[list[int]] = [[] for _ in range(self.size + 1 + len(running))]
        for at, preds in enumerate(open_preds):
            for pred in preds:
                if pred in number:
                    succs[number[pred]].append(at)
        self.count = np.array([len(one) for one in succs], dtype=np.int64)
        self.first = np.concatenate([[0], np.cumsum(self.count)[:-1]]).astype(np.int64)
        self.succs = np.array([succ for one in succs for succ in one] + [0], dtype=np.int64)
        seats = max(state.agents, len(running), 1)
        self.agents = max(1, state.agents)
        self.free_at = np.full((self.sims, seats), np.inf)
        self.task_of = np.full((self.sims, seats), self.size, dtype=np.int64)
        self.free_at[:, : len(running)] = left[:, running]
        self.task_of[:, : len(running)] = np.arange(len(running)) + self.size + 1
        self.idle = np.full(self.sims, max(0, self.agents - len(running)))
        self.surplus = np.full(self.sims, max(0, len(running) - self.agents))
        blocks = -(-(self.size + 1) // BLOCK)
        self.ready = np.zeros((self.sims, blocks * BLOCK), dtype=bool)
        self.ready[:, : self.size] = self.unmet[:, : self.size] == 0
        self.per_block = self.ready.reshape(self.sims, blocks, BLOCK).sum(axis=2).astype(np.int32)
        self.blocks = self.ready.reshape(self.sims, blocks, BLOCK)
        self.waiting = self.per_block.sum(axis=1)
        self.clock = np.zeros(self.sims)

    def run(self) -> Times:
        self.fill()
        while True:
            seat = self.free_at.argmin(axis=1)
            at = self.free_at[self.rows, seat]
            alive = np.isfinite(at)
            if not alive.any():
                return self.clock
            rows = self.rows if alive.all() else self.rows[alive]
            self.end(rows, seat[rows], at[rows])
            self.fill()

    def end(self, rows: NDArray[np.int64], seat: NDArray[np.int64], at: Times) -> None:
        """The next task to end in each of these simulations ends."""
        self.clock[rows] = at
        task = self.task_of[rows, seat]
        self.free_at[rows, seat] = np.inf
        over = self.surplus[rows] > 0
        self.idle[rows] += ~over
        self.surplus[rows] -= over
        count = self.count[task]
        total = int(count.sum())
        if not total:
            return
        who = np.repeat(rows, count)
        offset = np.arange(total) - np.repeat(np.cumsum(count) - count, count)
        succ = self.succs[np.repeat(self.first[task], count) + offset]
        self.unmet[who, succ] -= 1
        free = self.unmet[who, succ] == 0
        if free.any():
            who, succ = who[free], succ[free]
            self.ready[who, succ] = True
            np.add.at(self.per_block, (who, succ // BLOCK), 1)
            np.add.at(self.waiting, who, 1)

    def fill(self) -> None:
        """Free agents take what is ready, one each at a time."""
        while True:
            rows = np.flatnonzero((self.idle > 0) & (self.waiting > 0))
            if not len(rows):
                return
            block = (self.per_block[rows] > 0).argmax(axis=1)
            task = block * BLOCK + self.blocks[rows, block].argmax(axis=1)
            self.ready[rows, task] = False
            self.per_block[rows, block] -= 1
            self.waiting[rows] -= 1
            self.idle[rows] -= 1
            seat = np.isinf(self.free_at[rows]).argmax(axis=1)
            self.free_at[rows, seat] = self.clock[rows] + self.took[rows, task]
            self.task_of[rows, seat] = task
