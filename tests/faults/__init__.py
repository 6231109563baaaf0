"""`make faults`: real processes, ended and cut off at random while they carry runs out; then all is counted.

What counts as done is known from outside, too: each command writes its key into a file, agents that are programs of
own write down what was acknowledged to them, watchers what they were shown. At the end these and the database
must agree: nothing lost, nothing completed twice, `verify` clean. MINUTES says how long (10), SEED what happens when.
"""
