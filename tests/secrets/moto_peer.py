"""Plays moto. `serve`: makes secrets there, and says for each line that it is
sent how what was made of them in the other region differs. `differ URL`: plays one scenario on
the world at URL and on moto, and prints where they differ: the beginning of a row of a table each."""
import json
import logging
import os
import sys

HERE, AWAY, ACCOUNT = "me-central-1", "eu-central-1", "111122223333"
# Else whoever asks is of another account.
os.environ["MOTO_ACCOUNT_ID"] = ACCOUNT

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

FUNCTION = f"arn:aws:lambda:{HERE}:{ACCOUNT}:function:rotate"
TOKEN = "t" * 36


def policy(principal):
    return json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": principal, "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]})


ROOT = policy({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})


def client(url, region, service="secretsmanager"):
    return boto3.client(service, endpoint_url=url, region_name=region, aws_access_key_id=f"AKIA{ACCOUNT}WRLD",
                        aws_secret_access_key="any", config=Config(retries={"total_max_attempts": 1}))


def moto():
    """Starts moto in this process, and returns where it listens."""
    # It says of every operation that it has not where it noticed.
    logging.disable(logging.CRITICAL)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


# A move.

def seed(secrets):
    secrets.create_secret(Name="text", SecretString="one")
    secrets.create_secret(Name="bytes", SecretBinary=bytes([0, 255]))
    secrets.create_secret(Name="app/previous", SecretString="one")
    secrets.put_secret_value(SecretId="app/previous", SecretString="two")
    secrets.create_secret(Name="app/labelled", SecretString="one")
    secrets.put_secret_value(SecretId="app/labelled", SecretString="blue", VersionStages=["blue"])
    secrets.create_secret(Name="app/tagged", SecretString="one", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
    secrets.create_secret(Name="app/described", SecretString="{}", Description="What it is for.")
    secrets.create_secret(Name="app/guarded", SecretString="one")
    secrets.put_resource_policy(SecretId="app/guarded", ResourcePolicy=ROOT)


def seen(secrets):
    """Returns what an application sees, by name."""
    pages = secrets.get_paginator("list_secrets").paginate()
    return {one["Name"]: looked_at(secrets, one["Name"]) for page in pages for one in page["SecretList"]}


def looked_at(secrets, name):
    described = secrets.describe_secret(SecretId=name)
    versions = {}
    for version, stages in described["VersionIdsToStages"].items():
        for stage in stages:
            read = secrets.get_secret_value(SecretId=described["ARN"], VersionStage=stage)
            assert read["VersionId"] == version and read["Name"] == name, read
            versions[stage] = [version, read.get("SecretString"), read.get("SecretBinary", b"").hex()]
    return {"arn": described["ARN"], "description": described.get("Description"), "primary": described.get("PrimaryRegion"),
            "tags": described.get("Tags"), "versions": versions}


def serve():
    url = moto()
    here, away = client(url, HERE), client(url, AWAY)
    seed(here)
    before = seen(here)
    print(json.dumps({"url": url, "secrets": len(before), "away": len(seen(away))}), flush=True)
    for _ in sys.stdin:
        print(json.dumps(judged(here, away, before)), flush=True)


def judged(here, away, before):
    """Says where what is there is not what was here before, linked."""
    complaints = []

    def same(name, what, wanted, found):
        if wanted != found:
            complaints.append(f"{name}: {what}: {found!r}, not {wanted!r}")

    after = seen(away)
    same("all", "names", sorted(before), sorted(after))
    same("all", "the source", before, seen(here))
    for name, wanted in before.items():
        # The six characters after the name stay.
        replica = wanted | {"arn": wanted["arn"].replace(HERE, AWAY), "primary": HERE}
        same(name, "the replica", replica, after.get(name))
        linked = here.describe_secret(SecretId=name).get("ReplicationStatus", [])
        same(name, "its status", [[AWAY, "InSync"]], [[one["Region"], one["Status"]] for one in linked])
    return {"complaints": complaints, "secrets": len(after)}


# A scenario.

class Play:
    """The steps, in the order in which they are written. What one finds, a later one uses."""

    def __init__(self, url):
        self._here, self._away = client(url, HERE), client(url, AWAY)
        self._keys, self._caller = client(url, AWAY, "kms"), client(url, HERE, "sts")
        self._account = client(url, "us-east-1", "account")

    def _made(self, name, **kwargs):
        return self._here.create_secret(Name=name, SecretString="one", **kwargs)

    def _linked(self, name, **kwargs):
        self._made(name)
        return self._here.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=[{"Region": AWAY, **kwargs}])

    def _status(self, name):
        return [one["Status"] for one in self._here.describe_secret(SecretId=name).get("ReplicationStatus", [])]

    # Who asks, and where.

    def the_state_of_a_region_is_known(self):
        return self._account.get_region_opt_status(RegionName=AWAY)["RegionOptStatus"]

    def the_caller_is_of_the_account(self):
        return self._caller.get_caller_identity()["Account"] == ACCOUNT

    # Values.

    def a_token_makes_a_secret_once(self):
        first, second = (self._made("once", ClientRequestToken=TOKEN) for _ in range(2))
        return first["ARN"] == second["ARN"]

    def a_token_is_worth_one_value(self):
        return bool(self._here.put_secret_value(SecretId="once", SecretString="other", ClientRequestToken=TOKEN))

    def an_absent_secret_has_status_400(self):
        try:
            self._here.describe_secret(SecretId="absent")
        except ClientError as error:
            return [error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]]
        return False

    def a_secret_of_one_region_has_no_primary(self):
        self._made("plain")
        return "PrimaryRegion" not in self._here.describe_secret(SecretId="plain")

    def versions_are_listed_with_the_arn(self):
        return self._here.list_secret_version_ids(SecretId="plain")["ARN"].startswith("arn:")

    def an_empty_description_is_set(self):
        self._made("described", Description="d")
        self._here.update_secret(SecretId="described", Description="")
        return self._here.describe_secret(SecretId="described").get("Description", "")

    def a_value_that_is_put_leaves_the_description(self):
        self._made("kept", Description="d")
        self._here.put_secret_value(SecretId="kept", SecretString="two")
        return self._here.describe_secret(SecretId="kept").get("Description", "")

    def a_version_without_a_stage_is_not_listed(self):
        self._here.put_secret_value(SecretId="kept", SecretString="three")
        return len(self._here.list_secret_version_ids(SecretId="kept")["Versions"])

    def versions_come_in_pages(self):
        page = self._here.list_secret_version_ids(SecretId="kept", MaxResults=1)
        return [len(page["Versions"]), bool(page.get("NextToken"))]

    def a_value_is_text_or_bytes(self):
        return bool(self._here.create_secret(Name="both", SecretString="one", SecretBinary=b"one"))

    def a_name_has_no_spaces(self):
        return bool(self._made("a name"))

    def a_tag_of_aws_is_refused(self):
        return bool(self._here.tag_resource(SecretId="plain", Tags=[{"Key": "aws:x", "Value": "1"}]))

    # Replicas.

    def a_replica_has_the_arn_of_its_primary(self):
        self._here.replicate_secret_to_regions(SecretId="plain", AddReplicaRegions=[{"Region": AWAY}])
        arns = [one.describe_secret(SecretId="plain")["ARN"] for one in (self._here, self._away)]
        return arns[0].replace(HERE, AWAY) == arns[1]

    def the_answer_to_replication_has_the_arn(self):
        return self._linked("answered").get("ARN", "").startswith("arn:")

    def a_primary_shows_its_region(self):
        return self._here.describe_secret(SecretId="plain").get("PrimaryRegion")

    def a_replica_shows_its_primary(self):
        return self._away.describe_secret(SecretId="plain").get("PrimaryRegion")

    def a_replica_shows_no_replicas(self):
        return "ReplicationStatus" not in self._away.describe_secret(SecretId="plain")

    def a_replica_has_a_key_of_its_own(self):
        key = self._keys.create_key()["KeyMetadata"]["Arn"]
        self._linked("keyed", KmsKeyId=key)
        [status] = self._here.describe_secret(SecretId="keyed")["ReplicationStatus"]
        return [status.get("KmsKeyId") == key, self._away.describe_secret(SecretId="keyed").get("KmsKeyId") == key]

    def a_new_value_reaches_the_replica(self):
        self._here.put_secret_value(SecretId="plain", SecretString="two")
        return self._away.get_secret_value(SecretId="plain")["SecretString"]

    def a_replica_is_not_written_to(self):
        return bool(self._away.put_secret_value(SecretId="plain", SecretString="three"))

    def a_replica_is_not_deleted(self):
        return bool(self._away.delete_secret(SecretId="plain"))

    def a_replica_takes_another_key(self):
        key = self._keys.create_key()["KeyMetadata"]["Arn"]
        return bool(self._away.update_secret(SecretId="plain", KmsKeyId=key))

    def a_replica_has_the_policy(self):
        self._here.put_resource_policy(SecretId="plain", ResourcePolicy=ROOT)
        return "ResourcePolicy" in self._away.get_resource_policy(SecretId="plain")

    def a_secret_is_replicated_once_to_a_region(self):
        return bool(self._here.replicate_secret_to_regions(SecretId="plain", AddReplicaRegions=[{"Region": AWAY}]))

    def a_region_of_another_partition_is_refused(self):
        return bool(self._here.replicate_secret_to_regions(SecretId="once", AddReplicaRegions=[{"Region": "cn-north-1"}]))

    def a_region_that_there_is_not_is_refused(self):
        return bool(self._here.replicate_secret_to_regions(SecretId="kept", AddReplicaRegions=[{"Region": "xx-none-1"}]))

    def a_name_that_is_taken_fails(self):
        self._away.create_secret(Name="taken", SecretString="theirs")
        self._linked("taken")
        return self._status("taken")

    def a_name_that_is_taken_is_replaced_by_force(self):
        self._made("forced")
        self._away.create_secret(Name="forced", SecretString="theirs")
        self._here.replicate_secret_to_regions(SecretId="forced", AddReplicaRegions=[{"Region": AWAY}],
                                               ForceOverwriteReplicaSecret=True)
        return self._away.get_secret_value(SecretId="forced")["SecretString"]

    def a_primary_with_replicas_is_not_deleted(self):
        return bool(self._here.delete_secret(SecretId="forced"))

    def a_replica_is_taken_away(self):
        self._here.remove_regions_from_replication(SecretId="forced", RemoveReplicaRegions=[AWAY])
        return self._status("forced")

    def what_is_not_there_is_not_taken_away(self):
        return bool(self._here.remove_regions_from_replication(SecretId="forced", RemoveReplicaRegions=[AWAY]))

    def what_was_taken_away_is_gone(self):
        return bool(self._away.get_secret_value(SecretId="forced"))

    def a_replica_is_promoted(self):
        self._linked("promoted")
        return bool(self._away.stop_replication_to_replica(SecretId="promoted"))

    def what_was_promoted_is_written_to(self):
        return bool(self._away.put_secret_value(SecretId="promoted", SecretString="two"))

    # Lists.

    def a_list_comes_in_pages(self):
        page = self._here.list_secrets(MaxResults=1)
        return [len(page["SecretList"]), "NextToken" in page]

    def a_list_shows_the_primary(self):
        listed = self._here.list_secrets(Filters=[{"Key": "name", "Values": ["plain"]}])["SecretList"]
        return [one.get("PrimaryRegion") for one in listed]

    def a_list_is_filtered_by_primary(self):
        listed = self._here.list_secrets(Filters=[{"Key": "primary-region", "Values": [HERE]}], MaxResults=100)
        return len(listed["SecretList"]) > 0

    def a_list_is_filtered_by_owner(self):
        listed = self._here.list_secrets(Filters=[{"Key": "owning-service", "Values": ["rds"]}])
        return len(listed["SecretList"])

    # Deletion.

    def a_deleted_secret_is_not_read(self):
        self._made("doomed")
        self._here.delete_secret(SecretId="doomed", RecoveryWindowInDays=7)
        return bool(self._here.get_secret_value(SecretId="doomed"))

    def a_deleted_secret_is_not_written_to(self):
        return bool(self._here.put_secret_value(SecretId="doomed", SecretString="two"))

    def a_deleted_secret_is_not_tagged(self):
        return bool(self._here.tag_resource(SecretId="doomed", Tags=[{"Key": "a", "Value": "1"}]))

    def the_name_of_a_deleted_secret_is_taken(self):
        return bool(self._made("doomed"))

    def a_deleted_secret_is_not_deleted_again(self):
        return bool(self._here.delete_secret(SecretId="doomed", RecoveryWindowInDays=7))

    def a_deleted_secret_is_not_replicated(self):
        return bool(self._here.replicate_secret_to_regions(SecretId="doomed", AddReplicaRegions=[{"Region": AWAY}]))

    def a_window_of_three_days_is_refused(self):
        return bool(self._here.delete_secret(SecretId="kept", RecoveryWindowInDays=3))

    # Policies and rotation.

    def a_policy_that_is_none_is_refused(self):
        return bool(self._here.put_resource_policy(SecretId="kept", ResourcePolicy="{}"))

    def a_policy_for_everybody_is_blocked(self):
        return bool(self._here.put_resource_policy(SecretId="kept", ResourcePolicy=policy("*"), BlockPublicPolicy=True))

    def a_policy_is_judged(self):
        return self._here.validate_resource_policy(ResourcePolicy=ROOT)["PolicyValidationPassed"]

    def a_rotation_is_set_up(self):
        self._made("rotated")
        return bool(self._here.rotate_secret(SecretId="rotated", RotationLambdaARN=FUNCTION, RotateImmediately=False,
                                             RotationRules={"AutomaticallyAfterDays": 30}))

    def nothing_is_pending_after_that(self):
        stages = self._here.describe_secret(SecretId="rotated")["VersionIdsToStages"].values()
        return not any("AWSPENDING" in each for each in stages)

    def a_rotation_needs_a_function(self):
        self._made("unrotated")
        return bool(self._here.rotate_secret(SecretId="unrotated", RotationRules={"AutomaticallyAfterDays": 30}))


def played(url):
    """Returns what each step came to: what it returned, or the code of the refusal."""
    play, outcomes = Play(url), {}
    for name, step in vars(Play).items():
        if callable(step) and not name.startswith("_"):
            try:
                outcomes[name] = step(play)
            except ClientError as error:
                # An operation that moto has not is a page that says so.
                said = error.response["Error"]["Code"]
                outcomes[name] = "missing" if said.isdigit() or said == "NotYetImplemented" else said
            except KeyError as error:
                outcomes[name] = f"no {error.args[0]!r}"
    return outcomes


def cell(outcome):
    """Says what a step came to in few words."""
    match outcome:
        case True:
            return "done"
        case False:
            return "not so"
        case str():
            return outcome or "nothing"
        case _:
            return json.dumps(outcome)


def differ(url):
    world, other = played(url), played(moto())
    for name, wanted in world.items():
        if other[name] != wanted:
            print(f"| `{name}` | {cell(wanted)} | {cell(other[name])} |")


{"serve": serve, "differ": differ}[sys.argv[1]](*sys.argv[2:])
