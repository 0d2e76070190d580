"""The kinds of documents that REST APIs consist of."""

from __future__ import annotations

from lambent.apis.documents import STAGES, Kind

# Of an API.
RESOURCES = Kind("resource")
MODELS = Kind("model")
VALIDATORS = Kind("request-validator")
AUTHORIZERS = Kind("authorizer")
GATEWAY_RESPONSES = Kind("gateway-response")
DOCUMENTATION_PARTS = Kind("documentation-part")
DOCUMENTATION_VERSIONS = Kind("documentation-version")
DEPLOYMENTS = Kind("deployment")
SNAPSHOTS = Kind("snapshot")  # of a deployment, under its id: `stages_in_memory` has the shape
# Of the account.
API_KEYS = Kind("api-key")
API_KEY_VALUES = Kind("api-key-value")  # which key has a value, under the value
USAGE_PLANS = Kind("usage-plan")
USAGE_PLAN_KEYS = Kind("usage-plan-key")  # of a plan, under the id of the key
ACCOUNT = Kind("account")
CLIENT_CERTIFICATES = Kind("client-certificate")  # with the private key

# What an import replaces, or merges into.
DEFINITION = (
    RESOURCES,
    MODELS,
    VALIDATORS,
    AUTHORIZERS,
    GATEWAY_RESPONSES,
    DOCUMENTATION_PARTS,
)
OF_APIS = (*DEFINITION, DOCUMENTATION_VERSIONS, DEPLOYMENTS, SNAPSHOTS, STAGES)
