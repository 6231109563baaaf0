"""The pictures in `docs/pictures`, taken of a real server while it works. `make pictures` takes them all anew."""
