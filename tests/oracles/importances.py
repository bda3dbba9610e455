"""The importances that Optuna's PED-ANOVA gives, for the tests of src/search/importance.

    python importances.py > ../fixtures/importances.jsonl        with Optuna 5.0

Each line: a space and trials as tunebot writes them, and for some settings Optuna's importances before they are
normalised.
"""

import json
import math
import random
import warnings

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import TrialState, create_trial

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)


def number(name, kind, low, high, log=False, step=None, when=None):
    domain = {"name": name, "type": kind, "low": low, "high": high, "log": log}
    domain["step"] = step if kind == "float" else step or 1
    return domain | ({"when": when} if when else {})


def category(name, choices, when=None):
    domain = {"name": name, "type": "categorical", "choices": choices}
    return domain | ({"when": when} if when else {})


def when(parameter, *one_of):
    return {"parameter": parameter, "one_of": list(one_of)}


SPACES = {
    "every kind of parameter": [
        number("rate", "float", 1e-5, 1.0, log=True),
        number("dropout", "float", 0.0, 0.7),
        number("warmup", "float", 0.1, 0.95, step=0.05),
        number("ticks", "float", 0.0, 30.0, step=0.25),
        number("layers", "int", 1, 8),
        number("units", "int", 16, 1024, log=True),
        number("power", "int", 1, 512, log=True),
        number("batch", "int", 32, 530, step=32),
        number("wide", "int", -50, 48),
        number("pair", "int", 3, 4),
        number("fixed", "float", 2.5, 2.5),
        category("optimizer", ["sgd", "adam", "rmsprop"]),
        category("augment", [False, True]),
    ],
    "conditions two deep": [
        category("optimizer", ["sgd", "adam", "rmsprop"]),
        number("momentum", "float", 0.0, 0.99, when=when("optimizer", "sgd", "rmsprop")),
        category("schedule", ["constant", "cosine"], when=when("optimizer", "sgd")),
        number("cycles", "int", 1, 5, when=when("schedule", "cosine")),
        number("rate", "float", 1e-5, 1.0, log=True),
    ],
    "two parameters": [number("x", "float", -10.0, 10.0), number("y", "float", -10.0, 10.0)],
}


def distribution(parameter):
    if parameter["type"] == "categorical":
        return CategoricalDistribution(parameter["choices"])
    kind = FloatDistribution if parameter["type"] == "float" else IntDistribution
    return kind(parameter["low"], parameter["high"], log=parameter["log"], step=parameter["step"])


def draw(parameter, rng):
    if parameter["type"] == "categorical":
        return rng.choice(parameter["choices"])
    low, high, step = parameter["low"], parameter["high"], parameter["step"]
    if parameter["log"]:
        x = math.exp(rng.uniform(math.log(low), math.log(high)))
        return round(x) if parameter["type"] == "int" else float(f"{x:.4g}")
    if step is None:
        return min(max(round(rng.uniform(low, high), 3), low), high)
    last = math.floor((high - low) / step + 1e-9)
    return min(low + rng.randint(0, last) * step, high)


def params(space, rng):
    values = {}
    for parameter in space:
        gate = parameter.get("when")
        if gate is None or values.get(gate["parameter"]) in gate["one_of"]:
            values[parameter["name"]] = draw(parameter, rng)
    return values


def objective(values):
    total = 3.0 * abs(math.log10(values.get("rate", 0.01)) + 2.5)
    total += {"sgd": 0.0, "adam": 1.5, "rmsprop": 4.0}.get(values.get("optimizer"), 0.0)
    total += 4.0 * abs(values.get("momentum", 0.5) - 0.9) + 0.3 * abs(values.get("layers", 4) - 4)
    total += 0.02 * abs(values.get("wide", 0)) + 0.5 * values.get("cycles", 2) + 0.1 * values.get("units", 16) ** 0.5
    total += abs(values.get("x", 0.0)) + abs(values.get("y", 0.0)) / 10.0
    return float(f"{total:.5g}")


def trials(space, count, rng, tied=False):
    for number in range(count):
        values = params(space, rng)
        value = objective(values)
        value = float(round(value)) if tied else value
        state = {5: "failed", 8: "pruned"}.get(number % 11, "complete")
        value = math.inf if number == 7 else value
        yield {"state": state, "params": values, "values": [value, -value * rng.random()]}


SETTINGS = [(0.1, 1.0, True, 0), (0.25, 1.0, True, 0), (0.1, 0.5, True, 0), (0.1, 1.0, False, 0), (0.2, 1.0, True, 1)]


def importances(space, tried, directions, settings):
    target_quantile, region_quantile, local, which = settings
    study = optuna.create_study(directions=directions)
    for trial in tried:
        known = {p["name"]: distribution(p) for p in space if p["name"] in trial["params"]}
        state = TrialState[{"failed": "FAIL", "pruned": "PRUNED", "complete": "COMPLETE"}[trial["state"]]]
        values = trial["values"] if state == TrialState.COMPLETE else None
        study.add_trial(create_trial(state=state, params=trial["params"], distributions=known, values=values))
    evaluator = PedAnovaImportanceEvaluator(
        target_quantile=target_quantile, region_quantile=region_quantile, evaluate_on_local=local
    )
    sign = -1.0 if directions[which] == "maximize" else 1.0
    return evaluator.evaluate(study, target=lambda trial: sign * trial.values[which])


def case(name, count, seed, directions, tied=False):
    space = SPACES[name]
    tried = list(trials(space, count, random.Random(seed), tied))
    expected = [
        {
            "target": settings[0],
            "region": settings[1],
            "trials": settings[2],
            "objective": settings[3],
            "importances": importances(space, tried, directions, settings),
        }
        for settings in SETTINGS
    ]
    for trial in tried:
        trial["values"] = [value if math.isfinite(value) else None for value in trial["values"]]
    return {"name": name, "directions": directions, "space": space, "trials": tried, "expected": expected}


CASES = [
    ("every kind of parameter", 60, 1, ["minimize", "maximize"]),
    ("every kind of parameter", 17, 2, ["maximize", "minimize"]),
    ("conditions two deep", 90, 3, ["minimize", "minimize"]),
    ("conditions two deep", 12, 4, ["minimize", "maximize"]),
    ("two parameters", 150, 5, ["minimize", "minimize"]),
    ("two parameters", 40, 6, ["maximize", "maximize"], True),
    ("two parameters", 4, 7, ["minimize", "minimize"]),
]

if __name__ == "__main__":
    for arguments in CASES:
        print(json.dumps(case(*arguments), separators=(",", ":")))
