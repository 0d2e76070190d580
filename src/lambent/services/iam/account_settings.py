"""What an account has one of: its alias and its summary."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from lambent.services.iam.errors import EntityAlreadyExists, NoSuchEntity
from lambent.services.iam.model import (
    Group,
    InstanceProfile,
    OidcProvider,
    Policy,
    Role,
    Settings,
    User,
    seconds,
)
from lambent.services.iam.paging import page
from lambent.services.iam.tables import ACCESS_KEYS, ENTITIES

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreateAccountAliasRequestTypeDef,
        DeleteAccountAliasRequestTypeDef,
        ListAccountAliasesRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.iam.store import Store

# Quotas that GetAccountSummary tells, with their usual values (IAM and AWS STS quotas).
_QUOTAS = {
    "UsersQuota": 5000,
    "GroupsQuota": 300,
    "RolesQuota": 1000,
    "PoliciesQuota": 1500,
    "InstanceProfilesQuota": 1000,
    "ServerCertificatesQuota": 20,
    "UserPolicySizeQuota": 2048,
    "GroupPolicySizeQuota": 5120,
    "RolePolicySizeQuota": 10240,
    "PolicySizeQuota": 6144,
    "AssumeRolePolicySizeQuota": 2048,
    "GroupsPerUserQuota": 10,
    "SigningCertificatesPerUserQuota": 2,
    "AccessKeysPerUserQuota": 2,
    "AttachedPoliciesPerUserQuota": 10,
    "AttachedPoliciesPerGroupQuota": 10,
    "AttachedPoliciesPerRoleQuota": 20,
    "VersionsPerPolicyQuota": 5,
    "PolicyVersionsInUseQuota": 10000,
    "GlobalEndpointTokenVersion": 1,
}
_NAME = "account"


def settings_of(store: Store, tx: Tx, context: RequestContext) -> Settings:
    """The account's settings; fresh ones where none have been made yet."""
    account_id = context.scope.account_id
    found = store.find(tx, account_id, Settings, _NAME)
    if found is not None:
        return found
    return Settings(account_id=account_id, name=_NAME, id="", created_s=seconds(context.now))


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """The operations on the account itself."""

    store: Store

    def create_account_alias(
        self, tx: Tx, context: RequestContext, request: CreateAccountAliasRequestTypeDef
    ) -> Document:
        alias, settings = request["AccountAlias"], settings_of(self.store, tx, context)
        # "Your Amazon Web Services account ID alias must be unique across all Amazon Web Services products."
        taken = ENTITIES.c.document.contains(f'"alias":"{alias}"')
        owner = tx.one(select(ENTITIES.c.account_id).where(ENTITIES.c.kind == Settings.kind, taken))
        if owner is not None and owner.account_id != settings.account_id:
            raise EntityAlreadyExists(f"The account alias {alias} already exists.")
        self.store.put(tx, replace(settings, alias=alias))
        return {}

    def delete_account_alias(
        self, tx: Tx, context: RequestContext, request: DeleteAccountAliasRequestTypeDef
    ) -> Document:
        alias, settings = request["AccountAlias"], settings_of(self.store, tx, context)
        if settings.alias != alias:
            raise NoSuchEntity(f"The account alias with name {alias} cannot be found.")
        self.store.put(tx, replace(settings, alias=""))
        return {}

    def list_account_aliases(
        self, tx: Tx, context: RequestContext, request: ListAccountAliasesRequestTypeDef
    ) -> Document:
        alias = settings_of(self.store, tx, context).alias
        return page(request, "AccountAliases", [alias] if alias else [])

    def get_account_summary(self, tx: Tx, context: RequestContext, request: Document) -> Document:
        account_id = context.scope.account_id
        policies = self.store.all(tx, account_id, Policy)
        root_keys = tx.all(
            select(ACCESS_KEYS.c.access_key_id).where(
                ACCESS_KEYS.c.account_id == account_id, ACCESS_KEYS.c.user_name.is_(None)
            )
        )
        counts = {
            "Users": len(self.store.all(tx, account_id, User)),
            "Groups": len(self.store.all(tx, account_id, Group)),
            "Roles": len(self.store.all(tx, account_id, Role)),
            "InstanceProfiles": len(self.store.all(tx, account_id, InstanceProfile)),
            "Providers": len(self.store.all(tx, account_id, OidcProvider)),
            "Policies": len(policies),
            "PolicyVersionsInUse": sum(len(policy.versions) for policy in policies),
            "ServerCertificates": 0,
            "MFADevices": 0,
            "MFADevicesInUse": 0,
            "AccountMFAEnabled": 0,
            "AccountAccessKeysPresent": int(bool(root_keys)),
            "AccountPasswordPresent": 0,
            "AccountSigningCertificatesPresent": 0,
        }
        return {"SummaryMap": counts | _QUOTAS}
