"""The patch paths of stages: those of settings of methods begin with the resource's path and the method.

`/*/*/throttling/rateLimit` is for all methods, `/~1pets/GET/...` (or `/pets/GET/...`) for one; a setting is kept under
the path as it was written (`*/*`, `~1pets/GET`), which is what AWS shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.apis.errors import BadRequest
from lambent.services.apigateway.patches import (
    PatchTable,
    Rule,
    boolean,
    custom,
    entry,
    integer,
    member,
    number,
    one_of,
    split,
    structure,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Document = dict[str, Any]

_MAX_TTL_S = 3600
# What a setting that nobody has set is, once another one of the same method is (MethodSetting).
_DEFAULTS: Mapping[str, Any] = {
    "metricsEnabled": False,
    "dataTraceEnabled": False,
    "throttlingBurstLimit": 5000,
    "throttlingRateLimit": 10000.0,
    "cachingEnabled": False,
    "cacheTtlInSeconds": 300,
    "cacheDataEncrypted": False,
    "requireAuthorizationForCacheControl": True,
    "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
}


def _time_to_live(value: str) -> int:
    if not value.isdecimal() or int(value) > _MAX_TTL_S:
        raise BadRequest(
            f"Invalid time-to-live setting, must be an integer no greater than {_MAX_TTL_S}"
        )
    return int(value)


_SETTINGS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "metrics/enabled": ("metricsEnabled", boolean),
    "logging/dataTrace": ("dataTraceEnabled", boolean),
    "logging/loglevel": ("loggingLevel", one_of("OFF", "ERROR", "INFO")),
    "throttling/burstLimit": ("throttlingBurstLimit", integer),
    "throttling/rateLimit": ("throttlingRateLimit", number),
    "caching/ttlInSeconds": ("cacheTtlInSeconds", _time_to_live),
    "caching/enabled": ("cachingEnabled", boolean),
    "caching/dataEncrypted": ("cacheDataEncrypted", boolean),
    "caching/requireAuthorizationForCacheControl": (
        "requireAuthorizationForCacheControl",
        boolean,
    ),
    "caching/unauthorizedCacheControlHeaderStrategy": (
        "unauthorizedCacheControlHeaderStrategy",
        one_of("FAIL_WITH_403", "SUCCEED_WITH_RESPONSE_HEADER", "SUCCEED_WITHOUT_RESPONSE_HEADER"),
    ),
}
_METHODS = frozenset({"*", "GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD"})
# As AWS says it, with the commas that it leaves out.
_ALLOWED = (
    "/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, "
    "/accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, "
    "/{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, "
    "/{resourcePath}/{httpMethod}/logging/loglevel, "
    "/{resourcePath}/{httpMethod}/throttling/burstLimit"
    "/{resourcePath}/{httpMethod}/throttling/rateLimit"
    "/{resourcePath}/{httpMethod}/caching/ttlInSeconds, "
    "/{resourcePath}/{httpMethod}/caching/enabled, "
    "/{resourcePath}/{httpMethod}/caching/dataEncrypted, "
    "/{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, "
    "/{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, "
    "/*/*/metrics/enabled, /*/*/logging/dataTrace, /*/*/logging/loglevel, "
    "/*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, "
    "/*/*/caching/enabled, /*/*/caching/dataEncrypted, "
    "/*/*/caching/requireAuthorizationForCacheControl, "
    "/*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, "
    "/tracingEnabled"
)


@dataclass(frozen=True, slots=True)
class _StageTable(PatchTable):
    """Plain rules first, then the settings of methods, whose paths have any number of parts."""

    def apply_one(self, document: Document, operation: Mapping[str, Any]) -> None:
        op, path = operation.get("op", ""), operation.get("path", "")
        if self._is_plain(op, path):
            PatchTable.apply_one(self, document, operation)
        elif op in ("add", "replace"):
            _set(document, path, str(operation.get("value") or ""))
        elif op == "remove":
            _remove(document, path)
        else:
            raise _invalid(path)

    def _is_plain(self, op: str, path: str) -> bool:
        parts = split(path)
        return any(op in rule.ops and rule.match(parts) is not None for rule in self.rules)


def _set(document: Document, path: str, value: str) -> None:
    for suffix, (name, convert) in _SETTINGS.items():
        key = path[1 : -len(suffix) - 1]
        if path.startswith("/") and path.endswith("/" + suffix) and _is_method(key):
            settings = document["methodSettings"].setdefault(key, dict(_DEFAULTS))
            settings[name] = convert(value)
            return
    raise _invalid(path)


def _remove(document: Document, path: str) -> None:
    """All settings of a method: there is no way to remove one of them."""
    key = path.removeprefix("/")
    if document["methodSettings"].pop(key, None) is not None:
        return
    is_setting = any(
        key.endswith(f"/{suffix}") and _is_method(key.removesuffix(f"/{suffix}"))
        for suffix in _SETTINGS
    )
    if not is_setting and not _is_method(key):
        raise _invalid(path)
    raise BadRequest(  # AWS, too, ends in a space.
        f"Cannot remove method setting {key} because there is no method setting for this method "
    )


def _is_method(key: str) -> bool:
    """A setting is of one method or of all: AWS takes none for ANY."""
    resource, _, method = key.rpartition("/")
    return bool(resource) and not resource.endswith("/") and method in _METHODS


def _invalid(path: str) -> BadRequest:
    return BadRequest(f"Invalid method setting path: {path}. Must be one of: [{_ALLOWED}]")


# CacheClusterSize, in gigabytes.
_SIZES = ("0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237")


def cache_cluster(*, is_enabled: bool, size: str | None) -> Document:
    """What a stage tells of its cache, which is there at once."""
    if not is_enabled:
        return {"cacheClusterEnabled": False, "cacheClusterStatus": "NOT_AVAILABLE"}
    return {
        "cacheClusterEnabled": True,
        "cacheClusterSize": size or _SIZES[0],
        "cacheClusterStatus": "AVAILABLE",
    }


def with_cache(stage: Document, *, is_enabled: bool, size: str | None) -> Document:
    """The stage with a cache of a size, or without one."""
    kept = {name: value for name, value in stage.items() if name != "cacheClusterSize"}
    return kept | cache_cluster(is_enabled=is_enabled, size=size)


def _set_cache(document: Document, op: str, value: str, _: Sequence[str]) -> None:
    is_enabled, size = boolean(value), document.pop("cacheClusterSize", None)
    document |= cache_cluster(is_enabled=is_enabled, size=size)


def _set_cache_size(document: Document, op: str, value: str, _: Sequence[str]) -> None:
    if value not in _SIZES:
        raise BadRequest(
            f"Invalid cache cluster size: {value}. Must be one of: [{', '.join(_SIZES)}]"
        )
    document["cacheClusterSize"] = value


def _set_canary(document: Document, op: str, value: str, names: Sequence[str]) -> None:
    canary = document.setdefault(
        "canarySettings",
        {"percentTraffic": 0.0, "deploymentId": document["deploymentId"], "useStageCache": False},
    )
    percent = number(value)
    if not 0 <= percent <= 100:
        raise BadRequest("Canary percent traffic must be between 0 and 100")
    canary["percentTraffic"] = percent


def _copy_deployment(document: Document, op: str, source: str, _: Sequence[str]) -> None:
    """Promote the canary: it becomes the stage's deployment."""
    _check_promotion(document, source, "/canarySettings/deploymentId")
    document["deploymentId"] = document["canarySettings"]["deploymentId"]


