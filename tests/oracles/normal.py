"""The normal distribution as SciPy has it, for the tests of src/search/normal.rs.

    python normal.py > ../fixtures/normal.jsonl        with SciPy 1.17

Lines: the distribution function and its inverse of the standard normal distribution; the density, the distribution
function and its inverse of normal distributions that are cut off outside 0..1.
"""

import json
import random

from scipy.special import ndtr, ndtri
from scipy.stats import truncnorm

draw = random.Random(1)


def emit(**line):
    print(json.dumps({name: float(value) for name, value in line.items()}))


for k in range(-60, 61):
    z = k / 4 + draw.random() / 4
    if z > -37:
        emit(z=z, cdf=ndtr(z))
for exponent in range(1, 301, 6):
    p = draw.uniform(1, 10) * 10.0**-exponent
    emit(p=p, z=ndtri(p))
for k in range(1, 40):
    p = k / 40
    emit(p=p, z=ndtri(p))
for sigma in (0.003, 0.02, 0.1, 0.3, 1.0, 2.0):
    for mean in (0.0, 0.01, 0.37, 0.5, 0.9, 1.0):
        distribution = truncnorm(-mean / sigma, (1 - mean) / sigma, mean, sigma)
        for unit in (0.001, 0.3, 0.77, 0.999):
            x = distribution.ppf(unit)
            emit(mean=mean, sigma=sigma, unit=unit, x=x, log_density=distribution.logpdf(x), below=distribution.cdf(x))
