"""What policies go by of the resources of IAM (`core.ports.ResourceFacts`): users, groups, roles, policies."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from lambent.core.ports import NamedPolicy
from lambent.services.iam.model import Identity, OidcProvider, Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lambent.services.iam.directory import Directory
    from lambent.services.iam.model import Entity

_NO_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType({})
_NO_TAGS: Mapping[str, str] = MappingProxyType({})


class IamResources:
    """Args: where the entities are."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def policies(self, arn: str) -> Sequence[NamedPolicy]:
        """Of a role its trust policy."""
        found = self._find(arn)
        if not isinstance(found, Role):
            return ()
        return (NamedPolicy(f"role/{found.name}/trust", found.trust),)

    def tags(self, arn: str) -> Mapping[str, str]:
        found = self._find(arn)
        return _NO_TAGS if found is None else found.tags

    def keys(self, arn: str) -> Mapping[str, tuple[str, ...]]:
        """`iam:PermissionsBoundary`."""
        found = self._find(arn)
        if isinstance(found, Identity) and found.boundary:
            return {"iam:permissionsboundary": (found.boundary,)}
        return _NO_KEYS

    def full_arn(self, arn: str) -> str:
        """With the path of what it names, whatever path is written."""
        found = self._find(arn)
        return arn if found is None else found.arn

    def generation(self, account_id: str) -> int:
        return self._directory.generation(account_id)

    def _find(self, arn: str) -> Entity | None:
        parts = arn.split(":", 5)
        if len(parts) != 6 or "*" in parts[5]:
            return None
        kind, _, path = parts[5].partition("/")
        # The name of an identity provider is its address, which may hold slashes.
        name = path if kind == OidcProvider.kind else path.rpartition("/")[2]
        return self._directory.named(parts[4], kind, name)
