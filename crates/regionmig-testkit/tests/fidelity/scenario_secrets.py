"""Uses every operation of Secrets Manager once at least, by boto3, as a program in another language does."""
import json

from recorder import ACCOUNT, AWAY, HERE, code

NAME = "app/database"
FUNCTION = f"arn:aws:lambda:{HERE}:{ACCOUNT}:function:rotate"
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]})

# Each is wrong in one thing. A judge who does not say so is no judge.
BROKEN = [
    ("DescribeSecret", {}, 200, {}),
    ("DescribeSecret", {"SecretId": "a", "Else": 1}, 200, {}),
    ("DescribeSecret", {"SecretId": "a"}, 200, {"Arn": "a"}),
    ("DescribeSecret", {"SecretId": "a"}, 200, {"CreatedDate": "2026-01-01"}),
    ("DescribeSecret", {"SecretId": "a"}, 200, {"ReplicationStatus": [{"Status": "Asleep"}]}),
    ("DescribeSecret", {"SecretId": "a"}, 200, {"RotationEnabled": "true"}),
    ("DescribeSecret", {"SecretId": "a"}, 400, {"__type": "EncryptionFailure"}),
    ("GetSecretValue", {"SecretId": "a"}, 200, {"SecretBinary": "?"}),
    ("GetSecretValue", {"SecretId": "a", "VersionId": "short"}, 200, {}),
    ("ListSecrets", {"MaxResults": 0}, 200, {"SecretList": []}),
    ("ListSecrets", {"Filters": [{"Key": "else", "Values": ["a"]}]}, 200, {}),
    ("ReplicateSecretToRegions", {"SecretId": "a", "AddReplicaRegions": []}, 200, {}),
    ("ReplicateSecretToRegions", {"SecretId": "a", "AddReplicaRegions": [{"Region": "here"}]}, 200, {}),
    ("ReplicateSecret", {}, 200, {}),
]
# Operations that the world does not carry.
NOT_CARRIED = {"AssociateCrossAccountReplica", "DisassociateCrossAccountReplica", "ListResourcePolicies"}
# Complaints in which the model, not the world, is wrong: it lets CreateSecret make names of 512 characters, and answers hold 256.
EXCUSED = [r"\.Name: its length is (?:[345]\d\d|2[5-9]\d)$"]


def values(secrets):
    made = secrets.create_secret(Name=NAME, SecretString="one", Description="d", Tags=[{"Key": "a", "Value": "b"}])
    assert made["ARN"].split(":")[-1][:-7] == NAME
    assert code(secrets.create_secret, Name=NAME, SecretString="other") == "ResourceExistsException"
    put = secrets.put_secret_value(SecretId=NAME, SecretBinary=b"two", VersionStages=["AWSPENDING", "blue"])
    read = secrets.get_secret_value(SecretId=made["ARN"])
    assert (read["SecretString"], read["VersionId"]) == ("one", made["VersionId"])
    assert secrets.get_secret_value(SecretId=NAME, VersionStage="blue")["SecretBinary"] == b"two"
    stage = {"SecretId": NAME, "VersionStage": "AWSCURRENT", "MoveToVersionId": put["VersionId"]}
    assert code(secrets.update_secret_version_stage, **stage) == "InvalidParameterException"
    secrets.update_secret_version_stage(RemoveFromVersionId=made["VersionId"], **stage)
    assert len(secrets.list_secret_version_ids(SecretId=NAME, IncludeDeprecated=True)["Versions"]) == 2
    secrets.update_secret(SecretId=NAME, SecretString="three", Description="e")
    assert code(secrets.get_secret_value, SecretId="none") == "ResourceNotFoundException"
    batch = secrets.batch_get_secret_value(SecretIdList=[NAME, "none"])
    assert (batch["SecretValues"][0]["SecretString"], len(batch["Errors"])) == ("three", 1)
    assert len(secrets.get_random_password(PasswordLength=20)["RandomPassword"]) == 20
    return made["ARN"]


def attachments(secrets):
    secrets.tag_resource(SecretId=NAME, Tags=[{"Key": "c", "Value": ""}])
    secrets.untag_resource(SecretId=NAME, TagKeys=["a"])
    assert secrets.describe_secret(SecretId=NAME)["Tags"] == [{"Key": "c", "Value": ""}]
    assert secrets.validate_resource_policy(ResourcePolicy=POLICY)["PolicyValidationPassed"]
    assert not secrets.validate_resource_policy(ResourcePolicy="{}")["PolicyValidationPassed"]
    assert code(secrets.put_resource_policy, SecretId=NAME, ResourcePolicy="{}") == "MalformedPolicyDocumentException"
    secrets.put_resource_policy(SecretId=NAME, ResourcePolicy=POLICY, BlockPublicPolicy=True)
    assert secrets.get_resource_policy(SecretId=NAME)["ResourcePolicy"] == POLICY
    secrets.delete_resource_policy(SecretId=NAME)
    assert "ResourcePolicy" not in secrets.get_resource_policy(SecretId=NAME)


