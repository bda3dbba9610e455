"""What the package `cmaes` makes of given points, for the tests of src/search/cmaes.

    python generations.py > ../fixtures/generations.jsonl        with cmaes 0.13

Each line: a distribution, generations of points, best first, and the distribution after each generation.
"""

import json
import random

import numpy as np
from cmaes import CMA, CMAwM, get_warm_start_mgd


def generations(rng, count, points, mean, spread):
    return [[[m + rng.gauss(0, spread) for m in mean] for _ in range(points)] for _ in range(count)]


def state(cma):
    return {
        "mean": cma._mean.tolist(),
        "sigma": float(cma._sigma),
        "covariance": np.asarray(cma._C).tolist(),
        "path_sigma": cma._p_sigma.tolist(),
        "path_c": cma._pc.tolist(),
    }


def update(seed, dimensions, points, spread):
    rng = random.Random(seed)
    mean = [round(rng.uniform(0.3, 0.7), 3) for _ in range(dimensions)]
    told = generations(rng, 8, points, mean, spread)
    cma = CMA(mean=np.array(mean), sigma=0.2, population_size=points)
    after = []
    for generation in told:
        cma.tell([(np.array(x), float(k)) for k, x in enumerate(generation)])
        after.append(state(cma))
    return {"kind": "update", "mean": mean, "sigma": 0.2, "generations": told, "after": after}


def margin(seed):
    """The middles of the values are those of cells that tile 0..1."""
    rng = random.Random(seed)
    levels = [2, 5, 10]
    bounds = np.array([[0.0, 1.0]] + [[0.5 / k, 1 - 0.5 / k] for k in levels])
    mean = [0.5, 0.5, 0.5, 0.9]
    told = generations(rng, 12, 8, mean, 0.02)
    cma = CMAwM(mean=np.array(mean), sigma=0.03, bounds=bounds, steps=np.array([0] + [1 / k for k in levels]), population_size=8)
    after = []
    for generation in told:
        cma.tell([(np.array(x), float(k)) for k, x in enumerate(generation)])
        after.append(state(cma._cma) | {"scales": cma._A.tolist()})
    return {"kind": "margin", "mean": mean, "sigma": 0.03, "levels": levels, "generations": told, "after": after}


def warm_start(seed):
    rng = random.Random(seed)
    points = [[rng.random() for _ in range(3)] for _ in range(40)]
    mean, sigma, covariance = get_warm_start_mgd([(np.array(x), float(k)) for k, x in enumerate(points)])
    after = {"mean": mean.tolist(), "sigma": float(sigma), "covariance": covariance.tolist()}
    return {"kind": "warm start", "points": points, "after": after}


for case in [update(1, 3, 7, 0.2), update(2, 6, 9, 0.1), update(3, 1, 4, 0.3), update(4, 8, 20, 0.02), margin(5), warm_start(6)]:
    print(json.dumps(case))
