"""Holds requests and answers against AWS's own model of a service, as botocore carries it."""
import base64
import json
import re

import botocore.session
from botocore.parsers import create_parser
from botocore.validate import ParamValidator

# What any operation may answer (API reference, "Common Error Types"); no model lists them.
COMMON = {"AccessDeniedException", "ThrottlingException", "ValidationException"}


def of(service):
    """Returns the model of a service."""
    return botocore.session.get_session().get_service_model(service)


def complaints_of(service, exchange):
    """Returns what is wrong with a request and its answer. Both are as they were on the wire."""
    name = exchange["operation"]
    if name not in service.operation_names:
        return [f"{name}: no such operation"]
    model, found = service.operation_model(name), []
    if exchange.get("request") is not None:
        found += checked(model.input_shape, json.loads(exchange["request"] or "{}"))
    status, body = exchange["status"], exchange["answer"]
    if status == 200:
        found += answered(model, status, body)
    else:
        found += refused(model, status, body)
    return [f"{name} {status}: {complaint}" for complaint in found]


def answered(model, status, body):
    if model.output_shape is None:
        return [] if body in ("", "{}") else [f"an answer where none is: {body}"]
    found = checked(model.output_shape, json.loads(body or "{}"))
    try:
        parse(body, status, model.output_shape)
    except Exception as error:  # Whatever the parser throws is a complaint.
        found.append(f"not parsed: {error!r}")
    return found


def refused(model, status, body):
    error, found = json.loads(body), []
    code = error.get("__type")
    shapes = {shape.metadata.get("error", {}).get("code", shape.name): shape for shape in model.error_shapes}
    names = {shape.name for shape in model.error_shapes} | set(shapes)
    if code not in names | COMMON:
        found.append(f"{code} is none of its errors")
    if status not in (400, 403, 404, 409, 500, 503):
        found.append(f"{status} is no status of an error")
    if set(error) - {"__type", "message"}:
        found.append(f"more than code and message: {sorted(error)}")
    return found


def parse(body, status, shape):
    """Parses an answer as boto3 does."""
    headers = {"content-type": "application/x-amz-json-1.1"}
    return create_parser("json").parse({"body": body.encode(), "headers": headers, "status_code": status}, shape)


def checked(shape, value):
    """Checks a JSON value by botocore's validator, and by what that leaves out: unknown members, patterns, words, lengths."""
    try:
        report = ParamValidator().validate(native(shape, value), shape)
        found = [report.generate_report()] if report.has_errors() else []
        return found + list(strict(shape, value, shape.name))
    except (AttributeError, TypeError, ValueError) as error:
        return [f"{shape.name}: {error!r}"]


def native(shape, value):
    """Turns JSON into what botocore's validator takes: text of base64 into bytes, all else as it is."""
    if shape.type_name == "structure" and isinstance(value, dict):
        members = shape.members
        return {name: native(members[name], inner) for name, inner in value.items() if name in members}
    if shape.type_name == "list" and isinstance(value, list):
        return [native(shape.member, inner) for inner in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {name: native(shape.value, inner) for name, inner in value.items()}
    if shape.type_name == "blob" and isinstance(value, str):
        return base64.b64decode(value, validate=True)
    return value


def strict(shape, value, path):
    kind, meta = shape.type_name, shape.metadata
    if value is None:
        yield f"{path}: null"
    elif kind == "structure":
        for name, inner in value.items():
            if name not in shape.members:
                yield f"{path}.{name}: the model has no such member"
            else:
                yield from strict(shape.members[name], inner, f"{path}.{name}")
    elif kind == "list":
        yield from long(meta, len(value), path)
        for n, inner in enumerate(value):
            yield from strict(shape.member, inner, f"{path}[{n}]")
    elif kind == "map":
        for name, inner in value.items():
            yield from strict(shape.key, name, f"{path} key")
            yield from strict(shape.value, inner, f"{path}.{name}")
    elif kind == "string":
        yield from long(meta, len(value), path)
        if "enum" in meta and value not in meta["enum"]:
            yield f"{path}: {value} is none of its words"
        if "pattern" in meta and not re.fullmatch(meta["pattern"], value):
            yield f"{path}: {value} is not {meta['pattern']}"
    elif kind == "blob":
        yield from long(meta, len(native(shape, value)), path)
    elif kind == "timestamp" and (isinstance(value, bool) or not isinstance(value, (int, float))):
        yield f"{path}: {value!r} is no number of seconds"


def long(meta, length, path):
    if not meta.get("min", 0) <= length <= meta.get("max", length):
        yield f"{path}: its length is {length}"
