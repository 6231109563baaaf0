"""The rules of planning: plain values in, plain values out. Standard library only, no clock, no database."""
