"""Clients of boto3 that keep what goes over the wire."""
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

HERE, AWAY = "eu-central-1", "us-west-2"
ACCOUNT = "111122223333"


class Recorder:
    """Makes clients, and keeps what they were answered, as it was on the wire."""

    def __init__(self, url, account=f"AKIA{ACCOUNT}WRLD", service="kms"):
        self.url, self.account, self.service, self.exchanges = url, account, service, []
        self.asked = None

    def client(self, region):
        client = boto3.client(self.service, endpoint_url=self.url, region_name=region, aws_access_key_id=self.account,
                              aws_secret_access_key="any", config=Config(retries={"total_max_attempts": 1}))
        name = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register(f"before-call.{name}", self.note)
        client.meta.events.register(f"before-parse.{name}", self.keep)
        return client

    def note(self, params, **_):
        body = params["body"]
        self.asked = body.decode() if isinstance(body, bytes) else body

    def keep(self, operation_model, response_dict, **_):
        self.exchanges.append({"operation": operation_model.name, "request": self.asked,
                               "status": response_dict["status_code"], "answer": response_dict["body"].decode()})


def code(call, **kwargs):
    """Returns the code of a refusal."""
    try:
        call(**kwargs)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None
