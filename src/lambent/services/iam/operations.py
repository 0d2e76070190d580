"""The operation table of IAM, in parts: which function answers which operation."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, get_args

from lambent.core.service import Operation, read, waits, write
from lambent.services.iam.attachments import Noun
from lambent.services.iam.model import InstanceProfile, Role, User
from lambent.services.iam.naming import get
from lambent.services.iam.other_credentials import OF_ACCOUNTS, OF_USERS
from lambent.services.iam.tags import Tagging

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.services.iam.access_keys import AccessKeys
    from lambent.services.iam.account_settings import AccountSettings
    from lambent.services.iam.attachments import Attachments
    from lambent.services.iam.credential_reports import CredentialReports
    from lambent.services.iam.groups import Groups
    from lambent.services.iam.inline_policies import InlinePolicies
    from lambent.services.iam.instance_profiles import InstanceProfiles
    from lambent.services.iam.login_profiles import LoginProfiles
    from lambent.services.iam.managed_policies import ManagedPolicies
    from lambent.services.iam.model import Entity
    from lambent.services.iam.oidc_providers import OidcProviders
    from lambent.services.iam.other_credentials import OtherCredentials
    from lambent.services.iam.password_policies import PasswordPolicies
    from lambent.services.iam.policy_versions import PolicyVersions
    from lambent.services.iam.roles import Roles
    from lambent.services.iam.service_linked_roles import ServiceLinkedRoles
    from lambent.services.iam.simulations import Simulations
    from lambent.services.iam.store import Store
    from lambent.services.iam.tags import Find
    from lambent.services.iam.users import Users

Operations = dict[str, Operation]
_NOUNS: tuple[Noun, ...] = get_args(Noun)


def user_operations(
    users: Users, keys: AccessKeys, logins: LoginProfiles, passwords: PasswordPolicies
) -> Operations:
    return {
        "CreateUser": write(users.create_user),
        "GetUser": read(users.get_user),
        "ListUsers": read(users.list_users),
        "UpdateUser": write(users.update_user),
        "DeleteUser": write(users.delete_user),
        "CreateAccessKey": write(keys.create_access_key),
        "ListAccessKeys": read(keys.list_access_keys),
        "UpdateAccessKey": write(keys.update_access_key),
        "DeleteAccessKey": write(keys.delete_access_key),
        "GetAccessKeyLastUsed": read(keys.get_access_key_last_used),
        "CreateLoginProfile": write(logins.create_login_profile),
        "GetLoginProfile": read(logins.get_login_profile),
        "UpdateLoginProfile": write(logins.update_login_profile),
        "DeleteLoginProfile": write(logins.delete_login_profile),
        "ChangePassword": write(logins.change_password),
        "UpdateAccountPasswordPolicy": write(passwords.update_account_password_policy),
        "GetAccountPasswordPolicy": read(passwords.get_account_password_policy),
        "DeleteAccountPasswordPolicy": write(passwords.delete_account_password_policy),
    }


def group_operations(groups: Groups) -> Operations:
    return {
        "CreateGroup": write(groups.create_group),
        "GetGroup": read(groups.get_group),
        "ListGroups": read(groups.list_groups),
        "ListGroupsForUser": read(groups.list_groups_for_user),
        "UpdateGroup": write(groups.update_group),
        "DeleteGroup": write(groups.delete_group),
        "AddUserToGroup": write(groups.add_user_to_group),
        "RemoveUserFromGroup": write(groups.remove_user_from_group),
    }


def role_operations(
    roles: Roles, linked: ServiceLinkedRoles, profiles: InstanceProfiles
) -> Operations:
    return {
        "CreateRole": write(roles.create_role),
        "GetRole": read(roles.get_role),
        "ListRoles": read(roles.list_roles),
        "UpdateRole": write(roles.update_role),
        "UpdateRoleDescription": write(roles.update_role_description),
        "UpdateAssumeRolePolicy": write(roles.update_assume_role_policy),
        "DeleteRole": write(roles.delete_role),
        "CreateServiceLinkedRole": write(linked.create_service_linked_role),
        "DeleteServiceLinkedRole": write(linked.delete_service_linked_role),
        "GetServiceLinkedRoleDeletionStatus": read(linked.get_service_linked_role_deletion_status),
        "CreateInstanceProfile": write(profiles.create_instance_profile),
        "GetInstanceProfile": read(profiles.get_instance_profile),
        "ListInstanceProfiles": read(profiles.list_instance_profiles),
        "ListInstanceProfilesForRole": read(profiles.list_instance_profiles_for_role),
        "AddRoleToInstanceProfile": write(profiles.add_role_to_instance_profile),
        "RemoveRoleFromInstanceProfile": write(profiles.remove_role_from_instance_profile),
        "DeleteInstanceProfile": write(profiles.delete_instance_profile),
    }


def policy_operations(
    policies: ManagedPolicies,
    versions: PolicyVersions,
    attachments: Attachments,
    inline: InlinePolicies,
) -> Operations:
    operations = {
        "CreatePolicy": write(policies.create_policy),
        "GetPolicy": read(policies.get_policy),
        "ListPolicies": read(policies.list_policies),
        "DeletePolicy": write(policies.delete_policy),
        "ListEntitiesForPolicy": read(policies.list_entities_for_policy),
        "CreatePolicyVersion": write(versions.create_policy_version),
        "GetPolicyVersion": read(versions.get_policy_version),
        "ListPolicyVersions": read(versions.list_policy_versions),
        "SetDefaultPolicyVersion": write(versions.set_default_policy_version),
        "DeletePolicyVersion": write(versions.delete_policy_version),
    }
    for noun in _NOUNS:
        operations |= {
            f"Attach{noun}Policy": write(partial(attachments.attach, noun)),
            f"Detach{noun}Policy": write(partial(attachments.detach, noun)),
            f"ListAttached{noun}Policies": read(partial(attachments.list, noun)),
            f"Put{noun}Policy": write(partial(inline.put, noun)),
            f"Get{noun}Policy": read(partial(inline.get, noun)),
            f"Delete{noun}Policy": write(partial(inline.delete, noun)),
            f"List{noun}Policies": read(partial(inline.list, noun)),
        }
        if noun != "Group":
            operations |= {
                f"Put{noun}PermissionsBoundary": write(partial(attachments.put_boundary, noun)),
                f"Delete{noun}PermissionsBoundary": write(
                    partial(attachments.delete_boundary, noun)
                ),
            }
    return operations


def account_operations(
    settings: AccountSettings, reports: CredentialReports, providers: OidcProviders
) -> Operations:
    return {
        "CreateAccountAlias": write(settings.create_account_alias),
        "DeleteAccountAlias": write(settings.delete_account_alias),
        "ListAccountAliases": read(settings.list_account_aliases),
        "GetAccountSummary": read(settings.get_account_summary),
        "GenerateCredentialReport": write(reports.generate_credential_report),
        "GetCredentialReport": read(reports.get_credential_report),
        "CreateOpenIDConnectProvider": write(providers.create_open_id_connect_provider),
        "GetOpenIDConnectProvider": read(providers.get_open_id_connect_provider),
        "ListOpenIDConnectProviders": read(providers.list_open_id_connect_providers),
        "DeleteOpenIDConnectProvider": write(providers.delete_open_id_connect_provider),
        "AddClientIDToOpenIDConnectProvider": write(providers.add_client_id),
        "RemoveClientIDFromOpenIDConnectProvider": write(providers.remove_client_id),
        "UpdateOpenIDConnectProviderThumbprint": write(providers.update_thumbprint),
    }


def other_credential_operations(others: OtherCredentials) -> Operations:
    return {
        **{name: read(partial(others.of_user, member)) for name, member in OF_USERS.items()},
        **{name: read(partial(others.of_account, member)) for name, member in OF_ACCOUNTS.items()},
    }


def simulation_operations(simulations: Simulations) -> Operations:
    return {
        "SimulateCustomPolicy": waits(simulations.simulate_custom_policy),
        "SimulatePrincipalPolicy": waits(simulations.simulate_principal_policy),
        "GetContextKeysForCustomPolicy": waits(simulations.get_context_keys_for_custom_policy),
        "GetContextKeysForPrincipalPolicy": waits(
            simulations.get_context_keys_for_principal_policy
        ),
    }


def tag_operations(store: Store, policies: ManagedPolicies, providers: OidcProviders) -> Operations:
    def by_name(kind: type[Entity], member: str) -> Find:
        def find(tx: Tx, context: RequestContext, request: Mapping[str, Any]) -> Entity:
            return get(store, tx, context, kind, request[member])

        return find

    def policy(tx: Tx, context: RequestContext, request: Mapping[str, Any]) -> Entity:
        return policies.own(tx, context, request["PolicyArn"])

    kinds: dict[str, Find] = {
        "User": by_name(User, "UserName"),
        "Role": by_name(Role, "RoleName"),
        "InstanceProfile": by_name(InstanceProfile, "InstanceProfileName"),
        "Policy": policy,
        "OpenIDConnectProvider": providers.find,
    }
    operations: Operations = {}
    for noun, find in kinds.items():
        tagging = Tagging(store, find)
        operations |= {
            f"Tag{noun}": write(tagging.tag),
            f"Untag{noun}": write(tagging.untag),
            f"List{noun}Tags": read(tagging.list),
        }
    return operations
