"""How the points of SciPy's Sobol sequence fill boxes, for the tests of src/search/sobol.rs.

    python sobol.py > ../fixtures/sobol.jsonl        with SciPy 1.17

Scrambling moves the boxes of a partition of the unit square into halves, quarters, ... about, and leaves how many points
the fullest of them has. Each line: for two dimensions, and the first 2^k points in each of the partitions into 2^k boxes
of one shape, that number, from 2^k columns to 2^k rows.
"""

import json
from collections import Counter

from scipy.stats import qmc

DIMENSIONS = 16
POWER = 8
points = qmc.Sobol(DIMENSIONS, scramble=False).random_base2(POWER)
for first in range(DIMENSIONS):
    for second in range(first + 1, DIMENSIONS):
        fullest = []
        for columns in range(POWER, -1, -1):
            boxes = Counter((int(p[first] * 2**columns), int(p[second] * 2 ** (POWER - columns))) for p in points)
            fullest.append(max(boxes.values()))
        print(json.dumps({"dimensions": [first, second], "fullest": fullest}))