def _copy_variables(document: Document, op: str, source: str, _: Sequence[str]) -> None:
    _check_promotion(document, source, "/canarySettings/stageVariableOverrides")
    overrides = document["canarySettings"].get("stageVariableOverrides", {})
    document["variables"] = {**document.get("variables", {}), **overrides}


def _check_promotion(document: Document, source: str, expected: str) -> None:
    if "canarySettings" not in document:
        raise BadRequest("Promotion not available: Canary does not exist")
    if source != expected:
        raise BadRequest(f"Invalid copy source: {source}")


_RULES: tuple[Rule, ...] = (
    member("/deploymentId", required=True),
    custom("/deploymentId", _copy_deployment, "copy"),
    member("/description"),
    custom("/cacheClusterEnabled", _set_cache),
    custom("/cacheClusterSize", _set_cache_size),
    member("/clientCertificateId"),
    structure("/accessLogSettings"),
    member("/accessLogSettings/destinationArn", "add", "replace"),
    member("/accessLogSettings/format", "add", "replace"),
    structure("/canarySettings"),
    custom("/canarySettings/percentTraffic", _set_canary, "add", "replace"),
    member("/canarySettings/deploymentId", "replace", required=True),
    entry("/canarySettings/stageVariableOverrides/{variable}"),
    member("/canarySettings/useStageCache", convert=boolean, required=True),
    member("/documentationVersion"),
    entry("/variables/{variable_name}"),
    custom("/variables", _copy_variables, "copy"),
    member("/tracingEnabled", convert=boolean, required=True),
)
PATCHES = _StageTable(_RULES)
