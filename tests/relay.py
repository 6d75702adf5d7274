"""Tells what Sentry's Relay hides by default, for `tests/it/scrubbing.rs`: of each value on stdin, where it is still seen."""

import json
import sys

from sentry_relay.processing import StoreNormalizer, convert_datascrubbing_config, pii_strip_event

config = convert_datascrubbing_config(
    {"scrubData": True, "scrubDefaults": True, "scrubIpAddresses": True, "excludeFields": [], "sensitiveFields": []}
)


def event(value):
    return {
        "logentry": {"formatted": value},
        "user": {"id": value},
        "request": {"url": "http://a.example/", "headers": [["X-Note", value]], "query_string": [["q", value]]},
        "tags": [["note", value]],
        "contexts": {"order": {"note": value}},
        "breadcrumbs": {"values": [{"message": value, "data": {"note": value}}]},
    }


def places(event):
    crumb = event["breadcrumbs"]["values"][0]
    return {
        "message": event.get("logentry"),
        "user": event.get("user"),
        "header": event["request"].get("headers"),
        "query": event["request"].get("query_string"),
        "tag": event.get("tags"),
        "context": event["contexts"].get("order"),
        "breadcrumb": crumb.get("message"),
        "breadcrumb data": crumb.get("data"),
    }


def is_seen(secret, place):
    return json.dumps(secret)[1:-1] in json.dumps(place)


def seen(case):
    normal = StoreNormalizer(project_id=1).normalize_event(event(case["value"]))
    return [name for name, place in places(pii_strip_event(config, normal)).items() if is_seen(case["secret"], place)]


json.dump([seen(case) for case in json.load(sys.stdin)], sys.stdout)
