"""The IAM service: its operations, and what is loaded and finished at start and stop.

Operations that AWS has and this table has not are answered by the gateway with 501, each naming itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete

from lambent.core.service import read, waits
from lambent.services.iam import operations as rows
from lambent.services.iam.access_keys import AccessKeys
from lambent.services.iam.account_details import AccountDetails
from lambent.services.iam.account_settings import AccountSettings
from lambent.services.iam.accounts import Accounts
from lambent.services.iam.attachments import Attachments
from lambent.services.iam.calls import Calls
from lambent.services.iam.credential_reports import CredentialReports
from lambent.services.iam.directory import Directory
from lambent.services.iam.granting_policies import GrantingPolicies
from lambent.services.iam.groups import Groups
from lambent.services.iam.inline_policies import InlinePolicies
from lambent.services.iam.instance_profiles import InstanceProfiles
from lambent.services.iam.last_accessed import LastAccessed
from lambent.services.iam.login_profiles import LoginProfiles
from lambent.services.iam.managed_policies import ManagedPolicies
from lambent.services.iam.oidc_providers import OidcProviders
from lambent.services.iam.other_credentials import OtherCredentials
from lambent.services.iam.password_policies import PasswordPolicies
from lambent.services.iam.policy_versions import PolicyVersions
from lambent.services.iam.resources import IamResources
from lambent.services.iam.roles import Roles
from lambent.services.iam.sealing_keys import SealingKeys
from lambent.services.iam.service_linked_roles import ServiceLinkedRoles
from lambent.services.iam.simulations import Simulations
from lambent.services.iam.store import Store
from lambent.services.iam.tables import CALLS, USES
from lambent.services.iam.users import Users
from lambent.services.iam.uses import Uses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.clock import Clock
    from lambent.core.ports import Database, Tx
    from lambent.core.service import Operation


class IamService:
    """AWS Identity and Access Management.

    `accounts`, `directory`, `resources`, `uses`, `calls` and `sealing_keys` implement what others ask of it.

    Args:
        database: open, with its migrations run, before `start`.
        clock: dates of entities go by its calendar.
    """

    name = "iam"

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self.accounts = Accounts(database, clock)
        self.directory = Directory(database, self.accounts)
        self.resources = IamResources(self.directory)
        self.uses = Uses(database, clock)
        self.calls = Calls(database, clock)
        self.sealing_keys = SealingKeys(database)
        store = Store(self.directory)
        attachments = Attachments(store)
        policies = ManagedPolicies(store, attachments)
        profiles = InstanceProfiles(store)
        providers = OidcProviders(store)
        details = AccountDetails(store, profiles)
        granting = GrantingPolicies(self.directory)
        last_accessed = LastAccessed(database, self.directory, self.calls)
        self.operations: Mapping[str, Operation] = {
            **rows.user_operations(
                Users(store, attachments),
                AccessKeys(store, self.accounts),
                LoginProfiles(store),
                PasswordPolicies(store),
            ),
            **rows.group_operations(Groups(store)),
            **rows.role_operations(Roles(store, attachments), ServiceLinkedRoles(store), profiles),
            **rows.policy_operations(
                policies, PolicyVersions(policies), attachments, InlinePolicies(store)
            ),
            **rows.account_operations(AccountSettings(store), CredentialReports(store), providers),
            **rows.tag_operations(store, policies, providers),
            **rows.other_credential_operations(OtherCredentials(store)),
            **rows.simulation_operations(Simulations(self.directory)),
            "GenerateServiceLastAccessedDetails": waits(last_accessed.generate),
            "GetServiceLastAccessedDetails": waits(last_accessed.get),
            "GetServiceLastAccessedDetailsWithEntities": waits(last_accessed.get_with_entities),
            "ListPoliciesGrantingServiceAccess": waits(granting.list),
            "GetAccountAuthorizationDetails": read(details.get_account_authorization_details),
        }

    async def start(self) -> None:
        """Load what requests ask for into memory."""
        await self.accounts.load()
        await self.directory.load()
        await self.sealing_keys.load()

    async def stop(self) -> None:
        """Finish what is written behind the back of requests."""
        await self.uses.settled()
        await self.calls.settled()

    async def reset(self, kept_account_id: str) -> None:
        """Forget every account but one, and of that one everything but its root's key (`--test-mode`)."""
        await self.directory.reset()
        await self.accounts.reset(kept_account_id)
        self.uses.forget()
        self.calls.forget()
        await self._database.write(_forget_uses)


def _forget_uses(tx: Tx) -> None:
    tx.execute(delete(USES))
    tx.execute(delete(CALLS))