def listings(secrets):
    for n in range(3):
        secrets.create_secret(Name=f"list/{n}")
    found = {"Filters": [{"Key": "name", "Values": ["list/"]}], "SortOrder": "asc", "SortBy": "name"}
    pages = secrets.get_paginator("list_secrets").paginate(PaginationConfig={"PageSize": 2}, **found)
    assert [one["Name"] for page in pages for one in page["SecretList"]] == ["list/0", "list/1", "list/2"]
    assert code(secrets.list_secrets, NextToken="none") == "InvalidNextTokenException"


def rotation(secrets):
    rules = {"ScheduleExpression": "rate(10 days)", "Duration": "2h"}
    secrets.rotate_secret(SecretId=NAME, RotationLambdaARN=FUNCTION, RotationRules=rules)
    described = secrets.describe_secret(SecretId=NAME)
    assert described["RotationEnabled"] and described["RotationRules"]["Duration"] == "2h"
    secrets.cancel_rotate_secret(SecretId=NAME)
    assert not secrets.describe_secret(SecretId=NAME)["RotationEnabled"]
    assert code(secrets.rotate_secret, SecretId="list/0") == "InvalidRequestException"


def regions(secrets, away, arn):
    secrets.replicate_secret_to_regions(SecretId=NAME, AddReplicaRegions=[{"Region": AWAY}])
    (status,) = secrets.describe_secret(SecretId=NAME)["ReplicationStatus"]
    assert status["Status"] == "InSync", status
    replica = away.describe_secret(SecretId=NAME)
    assert (replica["ARN"], replica["PrimaryRegion"]) == (arn.replace(HERE, AWAY), HERE)
    values_there = away.get_secret_value(SecretId=NAME)["SecretString"]
    assert values_there == secrets.get_secret_value(SecretId=NAME)["SecretString"]
    refused = code(away.put_secret_value, SecretId=NAME, SecretString="x")
    assert refused == "InvalidParameterException"
    assert code(secrets.delete_secret, SecretId=NAME) == "InvalidParameterException"
    assert away.stop_replication_to_replica(SecretId=NAME)["ARN"] == replica["ARN"]
    away.put_secret_value(SecretId=NAME, SecretString="its own")
    again = {"SecretId": NAME, "AddReplicaRegions": [{"Region": AWAY}]}
    secrets.replicate_secret_to_regions(**again)
    (status,) = secrets.describe_secret(SecretId=NAME)["ReplicationStatus"]
    assert status["Status"] == "Failed" and "already exists" in status["StatusMessage"]
    assert secrets.remove_regions_from_replication(SecretId=NAME, RemoveReplicaRegions=[AWAY])["ReplicationStatus"] == []
    secrets.replicate_secret_to_regions(ForceOverwriteReplicaSecret=True, **again)
    assert away.get_secret_value(SecretId=NAME)["SecretString"] != "its own"
    secrets.remove_regions_from_replication(SecretId=NAME, RemoveReplicaRegions=[AWAY])
    assert code(away.describe_secret, SecretId=NAME) == "ResourceNotFoundException"


def the_end(secrets):
    assert code(secrets.delete_secret, SecretId=NAME, RecoveryWindowInDays=3) == "InvalidParameterException"
    secrets.delete_secret(SecretId=NAME, RecoveryWindowInDays=7)
    assert code(secrets.get_secret_value, SecretId=NAME) == "InvalidRequestException"
    assert code(secrets.create_secret, Name=NAME) == "InvalidRequestException"
    assert "DeletedDate" in secrets.describe_secret(SecretId=NAME)
    secrets.restore_secret(SecretId=NAME)
    secrets.get_secret_value(SecretId=NAME)


def play(recorder):
    """Plays all of it. Fails where an answer is not as a program may rely on."""
    secrets, away = recorder.client(HERE), recorder.client(AWAY)
    arn = values(secrets)
    attachments(secrets)
    listings(secrets)
    rotation(secrets)
    regions(secrets, away, arn)
    the_end(secrets)
