"""Uses every operation of KMS once at least, by boto3, as a program in another language does."""
import json
from datetime import timedelta

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

from recorder import ACCOUNT, AWAY, HERE, code

ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}]})

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
# Operations that the world does not carry.
NOT_CARRIED = set()
# Complaints in which the model, not the world, is wrong.
EXCUSED = []


def made(kms, **kwargs):
    return kms.create_key(**kwargs)["KeyMetadata"]["KeyId"]


def imported(kms, key, material):
    """Imports material, wrapped as its owner wraps it."""
    given = kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
    public = serialization.load_der_public_key(given["PublicKey"])
    sha = hashes.SHA256()
    wrapped = public.encrypt(material, padding.OAEP(mgf=padding.MGF1(sha), algorithm=sha, label=None))
    now = kms.describe_key(KeyId=key)["KeyMetadata"]["CreationDate"]  # By the clock of the other end.
    return kms.import_key_material(KeyId=key, ImportToken=given["ImportToken"], EncryptedKeyMaterial=wrapped,
                                   ValidTo=now + timedelta(days=300), ExpirationModel="KEY_MATERIAL_EXPIRES")


def keys(kms):
    key = made(kms, Description="one", Tags=[{"TagKey": "team", "TagValue": "x"}])
    other = made(kms)
    kms.update_key_description(KeyId=key, Description="another")
    kms.disable_key(KeyId=key)
    assert code(kms.encrypt, KeyId=key, Plaintext=b"x") == "DisabledException"
    kms.enable_key(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "another"
    assert {key, other} <= {one["KeyId"] for page in kms.get_paginator("list_keys").paginate() for one in page["Keys"]}
    kms.schedule_key_deletion(KeyId=other, PendingWindowInDays=7)
    assert kms.describe_key(KeyId=other)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    kms.cancel_key_deletion(KeyId=other)
    assert code(kms.describe_key, KeyId="00000000-0000-4000-8000-000000000000") == "NotFoundException"
    kms.create_alias(AliasName="alias/one", TargetKeyId=key)
    assert code(kms.create_alias, AliasName="alias/one", TargetKeyId=key) == "AlreadyExistsException"
    kms.enable_key(KeyId=other)
    kms.update_alias(AliasName="alias/one", TargetKeyId=other)
    assert [one["TargetKeyId"] for one in kms.list_aliases(KeyId=other)["Aliases"]] == [other]
    kms.delete_alias(AliasName="alias/one")
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "tier", "TagValue": "1"}])
    kms.untag_resource(KeyId=key, TagKeys=["team"])
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "tier", "TagValue": "1"}]
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=POLICY)
    assert kms.list_key_policies(KeyId=key)["PolicyNames"] == ["default"]
    assert json.loads(kms.get_key_policy(KeyId=key)["Policy"]) == json.loads(POLICY)
    assert code(kms.put_key_policy, KeyId=key, Policy="{}") == "MalformedPolicyDocumentException"
    return key, other


def grants(kms, key):
    terms = {"KeyId": key, "GranteePrincipal": ROLE, "Operations": ["Decrypt", "Encrypt"], "RetiringPrincipal": ROLE}
    constraints = {"EncryptionContextSubset": {"app": "x"}}
    grant = kms.create_grant(Constraints=constraints, Name="g", **terms)
    assert kms.create_grant(Constraints=constraints, Name="g", **terms)["GrantId"] == grant["GrantId"]
    other = kms.create_grant(**terms)
    assert code(kms.create_grant, DryRun=True, **terms) == "DryRunOperationException"
    assert len(kms.list_grants(KeyId=key)["Grants"]) == 2
    assert len(kms.list_retirable_grants(RetiringPrincipal=ROLE)["Grants"]) == 2
    kms.revoke_grant(KeyId=key, GrantId=other["GrantId"])
    kms.retire_grant(GrantToken=grant["GrantToken"])
    assert kms.list_grants(KeyId=key)["Grants"] == []


