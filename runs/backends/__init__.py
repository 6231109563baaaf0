"""Who carries out a run's subtasks: workers of this process, Celery workers, agents that lease, agents that report."""
