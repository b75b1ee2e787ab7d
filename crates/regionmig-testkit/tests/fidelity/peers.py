"""Plays one scenario on a world and on two other stand-ins for AWS. Prints where they differ: a row of a table each."""
import json
import logging
import os
import socket
import subprocess
import sys
import time

from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from recorder import AWAY, HERE, Recorder

ROLE = "arn:aws:iam::123456789012:role/worker"
ABSENT = "00000000-0000-4000-8000-000000000000"


class Play:
    """The steps, in the order in which they are written. What one finds, a later one uses."""

    def __init__(self, url):
        recorder = Recorder(url, "AKIA123456789012WRLD")
        self.kms, self.away = recorder.client(HERE), recorder.client(AWAY)
        self.key = self.made()
        self.other = self.made()

    def made(self, **kwargs):
        return self.kms.create_key(**kwargs)["KeyMetadata"]["KeyId"]

    def state(self, key):
        return self.kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]

    # Keys.

    def a_new_key_is_described(self):
        members = self.kms.create_key()["KeyMetadata"]
        return [name for name in ("CurrentKeyMaterialId", "KeySpec", "KeyUsage", "MultiRegion") if name in members]

    def create_key_refuses_a_usage_that_its_spec_has_not(self):
        return bool(self.made(KeySpec="HMAC_256", KeyUsage="ENCRYPT_DECRYPT"))

    def describe_key_does_not_know_a_key(self):
        return bool(self.kms.describe_key(KeyId=ABSENT))

    def describe_key_does_not_know_an_alias(self):
        return bool(self.kms.describe_key(KeyId="alias/absent"))

    def list_keys_comes_in_pages(self):
        page = self.kms.list_keys(Limit=1)
        return [len(page["Keys"]), page["Truncated"], "NextMarker" in page]

    def a_key_that_is_to_be_deleted_is_pending(self):
        self.doomed = self.made()
        self.kms.schedule_key_deletion(KeyId=self.doomed, PendingWindowInDays=7)
        return self.state(self.doomed)

    def a_key_that_is_to_be_deleted_encrypts_nothing(self):
        return bool(self.kms.encrypt(KeyId=self.doomed, Plaintext=b"x"))

    def a_key_that_is_to_be_deleted_cannot_be_so_again(self):
        return bool(self.kms.schedule_key_deletion(KeyId=self.doomed, PendingWindowInDays=7))

    def a_deletion_that_is_cancelled_leaves_the_key_disabled(self):
        self.kms.cancel_key_deletion(KeyId=self.doomed)
        return self.state(self.doomed)

    def a_disabled_key_encrypts_nothing(self):
        return bool(self.kms.encrypt(KeyId=self.doomed, Plaintext=b"x"))

    def a_window_of_three_days_is_refused(self):
        return bool(self.kms.schedule_key_deletion(KeyId=self.made(), PendingWindowInDays=3))

    # Symmetric cryptography.

    def what_was_encrypted_is_decrypted(self):
        context = {"app": "x"}
        self.sealed = self.kms.encrypt(KeyId=self.key, Plaintext=b"text", EncryptionContext=context)["CiphertextBlob"]
        return self.kms.decrypt(CiphertextBlob=self.sealed, EncryptionContext=context)["Plaintext"].decode()

    def another_context_is_refused(self):
        return bool(self.kms.decrypt(CiphertextBlob=self.sealed, EncryptionContext={"app": "y"}))

    def a_changed_ciphertext_is_refused(self):
        changed = self.sealed[:-1] + bytes([self.sealed[-1] ^ 1])
        return bool(self.kms.decrypt(CiphertextBlob=changed, EncryptionContext={"app": "x"}))

    def another_key_is_refused(self):
        return bool(self.kms.decrypt(CiphertextBlob=self.sealed, EncryptionContext={"app": "x"}, KeyId=self.other))

    def a_ciphertext_is_worth_nothing_elsewhere(self):
        return bool(self.away.decrypt(CiphertextBlob=self.sealed, EncryptionContext={"app": "x"}))

    def more_than_4096_bytes_are_refused(self):
        return bool(self.kms.encrypt(KeyId=self.key, Plaintext=bytes(4097)))

    def a_dry_run_does_nothing(self):
        return bool(self.kms.encrypt(KeyId=self.key, Plaintext=b"x", DryRun=True))

    def what_was_encrypted_anew_is_decrypted(self):
        moved = self.kms.re_encrypt(CiphertextBlob=self.sealed, SourceEncryptionContext={"app": "x"},
                                    DestinationKeyId=self.other)
        return self.kms.decrypt(CiphertextBlob=moved["CiphertextBlob"])["Plaintext"].decode()

    def a_data_key_is_decrypted(self):
        data = self.kms.generate_data_key(KeyId=self.key, KeySpec="AES_256")
        return self.kms.decrypt(CiphertextBlob=data["CiphertextBlob"])["Plaintext"] == data["Plaintext"]

    def a_data_key_needs_a_length(self):
        return bool(self.kms.generate_data_key(KeyId=self.key))

    def a_pair_of_data_keys_is_made(self):
        pair = self.kms.generate_data_key_pair(KeyId=self.key, KeyPairSpec="ECC_NIST_P256")
        return self.kms.decrypt(CiphertextBlob=pair["PrivateKeyCiphertextBlob"])["Plaintext"] == pair["PrivateKeyPlaintext"]

    def the_last_use_is_known(self):
        return bool(self.kms.get_key_last_usage(KeyId=self.key))

    # Aliases.

    def an_alias_is_used_in_place_of_a_key(self):
        self.kms.create_alias(AliasName="alias/one", TargetKeyId=self.key)
        return bool(self.kms.encrypt(KeyId="alias/one", Plaintext=b"x"))

    def an_alias_is_there_once(self):
        return bool(self.kms.create_alias(AliasName="alias/one", TargetKeyId=self.other))

    def an_alias_of_aws_is_not_made(self):
        return bool(self.kms.create_alias(AliasName="alias/aws/mine", TargetKeyId=self.key))

    def an_alias_begins_with_alias(self):
        return bool(self.kms.create_alias(AliasName="one", TargetKeyId=self.key))

    def an_absent_alias_is_not_deleted(self):
        return bool(self.kms.delete_alias(AliasName="alias/absent"))

    def an_absent_alias_is_not_pointed_elsewhere(self):
        return bool(self.kms.update_alias(AliasName="alias/absent", TargetKeyId=self.key))

    # Policies, tags, grants.

    def the_policy_needs_no_name(self):
        return bool(self.kms.get_key_policy(KeyId=self.key)["Policy"])

    def a_policy_that_is_none_is_refused(self):
        return bool(self.kms.put_key_policy(KeyId=self.key, PolicyName="default", Policy="{}"))

    def a_policy_has_one_name(self):
        return bool(self.kms.get_key_policy(KeyId=self.key, PolicyName="other"))

    def tags_are_kept(self):
        self.kms.tag_resource(KeyId=self.key, Tags=[{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": ""}])
        return self.kms.list_resource_tags(KeyId=self.key)["Tags"]

    def a_tag_of_aws_is_refused(self):
        return bool(self.kms.tag_resource(KeyId=self.key, Tags=[{"TagKey": "aws:x", "TagValue": "1"}]))

    def one_name_twice_is_refused(self):
        twice = [{"TagKey": "a", "TagValue": "1"}, {"TagKey": "a", "TagValue": "2"}]
        return bool(self.kms.create_key(Tags=twice))

    def a_grant_with_a_name_is_made_once(self):
        terms = {"KeyId": self.key, "GranteePrincipal": ROLE, "Operations": ["Decrypt"], "Name": "g"}
        first, second = self.kms.create_grant(**terms), self.kms.create_grant(**terms)
        self.grant = first["GrantId"]
        return first["GrantId"] == second["GrantId"]

    def an_absent_grant_is_not_revoked(self):
        return bool(self.kms.revoke_grant(KeyId=self.key, GrantId="0" * 64))

    def a_revoked_grant_is_gone(self):
        self.kms.revoke_grant(KeyId=self.key, GrantId=self.grant)
        return [one["GrantId"] == self.grant for one in self.kms.list_grants(KeyId=self.key)["Grants"]]

    # Rotation.

    def the_period_is_kept(self):
        self.kms.enable_key_rotation(KeyId=self.key, RotationPeriodInDays=180)
        return self.kms.get_key_rotation_status(KeyId=self.key).get("RotationPeriodInDays")

    def a_period_of_eight_years_is_refused(self):
        return bool(self.kms.enable_key_rotation(KeyId=self.key, RotationPeriodInDays=2922))

    def a_rotation_on_demand_is_listed(self):
        self.kms.rotate_key_on_demand(KeyId=self.key)
        return [one["RotationType"] for one in self.kms.list_key_rotations(KeyId=self.key)["Rotations"]]

    def a_key_pair_is_not_rotated(self):
        self.signs = self.made(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        return bool(self.kms.enable_key_rotation(KeyId=self.signs))

    # Other kinds.

    def a_signature_is_verified(self):
        said = {"KeyId": self.signs, "Message": b"text", "SigningAlgorithm": "ECDSA_SHA_256"}
        self.signed = self.kms.sign(**said)["Signature"]
        return self.kms.verify(Signature=self.signed, **said)["SignatureValid"]

    def a_signature_of_another_text_is_refused(self):
        return self.kms.verify(KeyId=self.signs, Message=b"other", SigningAlgorithm="ECDSA_SHA_256",
                               Signature=self.signed)["SignatureValid"]

    def a_key_that_signs_does_not_encrypt(self):
        return bool(self.kms.encrypt(KeyId=self.signs, Plaintext=b"x"))

    def a_key_that_encrypts_does_not_sign(self):
        return bool(self.kms.sign(KeyId=self.key, Message=b"text", SigningAlgorithm="ECDSA_SHA_256"))

    def a_symmetric_key_has_no_public_half(self):
        return bool(self.kms.get_public_key(KeyId=self.key))

    def a_code_is_verified(self):
        said = {"KeyId": self.made(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC"), "Message": b"text",
                "MacAlgorithm": "HMAC_SHA_256"}
        return self.kms.verify_mac(Mac=self.kms.generate_mac(**said)["Mac"], **said)["MacValid"]

    def imported_material_is_waited_for(self):
        self.external = self.made(Origin="EXTERNAL")
        return self.state(self.external)

    def what_an_import_needs_is_given(self):
        given = self.kms.get_parameters_for_import(KeyId=self.external, WrappingAlgorithm="RSAES_OAEP_SHA_256",
                                                   WrappingKeySpec="RSA_2048")
        return bool(given["PublicKey"])

    # Several regions.

    def a_multi_region_key_says_so(self):
        self.primary = self.made(MultiRegion=True)
        related = self.kms.describe_key(KeyId=self.primary)["KeyMetadata"]["MultiRegionConfiguration"]
        return [self.primary[:4], related["MultiRegionKeyType"], related["ReplicaKeys"]]

    def a_replica_has_the_id_of_its_primary(self):
        made = self.kms.replicate_key(KeyId=self.primary, ReplicaRegion=AWAY)
        return made["ReplicaKeyMetadata"]["KeyId"] == self.primary

    def a_primary_names_its_replicas(self):
        related = self.kms.describe_key(KeyId=self.primary)["KeyMetadata"]["MultiRegionConfiguration"]
        return [related["MultiRegionKeyType"], [one["Region"] for one in related["ReplicaKeys"]]]

    def a_replica_decrypts_what_its_primary_encrypted(self):
        sealed = self.kms.encrypt(KeyId=self.primary, Plaintext=b"text")["CiphertextBlob"]
        return self.away.decrypt(CiphertextBlob=sealed)["Plaintext"].decode()

    def a_key_is_replicated_once_to_a_region(self):
        return bool(self.kms.replicate_key(KeyId=self.primary, ReplicaRegion=AWAY))

    def a_single_region_key_is_not_replicated(self):
        return bool(self.kms.replicate_key(KeyId=self.key, ReplicaRegion=AWAY))

    def a_replica_becomes_the_primary(self):
        self.kms.update_primary_region(KeyId=self.primary, PrimaryRegion=AWAY)
        return self.away.describe_key(KeyId=self.primary)["KeyMetadata"]["MultiRegionConfiguration"]["MultiRegionKeyType"]

    def a_custom_key_store_is_made(self):
        made = self.kms.create_custom_key_store(
            CustomKeyStoreName="ours", CloudHsmClusterId="cluster-abcdefghijk",
            TrustAnchorCertificate="-----BEGIN CERTIFICATE-----", KeyStorePassword="kmsPswd")
        return bool(made["CustomKeyStoreId"])


def played(url):
    """Returns what each step came to: what it returned, or the code of the refusal."""
    play, outcomes = Play(url), {}
    for name, step in vars(Play).items():
        if callable(step) and not name.startswith("_") and name not in ("made", "state"):
            try:
                outcomes[name] = step(play)
            except ClientError as error:
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                outcomes[name] = "missing" if status in (404, 500, 501) else error.response["Error"]["Code"]
            except (AttributeError, KeyError) as error:
                outcomes[name] = f"no {error.args[0]!r}" if isinstance(error, KeyError) else "not reached"
    return outcomes


def moto():
    """Starts moto in this process, and returns where it listens."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


def ministack(python, state):
    """Starts ministack in a process of its own. Returns that, and where it listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = os.environ | {"GATEWAY_PORT": str(port), "MINISTACK_HOST": "127.0.0.1", "TMPDIR": state}
    process = subprocess.Popen([python, "-m", "ministack.app"], env=settings, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    for _ in range(1200):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return process, f"http://127.0.0.1:{port}"
        time.sleep(0.1)
    process.terminate()
    # Not its answers are wrong: it cannot be had here.
    sys.exit(75)


def cell(outcome):
    """Says what a step came to in few words."""
    match outcome:
        case True:
            return "done"
        case False:
            return "not so"
        case str():
            return outcome
        case _:
            return json.dumps(outcome)


def main(url, python, state):
    process, other = ministack(python, state)
    try:
        outcomes = [played(url), played(moto()), played(other)]
    finally:
        process.terminate()
    for name, wanted in outcomes[0].items():
        if any(outcome[name] != wanted for outcome in outcomes):
            said = [cell(wanted)] + ["=" if outcome[name] == wanted else cell(outcome[name]) for outcome in outcomes[1:]]
            print(f"| `{name}` | {' | '.join(said)} |")


main(*sys.argv[1:])
