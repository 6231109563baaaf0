"""From what hooks of coding agents send to plain facts. Nothing here knows of runs, or writes anything."""
