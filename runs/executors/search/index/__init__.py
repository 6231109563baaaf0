"""What is known of a workspace from looking at it before: an SQLite file below the home folder, one a workspace.

It never answers by itself: it says which files may have what is looked for, and those are read again. Nor is it trusted
about a file that has changed since. So it can be incomplete, or thrown away at any time, and no answer differs.
"""