def rotation(kms, key):
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 180
    kms.rotate_key_on_demand(KeyId=key)
    assert kms.list_key_rotations(KeyId=key)["Rotations"][0]["RotationType"] == "ON_DEMAND"
    kms.disable_key_rotation(KeyId=key)
    assert not kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]


def symmetric(kms, key, other):
    context = {"app": "x"}
    sealed = kms.encrypt(KeyId=key, Plaintext=b"text", EncryptionContext=context)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed, EncryptionContext=context)["Plaintext"] == b"text"
    assert code(kms.decrypt, CiphertextBlob=sealed) == "InvalidCiphertextException"
    wrong = {"CiphertextBlob": sealed, "EncryptionContext": context, "KeyId": other}
    assert code(kms.decrypt, **wrong) == "IncorrectKeyException"
    assert code(kms.encrypt, KeyId=key, Plaintext=b"x", DryRun=True) == "DryRunOperationException"
    moved = kms.re_encrypt(CiphertextBlob=sealed, SourceEncryptionContext=context, DestinationKeyId=other)
    assert kms.decrypt(CiphertextBlob=moved["CiphertextBlob"], KeyId=other)["Plaintext"] == b"text"
    data = kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    assert kms.decrypt(CiphertextBlob=data["CiphertextBlob"])["Plaintext"] == data["Plaintext"]
    kms.generate_data_key_without_plaintext(KeyId=key, NumberOfBytes=64)
    pair = kms.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P256")
    private = serialization.load_der_private_key(pair["PrivateKeyPlaintext"], None)
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert public == pair["PublicKey"]
    kms.generate_data_key_pair_without_plaintext(KeyId=key, KeyPairSpec="ECC_NIST_P384")
    assert len(kms.generate_random(NumberOfBytes=24)["Plaintext"]) == 24
    assert kms.get_key_last_usage(KeyId=key)["KeyLastUsage"]["Operation"]


