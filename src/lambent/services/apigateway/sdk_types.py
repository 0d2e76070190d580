"""The kinds of SDK that AWS generates. They are listed; generating one is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.apis.errors import NotFound
from lambent.services.apigateway.paging import page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx

    Request = Mapping[str, Any]
    Document = dict[str, Any]


def _property(name: str, friendly: str, *, required: bool = True) -> Document:
    return {"name": name, "friendlyName": friendly, "required": required}


_TYPES: tuple[Document, ...] = (
    {
        "id": "android",
        "friendlyName": "Android",
        "configurationProperties": [
            _property("groupId", "Group ID"),
            _property("invokerPackage", "Invoker package"),
            _property("artifactId", "Artifact ID"),
            _property("artifactVersion", "Artifact version"),
        ],
    },
    {
        "id": "java",
        "friendlyName": "Java SDK",
        "configurationProperties": [
            _property("service.name", "Service Name"),
            _property("java.package-name", "Java Package Name"),
            _property("java.build-system", "Java Build System", required=False),
            _property("java.group-id", "Java Group Id", required=False),
            _property("java.artifact-id", "Java Artifact Id", required=False),
            _property("java.artifact-version", "Java Artifact Version", required=False),
        ],
    },
    {"id": "javascript", "friendlyName": "JavaScript"},
    {
        "id": "objectivec",
        "friendlyName": "iOS (Objective-C)",
        "configurationProperties": [_property("classPrefix", "Prefix")],
    },
    {
        "id": "ruby",
        "friendlyName": "Ruby SDK",
        "configurationProperties": [
            _property("service.name", "Service Name"),
            _property("ruby.gem-name", "Ruby Gem Name", required=False),
            _property("ruby.gem-version", "Ruby Gem Version", required=False),
        ],
    },
    {
        "id": "swift",
        "friendlyName": "iOS (Swift)",
        "configurationProperties": [_property("classPrefix", "Prefix")],
    },
)


def get_sdk_types(tx: Tx, context: RequestContext, request: Request) -> Document:
    return page(_TYPES, request, lambda each: str(each["id"]))


def get_sdk_type(tx: Tx, context: RequestContext, request: Request) -> Document:
    for each in _TYPES:
        if each["id"] == request["id"]:
            return each
    raise NotFound("Invalid SDK type identifier specified")
