"""Uses secrets as an application does. Prints what it saw, one JSON: by name, at the ends that were named."""
import base64
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

URL, NAMES, ENDS = sys.argv[1], sys.argv[2].split(","), sys.argv[3:]


def client(account, region):
    return boto3.client("secretsmanager", endpoint_url=URL, region_name=region, aws_secret_access_key="any",
                        aws_access_key_id=f"AKIA{account}WRLD", config=Config(retries={"total_max_attempts": 1}))


def value(answer):
    if "SecretBinary" in answer:
        return "bytes " + base64.b64encode(answer["SecretBinary"]).decode()
    return answer["SecretString"]


def used(secrets, name):
    try:
        described = secrets.describe_secret(SecretId=name)
    except ClientError as error:
        return error.response["Error"]["Code"]
    stages = sorted({stage for found in described["VersionIdsToStages"].values() for stage in found})
    by_stage = {}
    for stage in stages:
        answer = secrets.get_secret_value(SecretId=name, VersionStage=stage)
        assert answer["ARN"] == described["ARN"] and answer["Name"] == name and stage in answer["VersionStages"], answer
        by_stage[stage] = value(answer)
    current = secrets.get_secret_value(SecretId=described["ARN"])
    batch = secrets.batch_get_secret_value(SecretIdList=[name])
    assert batch["Errors"] == [], batch
    [found] = batch["SecretValues"]
    same = ("ARN", "Name", "VersionId", "VersionStages")
    assert [found[member] for member in same] == [current[member] for member in same], (found, current)
    assert value(found) == value(current) == by_stage["AWSCURRENT"], name
    try:
        # Nothing is changed by a description that is what it was.
        secrets.update_secret(SecretId=name, Description=described.get("Description", ""))
        written = "is written to"
    except ClientError as error:
        written = error.response["Error"]["Code"]
    return {"arn": described["ARN"], "primary": described.get("PrimaryRegion"), "values": by_stage, "write": written}


print(json.dumps({
    end: {name: used(client(*end.split("/")), name) for name in NAMES} for end in ENDS
}))
