"""OpenID Connect identity providers: whose tokens AssumeRoleWithWebIdentity takes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lambent.services.iam.errors import (
    EntityAlreadyExists,
    InvalidInput,
    LimitExceeded,
    NoSuchEntity,
    ValidationError,
)
from lambent.services.iam.model import OidcProvider, seconds
from lambent.services.iam.naming import refuse_bad_arn
from lambent.services.iam.tags import merged, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_iam.type_defs import (
        AddClientIDToOpenIDConnectProviderRequestTypeDef,
        CreateOpenIDConnectProviderRequestTypeDef,
        RemoveClientIDFromOpenIDConnectProviderRequestTypeDef,
        UpdateOpenIDConnectProviderThumbprintRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.iam.store import Store

_MOST_CLIENT_IDS = 100
_MOST_THUMBPRINTS = 5
_URL = re.compile(r"https://[^\s?#/:]+(?::443)?(/[^\s?#]*)?")


@dataclass(frozen=True, slots=True)
class OidcProviders:
    """The operations on OpenID Connect providers."""

    store: Store

    def create_open_id_connect_provider(
        self, tx: Tx, context: RequestContext, request: CreateOpenIDConnectProviderRequestTypeDef
    ) -> Document:
        url = request["Url"]
        if not url.startswith("https://"):
            raise InvalidInput("Invalid Open ID Connect Provider URL")
        if _URL.fullmatch(url) is None:
            raise ValidationError("Invalid Open ID Connect Provider URL")
        name = url.removeprefix("https://").rstrip("/")
        if self.store.find(tx, context.scope.account_id, OidcProvider, name) is not None:
            raise EntityAlreadyExists(f"Provider with url {url} already exists.")
        client_ids = tuple(request.get("ClientIDList", ()))
        _refuse_many(client_ids)
        thumbprints = tuple(request.get("ThumbprintList", ()))
        _refuse_many_thumbprints(thumbprints)
        provider = OidcProvider(
            account_id=context.scope.account_id,
            name=name,
            id=name,
            created_s=seconds(context.now),
            client_ids=client_ids,
            thumbprints=thumbprints,
            tags=merged({}, request.get("Tags", ())),
        )
        self.store.put(tx, provider)
        return {"OpenIDConnectProviderArn": provider.arn, **_tags(provider)}

    def get_open_id_connect_provider(
        self, tx: Tx, context: RequestContext, request: Mapping[str, Any]
    ) -> Document:
        provider = self.find(tx, context, request)
        return {
            "Url": provider.name,
            "ClientIDList": provider.client_ids,
            "ThumbprintList": provider.thumbprints,
            "CreateDate": provider.created,
            **_tags(provider),
        }

    def list_open_id_connect_providers(
        self, tx: Tx, context: RequestContext, request: Document
    ) -> Document:
        found = self.store.all(tx, context.scope.account_id, OidcProvider)
        return {"OpenIDConnectProviderList": [{"Arn": provider.arn} for provider in found]}

    def delete_open_id_connect_provider(
        self, tx: Tx, context: RequestContext, request: Mapping[str, Any]
    ) -> Document:
        """Deleting one that is not there succeeds (it is documented as idempotent)."""
        refuse_bad_arn(request["OpenIDConnectProviderArn"])
        provider = self._known(tx, context, request)
        if provider is not None:
            self.store.remove(tx, provider)
        return {}

    def add_client_id(
        self,
        tx: Tx,
        context: RequestContext,
        request: AddClientIDToOpenIDConnectProviderRequestTypeDef,
    ) -> Document:
        provider, client_id = self.find(tx, context, request), request["ClientID"]
        if client_id not in provider.client_ids:
            client_ids = (*provider.client_ids, client_id)
            _refuse_many(client_ids)
            self.store.put(tx, replace(provider, client_ids=client_ids))
        return {}

    def remove_client_id(
        self,
        tx: Tx,
        context: RequestContext,
        request: RemoveClientIDFromOpenIDConnectProviderRequestTypeDef,
    ) -> Document:
        provider, client_id = self.find(tx, context, request), request["ClientID"]
        kept = tuple(each for each in provider.client_ids if each != client_id)
        self.store.put(tx, replace(provider, client_ids=kept))
        return {}

    def update_thumbprint(
        self,
        tx: Tx,
        context: RequestContext,
        request: UpdateOpenIDConnectProviderThumbprintRequestTypeDef,
    ) -> Document:
        provider = self.find(tx, context, request)
        thumbprints = tuple(request["ThumbprintList"])
        if not thumbprints:
            raise InvalidInput("Thumbprint list must contain at least one entry.")
        _refuse_many_thumbprints(thumbprints)
        self.store.put(tx, replace(provider, thumbprints=thumbprints))
        return {}

    def find(self, tx: Tx, context: RequestContext, request: Mapping[str, Any]) -> OidcProvider:
        """Raises NoSuchEntity, and InvalidInput for what is no ARN."""
        arn = request["OpenIDConnectProviderArn"]
        refuse_bad_arn(arn)
        provider = self._known(tx, context, request)
        if provider is None:
            raise NoSuchEntity(f"OpenIDConnect Provider not found for arn {arn}")
        return provider

    def _known(
        self, tx: Tx, context: RequestContext, request: Mapping[str, Any]
    ) -> OidcProvider | None:
        arn: str = request["OpenIDConnectProviderArn"]
        name = arn.partition(":oidc-provider/")[2]
        found = self.store.find(tx, context.scope.account_id, OidcProvider, name)
        return found if found is not None and found.arn == arn else None


def _refuse_many(client_ids: tuple[str, ...]) -> None:
    if len(client_ids) > _MOST_CLIENT_IDS:
        raise LimitExceeded(
            f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {_MOST_CLIENT_IDS}"
        )
    if any(not 0 < len(each) <= 255 for each in client_ids):
        raise InvalidInput("Client IDs have between 1 and 255 characters")


def _refuse_many_thumbprints(thumbprints: tuple[str, ...]) -> None:
    if len(thumbprints) > _MOST_THUMBPRINTS:
        raise InvalidInput(f"Thumbprint list must contain fewer than {_MOST_THUMBPRINTS} entries.")


def _tags(provider: OidcProvider) -> dict[str, Any]:
    return {"Tags": shown(provider.tags)} if provider.tags else {}
