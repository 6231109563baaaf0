"""The layered graph that everybody is measured with."""

import random
from itertools import pairwise

LAYERS = 10
WIDTH = 100
NEEDS = 2
TASK_SECONDS = 0.010
AGENTS = 4

LOWER_BOUND_SECONDS = max(LAYERS * TASK_SECONDS, LAYERS * WIDTH * TASK_SECONDS / AGENTS)


def layered() -> dict[str, list[str]]:
    """Node by node what it needs: each but those of the first layer two different nodes of the layer before."""
    chance = random.Random(7)
    names = [[f"n{layer}-{at}" for at in range(WIDTH)] for layer in range(LAYERS)]
    needs: dict[str, list[str]] = {name: [] for name in names[0]}
    for before, layer in pairwise(names):
        needs |= {name: sorted(chance.sample(before, NEEDS)) for name in layer}
    return needs
