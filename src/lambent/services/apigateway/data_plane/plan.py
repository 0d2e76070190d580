"""A deployment compiled: what is looked up for every request is worked out once, when the stage first answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lambent.core.context import Scope
from lambent.services.apigateway.data_plane.media_types import MediaTypes
from lambent.services.apigateway.data_plane.routing import Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.services.apigateway.data_plane.functions_called import Callee
    from lambent.services.apigateway.data_plane.serving import Check
    from lambent.services.apigateway.stages_in_memory import Document, Live

_EVERY_METHOD = "/*/*"
_NO_VALIDATION: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True, eq=False)
class MethodPlan:
    """A method, with what its stage says of it.

    Attributes:
        settings: the effective MethodSetting: the method's own over that of all methods; may be empty.
        validator: the RequestValidator; empty without one.
        required: of the request parameters, those that must be there, as `querystring.x`.
        path_of_sources: the resource's path with `*` for its parameters, as source ARNs name it.
        authorization: its type, such as NONE.
        needs_key: an API key is asked for.
        has_own_settings: the stage has settings of this method by itself.
    """

    resource_id: str
    resource_path: str
    document: Document
    integration: Document
    settings: Document
    validator: Document
    authorizer: Document | None
    required: tuple[str, ...]
    path_of_sources: str = ""
    has_own_settings: bool = False
    authorization: str = field(init=False)
    needs_key: bool = field(init=False)

    def __post_init__(self) -> None:
        set_once = object.__setattr__
        set_once(self, "authorization", str(self.document.get("authorizationType", "NONE")))
        set_once(self, "needs_key", bool(self.document.get("apiKeyRequired")))


@dataclass(frozen=True, slots=True, eq=False)
class ApiPlan:
    """One deployment of one stage."""

    live: Live
    snapshot: Document
    routes: Routes[MethodPlan]
    binary: MediaTypes
    stage_variables: Mapping[str, str]
    models: Mapping[str, str] = field(default_factory=dict)  # schema texts by name
    methods: tuple[MethodPlan, ...] = ()
    is_canary: bool = False
    rest_api: Document = field(init=False)
    # The function behind a method, by the verb, which is ANY's own: once it has been called.
    callees: dict[tuple[MethodPlan, str], Callee] = field(default_factory=dict)
    # The guards that have a say about a method, once it has been asked for.
    guards: dict[MethodPlan, tuple[Check, ...]] = field(default_factory=dict)
    scope: Scope = field(init=False)

    def __post_init__(self) -> None:
        set_once = object.__setattr__
        set_once(self, "rest_api", self.snapshot.get("restApi", {}))
        set_once(self, "scope", Scope(self.live.account_id, self.live.region))

    def gateway_response(self, response_type: str) -> Document | None:
        """As somebody has changed it; None for one that nobody has."""
        found: Document | None = self.snapshot.get("gatewayResponses", {}).get(response_type)
        return found


def compiled(live: Live, snapshot: Document | None = None) -> ApiPlan:
    """The plan of a stage; of its canary when given that one's snapshot."""
    is_canary = snapshot is not None
    document = live.snapshot if snapshot is None else snapshot
    variables = dict(live.stage.get("variables") or {})
    if is_canary:
        variables |= live.stage.get("canarySettings", {}).get("stageVariableOverrides") or {}
    routes: Routes[MethodPlan] = Routes()
    settings = _settings(live.stage)
    authorizers = {each["id"]: each for each in document.get("authorizers", ())}
    validators = {each["id"]: each for each in document.get("requestValidators", ())}
    everything: list[MethodPlan] = []
    for resource in document.get("resources", ()):
        methods = {
            name: _method(resource, name, method, settings, authorizers, validators)
            for name, method in (resource.get("resourceMethods") or {}).items()
            if method.get("methodIntegration")
        }
        routes.add(resource["path"], methods)
        everything += methods.values()
    return ApiPlan(
        live,
        document,
        routes,
        MediaTypes(document.get("restApi", {}).get("binaryMediaTypes") or ()),
        variables,
        {each["name"]: each.get("schema", "") for each in document.get("models", ())},
        tuple(everything),
        is_canary,
    )


def _method(
    resource: Document,
    name: str,
    method: Document,
    settings: Mapping[str, Document],
    authorizers: Mapping[str, Document],
    validators: Mapping[str, Document],
) -> MethodPlan:
    own = settings.get(f"{resource['path'].rstrip('/')}/{name}", {})
    required = tuple(
        parameter.removeprefix("method.request.")
        for parameter, is_required in (method.get("requestParameters") or {}).items()
        if is_required
    )
    return MethodPlan(
        resource_id=resource["id"],
        resource_path=resource["path"],
        document=method,
        integration=method["methodIntegration"],
        settings={**settings.get(_EVERY_METHOD, {}), **own},
        has_own_settings=bool(own),
        validator=validators.get(method.get("requestValidatorId", ""), _NO_VALIDATION),
        authorizer=authorizers.get(method.get("authorizerId", "")),
        required=required,
        path_of_sources="/".join(
            "*" if part.startswith("{") else part for part in resource["path"].split("/")
        ),
    )


def _settings(stage: Document) -> dict[str, Document]:
    """By `/resource/path/METHOD`; the keys come with or without the slash, and with it as `~1`."""
    found: dict[str, Document] = {}
    for key, value in (stage.get("methodSettings") or {}).items():
        found["/" + key.replace("~1", "/").lstrip("/")] = value
    return found
