"""What schemathesis cannot derive from the documents alone."""

import itertools
import os
import re

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.parameters import ParameterLocation

KEYS = {group: os.environ[f"{group.upper()}_KEY"] for group in ("storefront", "backoffice", "operations")}
# A product that never sells out.
SKU = os.environ["FUZZ_SKU"]

turn = itertools.count(1)


def every(nth):
    return next(turn) % nth == 0


@schemathesis.auth(refresh_interval=None)
class KeyOfAGroup:
    """The keys in turn: mostly of the groups that may make the call, sometimes of any group."""

    def get(self, case, context):
        requirements = context.operation.definition.raw.get("security", [])
        allowed = [group for requirement in requirements for group in requirement.get("apikey", [])]
        groups = list(KEYS) if not allowed or every(20) else allowed
        return KEYS[groups[next(turn) % len(groups)]]

    def set(self, case, data, context):
        case.headers["apikey"] = data


# Python's regular expressions have no Unicode classes, so values for this pattern are generated as a format.
PRINTABLE = r"^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cn}]*$"
schemathesis.openapi.format(
    "printable", st.text(st.characters(exclude_categories=("Cc", "Cf", "Zl", "Zp", "Cn", "Cs")))
)


@schemathesis.hook
def before_load_schema(context, raw_schema):
    nodes = [raw_schema]
    while nodes:
        node = nodes.pop()
        if isinstance(node, dict):
            if node.get("pattern") == PRINTABLE:
                del node["pattern"]
                node["format"] = "printable"
            nodes.extend(node.values())
        elif isinstance(node, list):
            nodes.extend(node)


BARE_KEY = re.compile("[!#-~][!-~]{0,254}")
# The status from which each step is allowed, and the order last seen in each status.
STEP_FROM = {"shipOrder": "confirmed", "deliverOrder": "shipped"}
last_seen = {}


@schemathesis.hook
def before_call(context, case, kwargs):
    """Random requests rarely have a new key, available stock, or an order in the right status."""
    # Invalid keys stay unchanged; some valid keys are reused.
    if BARE_KEY.fullmatch(str(case.headers.get("Idempotency-Key", ""))) and not every(5):
        case.headers["Idempotency-Key"] = f"fuzz-{next(turn)}"
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    operation = case.operation.definition.raw["operationId"]
    if operation == "placeOrder" and every(2):
        case.body = {**case.body, "lines": [{**case.body["lines"][0], "sku": SKU, "quantity": 1}]}
    elif operation == "createProduct" and every(2):
        case.body = {**case.body, "sku": f"FUZZ-{next(turn)}"}
    elif STEP_FROM.get(operation) in last_seen and every(2):
        case.path_parameters["id"] = last_seen.pop(STEP_FROM[operation])


@schemathesis.hook
def after_call(context, case, response):
    if case.operation.path.startswith("/orders") and response.status_code in (200, 201):
        order = response.json()
        if "status" in order:
            last_seen[order["status"]] = order["id"]


@schemathesis.check
def is_judged_before_its_target(ctx, response, case):
    """An invalid body gets 400 whatever the state of its resource; 404, 409 and 422 would hide that it was accepted."""
    if case.meta is None or not case.meta.is_negative_at(ParameterLocation.BODY):
        return
    if response.status_code in (404, 409, 422) and not case.meta.is_negative_at(ParameterLocation.PATH):
        raise AssertionError(f"{response.status_code} for an invalid body")


# Rules that no JSON Schema can express, so that they are in descriptions: the owner of a cursor, filters of some groups only,
# sums over the merged lines of an order, the maximum number of units, the allowed difference of a count, tokens in the body for a
# caller who does not say for whom.
RULES_IN_WORDS = {"/cursor", "/number", "/clientId", "/sort", "/lines", "/delta", "/counted", "/X-Caller"}


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Whether a failure counts; described refusals do not."""
    if "not_a_server_error" in failure.checks:
        # A busy machine may refuse a request that had no effect.
        return not (response.status_code == 503 and code_of(response) in ("overloaded", "unavailable"))
    if "ignored_auth" in failure.checks:
        # After too many calls without a valid key from one address, the gateway refuses further ones before authentication.
        return "got `429 " not in failure.message
    if "positive_data_acceptance" in failure.checks:
        # A key that was used before; a token that nobody was sent.
        if code_of(response) in ("idempotency-key-reused", "token-invalid"):
            return False
        faults = response.json().get("errors", [])
        return not faults or not {fault["pointer"] for fault in faults} <= RULES_IN_WORDS
    return True


def code_of(response):
    return response.json().get("code") if "json" in response.headers.get("content-type", [""])[0] else None
