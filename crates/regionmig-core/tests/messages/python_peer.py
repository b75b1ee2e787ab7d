"""Writes and reads messages with the Encryption SDK for Python: a case in JSON on each line of the input, an answer to each on a line."""

import base64
import functools
import json
import logging
import sys
import warnings

from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    AesWrappingAlg,
    CreateDefaultCryptographicMaterialsManagerInput,
    CreateMultiKeyringInput,
    CreateRawAesKeyringInput,
    CreateRawRsaKeyringInput,
    CreateRequiredEncryptionContextCMMInput,
    PaddingScheme,
)
from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient
from aws_encryption_sdk.identifiers import AlgorithmSuite
from cryptography.hazmat.primitives import serialization

# It warns of old suites, and logs each failure at length: the answer says it once.
warnings.simplefilter("ignore")
logging.disable()

PUBLIC_KEY = "aws-crypto-public-key"
WRAPPING = {
    16: AesWrappingAlg.ALG_AES128_GCM_IV12_TAG16,
    24: AesWrappingAlg.ALG_AES192_GCM_IV12_TAG16,
    32: AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
}
PADDING = {
    "OaepSha1": PaddingScheme.OAEP_SHA1_MGF1,
    "OaepSha256": PaddingScheme.OAEP_SHA256_MGF1,
    "OaepSha384": PaddingScheme.OAEP_SHA384_MGF1,
    "OaepSha512": PaddingScheme.OAEP_SHA512_MGF1,
    "Pkcs1": PaddingScheme.PKCS1,
}
PROVIDERS = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
# Each takes every suite to read; to write, one takes those that commit, and the other the rest.
COMMITTING = EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT)
OTHERS = EncryptionSDKClient(commitment_policy=CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT)


def keyring_of(keys):
    """The first makes the data key."""
    made = [one_keyring_of(json.dumps(key)) for key in keys]
    if len(made) == 1:
        return made[0]
    return PROVIDERS.create_multi_keyring(CreateMultiKeyringInput(generator=made[0], child_keyrings=made[1:]))


@functools.lru_cache(maxsize=None)
def one_keyring_of(text):
    key = json.loads(text)
    material = base64.b64decode(key["material"])
    named = {"key_namespace": key["provider"], "key_name": key["name"]}
    if key["padding"] is None:
        algorithm = WRAPPING[len(material)]
        made = CreateRawAesKeyringInput(wrapping_key=material, wrapping_alg=algorithm, **named)
        return PROVIDERS.create_raw_aes_keyring(made)
    private = serialization.load_der_private_key(material, None)
    pem = serialization.Encoding.PEM
    private_key = private.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public_key = private.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    padding = PADDING[key["padding"]]
    made = CreateRawRsaKeyringInput(padding_scheme=padding, public_key=public_key, private_key=private_key, **named)
    return PROVIDERS.create_raw_rsa_keyring(made)


def materials_of(case):
    """A keyring, or what holds some pairs of the context back besides."""
    keyring = keyring_of(case["keys"])
    if not case["withheld"]:
        return {"keyring": keyring}
    default = PROVIDERS.create_default_cryptographic_materials_manager(
        CreateDefaultCryptographicMaterialsManagerInput(keyring=keyring)
    )
    manager = PROVIDERS.create_required_encryption_context_cmm(
        CreateRequiredEncryptionContextCMMInput(
            underlying_cmm=default, required_encryption_context_keys=list(case["withheld"])
        )
    )
    return {"materials_manager": manager}


def write(case):
    suite = AlgorithmSuite.get_by_id(int(case["suite"], 16))
    client = COMMITTING if suite.is_committing() else OTHERS
    message, _ = client.encrypt(
        source=base64.b64decode(case["plaintext"]),
        algorithm=suite,
        frame_length=case["frame_length"],
        encryption_context={**case["stored"], **case["withheld"]},
        **materials_of(case),
    )
    return {"message": base64.b64encode(message).decode()}


def read(case):
    plaintext, header = COMMITTING.decrypt(
        source=base64.b64decode(case["message"]), encryption_context=case["withheld"], **materials_of(case)
    )
    stored = {name: value for name, value in header.encryption_context.items() if name != PUBLIC_KEY}
    return {
        "plaintext": base64.b64encode(plaintext).decode(),
        "suite": f"{header.algorithm.algorithm_id:04x}",
        "frame_length": header.frame_length,
        "stored": stored,
        "data_keys": len(header.encrypted_data_keys),
    }


def answer(line):
    case = json.loads(line)
    try:
        return {"write": write, "read": read}[case["do"]](case)
    except Exception as error:  # The other side has the test fail, and says which case it was.
        return {"failed": f"{type(error).__name__}: {error}"}


for line in sys.stdin:
    print(json.dumps(answer(line)), flush=True)
