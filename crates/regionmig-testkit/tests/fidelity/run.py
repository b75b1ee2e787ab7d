"""Plays the scenario on a world, and holds it and recorded exchanges against the models. Prints what was found, one JSON."""
import importlib
import json
import re
import sys

import models
from recorder import Recorder

URL, RECORDED, SERVICE, SCENARIO = sys.argv[1:]
MODEL, scenario = models.of(SERVICE), importlib.import_module(SCENARIO)

for operation, asked, status, said in scenario.BROKEN:
    exchange = {"operation": operation, "request": json.dumps(asked), "status": status, "answer": json.dumps(said)}
    assert models.complaints_of(MODEL, exchange), f"nobody complains of {exchange}"

recorder = Recorder(URL, service=SERVICE)
scenario.play(recorder)
with open(RECORDED, encoding="utf-8") as lines:
    recorded = [json.loads(line) for line in lines]
everything = recorder.exchanges + recorded
complaints = {complaint for exchange in everything for complaint in models.complaints_of(MODEL, exchange)}
for excuse in scenario.EXCUSED:
    excused = {complaint for complaint in complaints if re.search(excuse, complaint)}
    assert excused, f"nothing is excused by {excuse}"
    complaints -= excused
played = {exchange["operation"] for exchange in recorder.exchanges}
print(json.dumps({
    "answers": len(everything),
    "complaints": sorted(complaints),
    "missed": sorted(set(MODEL.operation_names) - scenario.NOT_CARRIED - played),
    "requests": sum(exchange.get("request") is not None for exchange in everything),
}))
