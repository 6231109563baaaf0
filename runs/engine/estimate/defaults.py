"""Numbers the estimator begins with.

They were chosen by hand, few and round, on 67 recorded runs (agents at coding tasks, workflows, research tasks), with a
history of their own, with one of others, and with none. Durations are natural logarithms of seconds; variances are of
those.
"""

SIMULATIONS = 200
SEED = 1
SHORTEST = 0.002  # seconds: below that, handing out takes longer than doing

# Before anything is known: 30 s, give or take a lot.
FIRST_GUESS = 30.0
FIRST_VARIANCE = 9.0

# Variances, and how many observations each of these guesses counts for.
WITHIN, WITHIN_COUNTS = 0.35, 6.0  # of tasks of a kind
KINDS, KINDS_COUNT = 0.5, 4.0  # of kinds
RUN_KINDS, RUN_KINDS_COUNT = 0.05, 4.0  # of a kind from run to run
RUNS, RUNS_COUNT = 0.02, 0.25  # of whole runs
RUNS_LEAST = 0.001
# Most runs are like each other and a few are not at all: they differ by a t-distribution of so many degrees of freedom,
# so one that is far off says little of how the others differ, and its kinds little of theirs.
RUNS_FREEDOM = 1.5

# The line: log actual = a + b · log expected. The slope hardly moves.
SLOPE_DEVIATION = 0.02
RUNNING_WEIGHT = 0.1  # of a kind that is only running so far, where there is a history
OUTLIER = 1.5  # deviations: what is further off moves the line no more

# A good scheduler begins with the long: how much shorter unknown kinds become to the end of the queue.
DECLINE, DECLINE_DEVIATION = -1.15, 0.5

# The sample: weights of this run's own and of the rest, against 1 for each earlier one; how far earlier ones keep from
# their middle; how many stand for them at most.
OWN_WEIGHT = 4.0
REST_WEIGHT = 0.5
SPREAD = 0.7
MOST = 60
TAIL = 1.6  # deviations: further out nothing is drawn
# How far apart this run's own are: what the guess that they are as usual counts for; at least and at most.
WIDE_COUNTS, WIDE_LEAST, WIDE_MOST = 10.0, 0.7, 3.0
OVERDUE = 0.25  # what is longer at it than anything known: the share of its time that it goes on, on average
GUESS_VARIANCE = 0.5  # of a whole run against what somebody thinks
