"""Fronts and hypervolumes as Optuna has them, for the tests of src/search/pareto.

    python fronts.py > ../fixtures/fronts.jsonl        with Optuna 5.0

Each line: points, of which smaller is better, a reference point, the front that each point is in, and the hypervolume.
"""

import json
import random

import numpy
from optuna._hypervolume import compute_hypervolume
from optuna.study._multi_objective import _fast_non_domination_rank

draw = random.Random(3)
for objectives in (1, 2, 3, 4, 5):
    for count in (1, 2, 7, 25):
        for levels in (0, 4):
            value = (lambda: draw.randrange(levels) / levels) if levels else draw.random
            points = [[value() for _ in range(objectives)] for _ in range(count)]
            reference = [0.9 + 0.05 * k for k in range(objectives)]
            ranks = _fast_non_domination_rank(numpy.array(points))
            # Optuna's sum does not take points that are not better than the reference.
            inside = [p for p in points if all(x <= r for x, r in zip(p, reference))]
            volume = compute_hypervolume(numpy.array(inside), numpy.array(reference)) if inside else 0.0
            line = {"points": points, "reference": reference, "ranks": [int(rank) for rank in ranks]}
            print(json.dumps(line | {"hypervolume": float(volume)}))
