"""Asks a world by its loopback port, as programs in another language do. Prints what was answered, one JSON."""
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

URL = sys.argv[1]


def client(service, region="eu-central-1", key="AKIA111122223333WRLD", secret="any", token=None):
    return boto3.client(service, endpoint_url=URL, region_name=region, aws_access_key_id=key, aws_secret_access_key=secret,
                        aws_session_token=token, config=Config(retries={"total_max_attempts": 1}))


def code(call, **kwargs):
    try:
        return call(**kwargs)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]


sts = client("sts")
role = sts.assume_role(RoleArn="arn:aws:iam::444455556666:role/r", RoleSessionName="me")["Credentials"]
assumed = client("sts", key=role["AccessKeyId"], secret=role["SecretAccessKey"], token=role["SessionToken"])
kms = client("kms")
key = kms.create_key(Tags=[{"TagKey": "team", "TagValue": "x"}])["KeyMetadata"]
tagging = client("resourcegroupstaggingapi")
print(json.dumps({
    "identity": sts.get_caller_identity()["Arn"],
    "assumed": assumed.get_caller_identity()["Arn"],
    "keys": [key["KeyArn"] for key in kms.list_keys()["Keys"]] == [key["Arn"]],
    "tagged": [found["ResourceARN"] for page in tagging.get_paginator("get_resources").paginate(
        TagFilters=[{"Key": "team"}]) for found in page["ResourceTagMappingList"]] == [key["Arn"]],
    "absent": code(kms.describe_key, KeyId="00000000-0000-4000-8000-000000000000"),
    "status": client("account").get_region_opt_status(RegionName="me-central-1")["RegionOptStatus"],
    "bad role": code(sts.assume_role, RoleArn="arn:aws:iam::444455556666:user/u-u-u-u", RoleSessionName="me"),
    "unknown": code(sts.get_session_token),
}))
