"""Reports a step of a trial to tunebot. Copy the function into a trial; it needs nothing but Python's own library.

    for step in range(1, epochs + 1):
        loss = train_one_epoch()
        if not report(step, {"loss": loss}):
            break

Steps are counted from 1. A report that fails never harms the trial: it goes on.
"""
import json
import math
import os
import urllib.request


def report(step, metrics, timeout=10):
    """Tells tunebot how far the trial is. False: it need not go on, others are better at this step."""
    try:
        values = {name: float(value) if math.isfinite(value) else None for name, value in metrics.items()}
        body = json.dumps({"step": step, "metrics": values}).encode()
        headers = {"Authorization": "Bearer " + os.environ["TUNEBOT_TOKEN"], "Content-Type": "application/json"}
        request = urllib.request.Request(os.environ["TUNEBOT_REPORT_URL"], body, headers)
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.load(answer)["decision"] != "stop"
    except Exception as error:
        print(f"step {step} was not reported: {error}", flush=True)
        return True
