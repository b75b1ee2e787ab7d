"""Re-encrypts a message with the Encryption SDK for Python as often as it is told, and says how long it was on a processor for that.

Streamed from one end to the other, with the raw master key: of the ways there are, the fastest. So is the size of its reads.
"""

import base64
import io
import warnings

import rounds
from aws_encryption_sdk import EncryptionSDKClient
from aws_encryption_sdk.identifiers import AlgorithmSuite, EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKey

# It says that there are keyrings now.
warnings.simplefilter("ignore")

SIZE = 64 << 10
CLIENT = EncryptionSDKClient()


def master_key(key):
    wrapping = WrappingKey(
        wrapping_algorithm=WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
        wrapping_key=base64.b64decode(key["key"]),
        wrapping_key_type=EncryptionKeyType.SYMMETRIC,
    )
    return RawMasterKey(provider_id=key["provider"], key_id=key["name"], wrapping_key=wrapping)


class Load:
    def __init__(self, request):
        self.message = base64.b64decode(request["message"])
        self.key = master_key(request["key"])
        suite = AlgorithmSuite.get_by_id(int(request["suite"], 16))
        self.writing = {"algorithm": suite, "frame_length": 4096, "encryption_context": request["context"]}
        # Warm, and shown to work. A signature's length varies, and behind full frames this writes an empty one.
        assert abs(self.reencrypt() - len(self.message)) < 64

    def reencrypt(self):
        written = 0
        with CLIENT.stream(mode="d", source=io.BytesIO(self.message), key_provider=self.key) as plaintext:
            with CLIENT.stream(mode="e", source=plaintext, key_provider=self.key, **self.writing) as target:
                while piece := target.read(SIZE):
                    written += len(piece)
        return written


rounds.serve(Load)
