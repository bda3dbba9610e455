"""Mixtures of truncated normal distributions as SciPy has them, for the tests of src/search/tpe/estimator.

    python parzen.py > ../fixtures/parzen.jsonl        with SciPy 1.17

Each line: a space as tunebot writes it; trials with a weight each and a width for each number, in parts of the range; and
points with the logarithm of the mixture's density there, relative to the even distribution. The prior, of weight 1, is one
normal distribution around the middle, as wide as the range, and even over categories.
"""

import json
import math
import random

from scipy.stats import truncnorm

SPACE = [
    {"name": "a", "type": "float", "low": -3.0, "high": 5.0, "log": False, "step": None},
    {"name": "b", "type": "float", "low": 1e-5, "high": 10.0, "log": True, "step": None},
    {"name": "c", "type": "categorical", "choices": ["x", "y", "z"]},
    {"name": "d", "type": "int", "low": 0, "high": 20, "log": False, "step": 4},
    {"name": "e", "type": "int", "low": 2, "high": 300, "log": True, "step": 1},
    {"name": "f", "type": "float", "low": 0.0, "high": 1.0, "log": False, "step": 0.25},
]
draw = random.Random(2)


def random_value(domain):
    if domain["type"] == "categorical":
        return draw.choice(domain["choices"])
    if domain["type"] == "int":
        return draw.randrange(domain["low"], domain["high"] + 1, domain["step"])
    if domain["step"]:
        return draw.randrange(5) * domain["step"]
    if domain["log"]:
        return math.exp(draw.uniform(math.log(domain["low"] * 1.01), math.log(domain["high"] * 0.99)))
    return draw.uniform(domain["low"], domain["high"])


def cell(domain, value):
    """The part of the unit interval that a value stands for; its ends coincide for continuous ones."""
    low, high = domain["low"], domain["high"]
    if domain["type"] == "float" and not domain["step"]:
        if domain["log"]:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return ((value - low) / (high - low),) * 2
    half = domain["step"] / 2
    low, high, edges = low - half, high + half, (value - half, value + half)
    if domain["log"]:
        low, high, edges = math.log(low), math.log(high), [math.log(edge) for edge in edges]
    return tuple((edge - low) / (high - low) for edge in edges)


def position(domain, value):
    """Where the kernel of a value has its middle."""
    if domain["type"] == "int" and domain["log"]:
        low, high = math.log(domain["low"] - 0.5), math.log(domain["high"] + 0.5)
        return (math.log(value) - low) / (high - low)
    return sum(cell(domain, value)) / 2


def relative(domain, value, mean, sigma):
    kernel = truncnorm(-mean / sigma, (1 - mean) / sigma, mean, sigma)
    low, high = cell(domain, value)
    if low == high:
        return kernel.pdf(low)
    # The side on which less is lost.
    if low > mean:
        return (kernel.sf(low) - kernel.sf(high)) / (high - low)
    return (kernel.cdf(high) - kernel.cdf(low)) / (high - low)


def log_density(case, point):
    total = 0.0
    prior = {"params": {}, "weight": 1.0}
    for trial in case["trials"] + [prior]:
        product = trial["weight"]
        for domain in SPACE:
            name, value = domain["name"], point[domain["name"]]
            own = trial["params"].get(name)
            if domain["type"] == "categorical":
                choices, smoothing = len(domain["choices"]), 1 / (len(case["trials"]) + 1)
                if own is not None:
                    share = (float(own == value) + smoothing) / (1 + choices * smoothing)
                    product *= share * choices
            elif own is None:
                product *= relative(domain, value, 0.5, 1.0)
            else:
                product *= relative(domain, value, position(domain, own), trial["sigmas"][name])
        total += product
    return math.log(total / (sum(trial["weight"] for trial in case["trials"]) + 1))


for trials in (1, 5, 40):
    case = {"space": SPACE, "trials": [], "points": []}
    for _ in range(trials):
        params = {domain["name"]: random_value(domain) for domain in SPACE}
        sigmas = {d["name"]: draw.uniform(0.03, 0.6) for d in SPACE if d["type"] != "categorical"}
        case["trials"].append({"params": params, "sigmas": sigmas, "weight": draw.choice([1.0, 0.25, draw.random()])})
    for _ in range(12):
        point = {domain["name"]: random_value(domain) for domain in SPACE}
        case["points"].append({"params": point, "log_density": log_density(case, point)})
    print(json.dumps(case))
