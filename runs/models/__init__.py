"""How work gets done: runs of frozen subtasks, attempts under leases, the event log, agents and their tokens.

Columns that say where something stands (status, epoch, counters) are written by `runs/transitions` alone.
"""

from runs.models.aggregate import Aggregate
from runs.models.attempt import Attempt, Event, RunAgent
from runs.models.callers import Agent, IdempotencyKey, LoginLink, Session, Token
from runs.models.checkpoint import Checkpoint
from runs.models.command import Command, Delivery
from runs.models.resource import Hold, Resource
from runs.models.run import Leader, Run
from runs.models.subtask import Subtask, SubtaskDependency
from runs.models.webhook import Letter, Webhook
from runs.models.words import Backend, Order, Scope, Strategy

__all__ = [
    "Agent",
    "Aggregate",
    "Attempt",
    "Backend",
    "Checkpoint",
    "Command",
    "Delivery",
    "Event",
    "Hold",
    "IdempotencyKey",
    "Leader",
    "Letter",
    "LoginLink",
    "Order",
    "Resource",
    "Run",
    "RunAgent",
    "Scope",
    "Session",
    "Strategy",
    "Subtask",
    "SubtaskDependency",
    "Token",
    "Webhook",
]
