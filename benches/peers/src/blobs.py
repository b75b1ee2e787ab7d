"""Decrypts and encrypts a ciphertext of KMS with boto3 as often as it is told, and says how long it was on a processor for that.

One thread: several take longer, since only one of them runs at a time.
"""

import boto3
import rounds

CONTEXT = {"table": "users", "id": "12"}
CIPHERTEXT = bytes([7] * 184)


class Load:
    def __init__(self, request):
        self.old, self.new = request["old"], request["new"]
        self.source, self.target = (
            boto3.client(
                "kms",
                region_name=arn.split(":")[3],
                endpoint_url=request["url"],
                aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
                aws_secret_access_key="made up",
            )
            for arn in (self.old, self.new)
        )
        # Warm, and shown to work.
        assert len(self.reencrypt()) == 183

    def reencrypt(self):
        opened = self.source.decrypt(KeyId=self.old, CiphertextBlob=CIPHERTEXT, EncryptionContext=CONTEXT)
        made = self.target.encrypt(KeyId=self.new, Plaintext=opened["Plaintext"], EncryptionContext=CONTEXT)
        return made["CiphertextBlob"]


rounds.serve(Load)