def asymmetric(kms):
    signs = made(kms, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    signed = kms.sign(KeyId=signs, Message=b"text", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    public = serialization.load_der_public_key(kms.get_public_key(KeyId=signs)["PublicKey"])
    public.verify(signed, b"text", ec.ECDSA(hashes.SHA256()))
    said = {"KeyId": signs, "Signature": signed, "SigningAlgorithm": "ECDSA_SHA_256"}
    assert kms.verify(Message=b"text", **said)["SignatureValid"]
    assert code(kms.verify, Message=b"other", **said) == "KMSInvalidSignatureException"
    assert code(kms.encrypt, KeyId=signs, Plaintext=b"x") == "InvalidKeyUsageException"
    for spec, algorithm in [("RSA_2048", "RSASSA_PSS_SHA_256"), ("ML_DSA_44", "ML_DSA_SHAKE_256"),
                            ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512")]:
        key = made(kms, KeySpec=spec, KeyUsage="SIGN_VERIFY")
        kms.sign(KeyId=key, Message=b"text", SigningAlgorithm=algorithm)
    opens = made(kms, KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    public = serialization.load_der_public_key(kms.get_public_key(KeyId=opens)["PublicKey"])
    sha = hashes.SHA256()
    sealed = public.encrypt(b"text", padding.OAEP(mgf=padding.MGF1(sha), algorithm=sha, label=None))
    assert kms.decrypt(KeyId=opens, CiphertextBlob=sealed, EncryptionAlgorithm="RSAES_OAEP_SHA_256")["Plaintext"] == b"text"
    macs = made(kms, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    mac = kms.generate_mac(KeyId=macs, Message=b"text", MacAlgorithm="HMAC_SHA_256")["Mac"]
    assert kms.verify_mac(KeyId=macs, Message=b"text", MacAlgorithm="HMAC_SHA_256", Mac=mac)["MacValid"]
    agrees = made(kms, KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")
    own = ec.generate_private_key(ec.SECP256R1())
    theirs = kms.get_public_key(KeyId=agrees)["PublicKey"]
    sent = own.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    secret = kms.derive_shared_secret(KeyId=agrees, KeyAgreementAlgorithm="ECDH", PublicKey=sent)["SharedSecret"]
    assert secret == own.exchange(ec.ECDH(), serialization.load_der_public_key(theirs))
    wraps = made(kms, KeySpec="ML_KEM_768", KeyUsage="ENCAPSULATE_DECAPSULATE")
    sent = kms.encapsulate(KeyId=wraps, EncapsulationAlgorithm="ML_KEM")
    back = kms.decapsulate(KeyId=wraps, EncapsulationAlgorithm="ML_KEM",
                           SharedSecretCiphertextBlob=sent["SharedSecretCiphertextBlob"])
    assert back["SharedSecret"] == sent["SharedSecret"]


def regions(kms, away):
    key = made(kms, MultiRegion=True)
    sealed = kms.encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"]
    kms.replicate_key(KeyId=key, ReplicaRegion=AWAY, Description="there", Tags=[{"TagKey": "a", "TagValue": "b"}])
    assert away.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"text"
    kms.update_primary_region(KeyId=key, PrimaryRegion=AWAY)
    related = away.describe_key(KeyId=key)["KeyMetadata"]["MultiRegionConfiguration"]
    assert related["MultiRegionKeyType"] == "PRIMARY" and related["ReplicaKeys"][0]["Region"] == HERE


def materials(kms):
    key = made(kms, Origin="EXTERNAL")
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingImport"
    assert imported(kms, key, bytes(32))["KeyId"].endswith(key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["ExpirationModel"] == "KEY_MATERIAL_EXPIRES"
    assert kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    kms.delete_imported_key_material(KeyId=key)
    assert code(kms.encrypt, KeyId=key, Plaintext=b"x") == "KMSInvalidStateException"


def stores(kms):
    store = kms.create_custom_key_store(CustomKeyStoreName="ours", CloudHsmClusterId="cluster-abcdefghijk",
                                        TrustAnchorCertificate="-----BEGIN CERTIFICATE-----", KeyStorePassword="kmsPswd")
    store = store["CustomKeyStoreId"]
    proxy = kms.create_custom_key_store(
        CustomKeyStoreName="theirs", CustomKeyStoreType="EXTERNAL_KEY_STORE", XksProxyConnectivity="PUBLIC_ENDPOINT",
        XksProxyUriEndpoint="https://xks.example.com", XksProxyUriPath="/kms/xks/v1", XksProxyAuthenticationCredential={
            "AccessKeyId": "ABCDE234567EXAMPLE22", "RawSecretAccessKey": "a" * 43})["CustomKeyStoreId"]
    kms.update_custom_key_store(CustomKeyStoreId=store, NewCustomKeyStoreName="renamed")
    for one in (store, proxy):
        kms.connect_custom_key_store(CustomKeyStoreId=one)
    made(kms, Origin="AWS_CLOUDHSM", CustomKeyStoreId=store)
    made(kms, Origin="EXTERNAL_KEY_STORE", CustomKeyStoreId=proxy, XksKeyId="k1")
    assert {one["ConnectionState"] for one in kms.describe_custom_key_stores()["CustomKeyStores"]} == {"CONNECTED"}
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    assert code(kms.delete_custom_key_store, CustomKeyStoreId=store) == "CustomKeyStoreHasCMKsException"
    empty = kms.create_custom_key_store(CustomKeyStoreName="empty", CloudHsmClusterId="cluster-lmnopqrstuv",
                                        TrustAnchorCertificate="-----BEGIN CERTIFICATE-----", KeyStorePassword="kmsPswd")
    kms.delete_custom_key_store(CustomKeyStoreId=empty["CustomKeyStoreId"])


def play(recorder):
    """Plays all of it. Fails where an answer is not as a program may rely on."""
    kms, away = recorder.client(HERE), recorder.client(AWAY)
    key, other = keys(kms)
    grants(kms, key)
    rotation(kms, key)
    symmetric(kms, key, other)
    asymmetric(kms)
    regions(kms, away)
    materials(kms)
    stores(kms)
