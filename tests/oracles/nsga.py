"""Fronts, crowding distances and reference directions as Optuna has them, for the tests of src/search/nsga.

    python nsga.py > ../fixtures/nsga.jsonl        with Optuna 5.0
"""

import json
import math
import random

import numpy as np
import optuna
from optuna.samplers._nsgaiii._elite_population_selection_strategy import _generate_default_reference_point
from optuna.samplers.nsgaii._elite_population_selection_strategy import _calc_crowding_distance
from optuna.study._multi_objective import _fast_non_domination_rank
from optuna.trial import create_trial

optuna.logging.set_verbosity(optuna.logging.ERROR)


def case(seed, objectives, count, divisions):
    rng = random.Random(seed)
    # All distinct: among equal values the order of the trials would decide about crowding.
    values = [[round(rng.random(), 9) for _ in range(objectives)] for _ in range(count)]
    ranks = _fast_non_domination_rank(np.array(values)).tolist()
    trials = [create_trial(values=v) for v, rank in zip(values, ranks) if rank == 0]
    for number, trial in enumerate(trials):
        trial.number = number
    distances = _calc_crowding_distance(trials)
    crowding = [distances[number] for number in range(len(trials))]
    directions = np.asarray(_generate_default_reference_point(objectives, divisions), dtype=float)
    return {
        "objectives": objectives,
        "values": values,
        "ranks": ranks,
        "crowding": [None if math.isinf(d) else d for d in crowding],
        "directions": (directions / directions.sum(axis=1, keepdims=True)).tolist(),
    }


CASES = [(2, 10, 1), (2, 40, 5), (2, 80, 11), (3, 10, 1), (3, 40, 3), (3, 80, 6)]
CASES += [(4, 30, 2), (4, 60, 4), (5, 30, 1), (5, 60, 3), (6, 40, 2), (2, 60, 19)]
for seed, (objectives, count, divisions) in enumerate(CASES):
    print(json.dumps(case(seed, objectives, count, divisions)))
