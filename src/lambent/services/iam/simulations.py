"""The policy simulator: what policies would answer, and which context keys they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.core.context import ANONYMOUS, Principal
from lambent.core.errors import NotImplementedByLambent
from lambent.core.ports import NamedPolicy, PolicySet
from lambent.policy.documents import MalformedPolicy
from lambent.policy.simulate import Simulator, context_keys
from lambent.services.iam.errors import InvalidInput, NoSuchEntity
from lambent.services.iam.model import Identity, User
from lambent.services.iam.naming import refuse_bad_arn
from lambent.services.iam.paging import page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from types_boto3_iam.type_defs import (
        GetContextKeysForCustomPolicyRequestTypeDef,
        GetContextKeysForPrincipalPolicyRequestTypeDef,
        SimulateCustomPolicyRequestTypeDef,
        SimulatePrincipalPolicyRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.service import Document
    from lambent.policy.json_text import Position
    from lambent.policy.simulate import Simulation
    from lambent.services.iam.directory import Directory

_ENTITIES = frozenset({"user", "group", "role"})
_TYPES = {
    "identity": "IAM Policy",
    "boundary": "Permissions Boundary Policy",
    "session": "Session Policy",
    "resource": "Resource Policy",
}


@dataclass(frozen=True, slots=True)
class Simulations:
    """The operations; they look at what is in memory."""

    directory: Directory

    async def simulate_custom_policy(
        self, context: RequestContext, request: SimulateCustomPolicyRequestTypeDef
    ) -> Document:
        return self._simulate(context, request, PolicySet(), "")

    async def simulate_principal_policy(
        self, context: RequestContext, request: SimulatePrincipalPolicyRequestTypeDef
    ) -> Document:
        source = self._source(context, request["PolicySourceArn"])
        caller = source.arn if isinstance(source, User) else ""
        return self._simulate(context, request, self._held(source), caller)

    async def get_context_keys_for_custom_policy(
        self, context: RequestContext, request: GetContextKeysForCustomPolicyRequestTypeDef
    ) -> Document:
        return {"ContextKeyNames": _keys(request["PolicyInputList"])}

    async def get_context_keys_for_principal_policy(
        self, context: RequestContext, request: GetContextKeysForPrincipalPolicyRequestTypeDef
    ) -> Document:
        held = self._held(self._source(context, request["PolicySourceArn"]))
        documents = [each.document for each in held.identity]
        return {"ContextKeyNames": _keys([*documents, *request.get("PolicyInputList", ())])}

    def _source(self, context: RequestContext, arn: str) -> Identity:
        account_id, kind, name = _entity(arn)
        own = context.scope.account_id
        if account_id != own:
            raise InvalidInput(
                f"Invalid Policy Source Arn: caller's account {own} does not have access to policies "
                f"in account {account_id}"
            )
        found = self.directory.identity_of(arn)
        if found is None:
            raise NoSuchEntity(f"The {kind} with name {name} cannot be found.")
        return found

    def _held(self, source: Identity) -> PolicySet:
        """The policies of somebody, under the names that the simulator gives them."""
        held = self.directory.policies_of(source)
        boundary = held.boundary
        return PolicySet(
            tuple(NamedPolicy(_source_id(each.name), each.document) for each in held.identity),
            None if boundary is None else NamedPolicy(_source_id(boundary.name), boundary.document),
        )

    def _simulate(
        self, context: RequestContext, request: Mapping[str, Any], held: PolicySet, caller: str
    ) -> Document:
        for name in ("ResourceHandlingOption", "PolicyExclusionList"):
            if name in request:
                raise NotImplementedByLambent(f"{name} is not implemented by Lambent")
        try:
            simulator = _simulator(context, request, held, request.get("CallerArn", caller))
        except MalformedPolicy as fault:
            raise InvalidInput(fault.message, headers=(fault.header,)) from None
        results = [
            _shape(simulator.simulate(action, resource))
            for action in request["ActionNames"]
            for resource in request.get("ResourceArns", ("*",))
        ]
        return page(request, "EvaluationResults", results)


def _simulator(
    context: RequestContext, request: Mapping[str, Any], held: PolicySet, caller: str
) -> Simulator:
    added = _numbered("PolicyInputList", request)
    boundaries = _numbered("PermissionsBoundaryPolicyInputList", request)
    resource_policy = request.get("ResourcePolicy")
    if resource_policy is not None and not caller:
        raise InvalidInput("CallerArn is required when ResourcePolicy is given.")
    return Simulator(
        _caller(caller),
        PolicySet((*held.identity, *added), boundaries[0] if boundaries else held.boundary),
        resource_policy=None
        if resource_policy is None
        else NamedPolicy("ResourcePolicy", resource_policy),
        # Of whoever asks, where it is not said ("ResourceOwner", IAM API reference).
        resource_account=_account(request.get("ResourceOwner", ""))
        or ("" if caller else context.scope.account_id),
        organization=[
            _numbered("ServiceControlPolicyInputList", level)
            for level in request.get("OrderedOrganizationPolicyInputList", ())
        ],
        context={
            each["ContextKeyName"]: each.get("ContextKeyValues", ())
            for each in request.get("ContextEntries", ())
            if "ContextKeyName" in each
        },
    )


def _caller(arn: str) -> Principal:
    if not arn:
        return ANONYMOUS
    refuse_bad_arn(arn)
    account_id, resource = arn.split(":", 5)[4:]
    if resource.startswith("role/"):
        name = resource.rpartition("/")[2]
        session = f"arn:aws:sts::{account_id}:assumed-role/{name}/simulated"
        return Principal("assumed-role", account_id, session, role_arn=arn)
    if not resource.startswith("user/"):
        raise InvalidInput(f"CallerArn {arn} is not the ARN of a user or role.")
    return Principal("user", account_id, arn)


def _entity(arn: str) -> tuple[str, str, str]:
    """Account, kind and name of a user, group or role. Raises InvalidInput."""
    _, _, service, *place = arn.split(":", 5) if arn.count(":") >= 5 else ("",) * 6
    if service != "sts":
        refuse_bad_arn(arn)
    kind, _, path = place[-1].partition("/")
    if service == "sts" or kind not in _ENTITIES or not path:
        raise InvalidInput(
            f"Invalid Entity Arn: {arn} does not clearly define entity type and name."
        )
    return place[1], kind, path.rpartition("/")[2]


def _account(owner: str) -> str:
    """The ResourceOwner: an account, as an id or an ARN."""
    return owner.split(":")[4] if owner.count(":") >= 5 else owner


def _numbered(name: str, request: Mapping[str, Any]) -> list[NamedPolicy]:
    texts = request.get(name, ())
    return [NamedPolicy(f"{name}.{number}", text) for number, text in enumerate(texts, 1)]


def _source_id(name: str) -> str:
    """Of `role/R/P`: `role_R_P`; of a managed policy its name."""
    return name.rpartition("/")[2] if name.startswith("arn:") else name.replace("/", "_")


def _keys(documents: Sequence[str]) -> list[str]:
    try:
        return context_keys(documents)
    except MalformedPolicy as fault:
        raise InvalidInput(fault.message, headers=(fault.header,)) from None


def _shape(found: Simulation) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "EvalActionName": found.action,
        "EvalResourceName": found.resource,
        "EvalDecision": found.decision,
        "MatchedStatements": [
            {
                "SourcePolicyId": each.policy,
                "SourcePolicyType": _TYPES[each.type],
                "StartPosition": _position(each.start),
                "EndPosition": _position(each.end),
            }
            for each in found.matched
        ],
        "MissingContextValues": list(found.missing),
    }
    if found.boundary_allows is not None:
        shape["PermissionsBoundaryDecisionDetail"] = {
            "AllowedByPermissionsBoundary": found.boundary_allows
        }
    if found.organization_allows is not None:
        shape["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": found.organization_allows}
    return shape


def _position(position: Position) -> dict[str, int]:
    return {"Line": position.line, "Column": position.column}
