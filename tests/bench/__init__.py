"""`make bench`: the hot paths measured beside peers and physical floors, as ratios of one sitting.

`measures/` has one module a measure, `work/` the programs they run, each in a process of its own. How to read the
table and how to add a measure: `docs/performance.md`.
"""
