"""Plays the scenario on a world, and holds it and recorded exchanges against the models. Prints what was found, one JSON."""
import json
import sys

import models
import scenario

URL, RECORDED = sys.argv[1:]

ARN = "arn:aws:kms:eu-central-1:111122223333:key/1"
# Each is wrong in one thing. A judge who does not say so is no judge.
BROKEN = [
    ("DescribeKey", {}, 200, {}),
    ("DescribeKey", {"KeyId": "a", "Else": 1}, 200, {}),
    ("DescribeKey", {"KeyId": 1}, 200, {}),
    ("DescribeKey", {"KeyId": ""}, 200, {}),
    ("DescribeKey", {"KeyId": "a"}, 200, {"KeyMetadata": {}}),
    ("DescribeKey", {"KeyId": "a"}, 200, {"KeyMetadata": {"KeyId": "a", "KeyState": "Asleep"}}),
    ("DescribeKey", {"KeyId": "a"}, 200, {"KeyMetadata": {"KeyId": "a", "CreationDate": "2026-01-01"}}),
    ("DescribeKey", {"KeyId": "a"}, 200, {"KeyMetadata": {"KeyId": "a", "Enabled": "true"}}),
    ("DescribeKey", {"KeyId": "a"}, 200, {"KeyMetadata": {"KeyId": "a", "Arn": None}}),
    ("DescribeKey", {"KeyId": "a"}, 400, {"__type": "DisabledException"}),
    ("DescribeKey", {"KeyId": "a"}, 200, {"Keymetadata": {}}),
    ("CreateAlias", {"AliasName": "alias/a b", "TargetKeyId": "a"}, 200, {}),
    ("DescribeKeys", {}, 200, {}),
    ("Encrypt", {"KeyId": "a", "Plaintext": "AA=="}, 200, {"CiphertextBlob": "?"}),
    ("Encrypt", {"KeyId": "a", "Plaintext": ""}, 200, {"KeyId": ARN}),
    ("ListKeys", {"Limit": 0}, 200, {"Keys": []}),
    ("ListKeys", {}, 200, {"Keys": {}}),
    ("TagResource", {"KeyId": "a", "Tags": [{"TagKey": "a"}]}, 200, {}),
]

for operation, asked, status, said in BROKEN:
    exchange = {"operation": operation, "request": json.dumps(asked), "status": status, "answer": json.dumps(said)}
    assert models.complaints_of(exchange), f"nobody complains of {exchange}"

recorder = scenario.Recorder(URL)
scenario.play(recorder)
with open(RECORDED, encoding="utf-8") as lines:
    recorded = [json.loads(line) for line in lines]
everything = recorder.exchanges + recorded
complaints = [complaint for exchange in everything for complaint in models.complaints_of(exchange)]
print(json.dumps({
    "answers": len(everything),
    "complaints": sorted(set(complaints)),
    "missed": sorted(set(models.MODEL.operation_names) - {exchange["operation"] for exchange in recorder.exchanges}),
    "requests": len(recorded),
}))
