"""AWS IAM ("Actions, resources, and condition keys for AWS Identity and Access Management", Service Authorization
Reference; "Resource types defined by AWS IAM").

A request names users, roles and groups without their paths; `ResourceFacts.full_arn` completes what is made here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lambent.policy.needs.lambda_ import pass_role
from lambent.policy.needs.rows import Need, Needs, any_resource, arn_in, canonical, member, named

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.policy.needs.rows import Resource, Where


def _named_by(kind: str, name: str) -> Resource:
    """`arn:aws:iam::ACCOUNT:KIND/NAME`, with the path where the request brings one (the creating operations)."""

    def resource(where: Where) -> str:
        path = where.text("Path") or "/"
        return f"arn:aws:iam::{where.account_id}:{kind}{path}{where.text(name)}"

    return resource


def _listed(kind: str) -> Resource:
    """What a list is about: the path that it is asked for."""

    def resource(where: Where) -> str:
        return f"arn:aws:iam::{where.account_id}:{kind}{where.text('PathPrefix') or '/'}"

    return resource


def _all_of(kind: str) -> Resource:
    return lambda where: f"arn:aws:iam::{where.account_id}:{kind}/*"


def own_user(where: Where) -> str:
    """The user that is named, else the one who asks."""
    name = where.text("UserName")
    if not name and ":user/" in where.caller_arn:
        return where.caller_arn
    return f"arn:aws:iam::{where.account_id}:user/{name}" if name else "*"


def _by_arn_or_name(kind: str, name: str) -> Resource:
    """A member that holds an ARN (serial numbers of virtual devices)."""

    def resource(where: Where) -> str:
        text = where.text(name)
        if text.startswith("arn:"):
            return canonical(text)
        return f"arn:aws:iam::{where.account_id}:{kind}/{text}"

    return resource


def policy_path(where: Where) -> str:
    """IAM's own word for what ListPolicies is about; only `*` matches it."""
    return f"policy path {where.text('PathPrefix') or '/'}"


def service_linked_role(where: Where) -> str:
    service = where.text("AWSServiceName")
    return f"arn:aws:iam::{where.account_id}:role/aws-service-role/{service}/*"


def oidc_provider(where: Where) -> str:
    host = where.text("Url").removeprefix("https://").rstrip("/")
    return f"arn:aws:iam::{where.account_id}:oidc-provider/{host}"


user = _named_by("user", "UserName")
role = _named_by("role", "RoleName")
group = _named_by("group", "GroupName")
new_policy = _named_by("policy", "PolicyName")
policy = arn_in("PolicyArn")
instance_profile = _named_by("instance-profile", "InstanceProfileName")
certificate = _named_by("server-certificate", "ServerCertificateName")
saml_provider = arn_in("SAMLProviderArn")
device = _by_arn_or_name("mfa", "SerialNumber")
entity = arn_in("Arn")

_NAMED = named(
    "iam",
    {
        any_resource: """
            AcceptDelegationRequest AcquireRole AssociateDelegationRequest CreateAccountAlias
            CreateDelegationRequest DeleteAccountAlias DeleteAccountPasswordPolicy
            DisableOrganizationsRootCredentialsManagement DisableOrganizationsRootSessions
            DisableOutboundWebIdentityFederation EnableOrganizationsRootCredentialsManagement
            EnableOrganizationsRootSessions EnableOutboundWebIdentityFederation
            GenerateCredentialReport GenerateOrganizationsAccessReport
            GetAccountAuthorizationDetails GetAccountPasswordPolicy GetAccountProperties
            GetAccountSummary GetContextKeysForCustomPolicy GetCredentialReport
            GetDelegationRequest GetHumanReadableSummary GetOrganizationsAccessReport
            GetOutboundWebIdentityFederationInfo GetRoleTemplateVersion
            GetServiceLastAccessedDetails GetServiceLastAccessedDetailsWithEntities
            ListAccountAliases ListDelegationRequests ListOrganizationsFeatures
            PutAccountProperties RejectDelegationRequest SendDelegationToken
            SetSecurityTokenServicePreferences SimulateCustomPolicy UpdateAccountPasswordPolicy
            UpdateDelegationRequest GetAccessKeyLastUsed
        """,
        user: """
            AttachUserPolicy CreateServiceSpecificCredential CreateUser DeleteSSHPublicKey
            DeleteUser DeleteUserPermissionsBoundary DeleteUserPolicy DetachUserPolicy
            EnableMFADevice GetSSHPublicKey GetUserPolicy ListAttachedUserPolicies
            ListGroupsForUser ListUserPolicies ListUserTags PutUserPermissionsBoundary
            PutUserPolicy ResyncMFADevice TagUser UntagUser UpdateLoginProfile UpdateSSHPublicKey
            UpdateUser UploadSSHPublicKey
        """,
        own_user: """
            ChangePassword CreateAccessKey CreateLoginProfile DeactivateMFADevice DeleteAccessKey
            DeleteLoginProfile DeleteServiceSpecificCredential DeleteSigningCertificate
            GetLoginProfile GetMFADevice GetUser ListAccessKeys ListMFADevices ListSSHPublicKeys
            ListServiceSpecificCredentials ListSigningCertificates ResetServiceSpecificCredential
            UpdateAccessKey UpdateServiceSpecificCredential UpdateSigningCertificate
            UploadSigningCertificate
        """,
        role: """
            AttachRolePolicy CreateRole DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy
            DeleteServiceLinkedRole DetachRolePolicy GetRole GetRolePolicy
            ListAttachedRolePolicies ListInstanceProfilesForRole ListRolePolicies ListRoleTags
            PutRolePermissionsBoundary PutRolePolicy TagRole UntagRole UpdateAssumeRolePolicy
            UpdateRole UpdateRoleDescription
        """,
        group: """
            AddUserToGroup AttachGroupPolicy CreateGroup DeleteGroup DeleteGroupPolicy
            DetachGroupPolicy GetGroup GetGroupPolicy ListAttachedGroupPolicies ListGroupPolicies
            PutGroupPolicy RemoveUserFromGroup UpdateGroup
        """,
        policy: """
            CreatePolicyVersion DeletePolicy DeletePolicyVersion GetPolicy GetPolicyVersion
            ListEntitiesForPolicy ListPolicyTags ListPolicyVersions SetDefaultPolicyVersion
            TagPolicy UntagPolicy
        """,
        new_policy: "CreatePolicy",
        instance_profile: """
            AddRoleToInstanceProfile CreateInstanceProfile DeleteInstanceProfile
            GetInstanceProfile ListInstanceProfileTags RemoveRoleFromInstanceProfile
            TagInstanceProfile UntagInstanceProfile
        """,
        certificate: """
            DeleteServerCertificate GetServerCertificate ListServerCertificateTags
            TagServerCertificate UntagServerCertificate UpdateServerCertificate
            UploadServerCertificate
        """,
        saml_provider: """
            DeleteSAMLProvider GetSAMLProvider ListSAMLProviderTags TagSAMLProvider
            UntagSAMLProvider UpdateSAMLProvider
        """,
        _named_by("saml-provider", "Name"): "CreateSAMLProvider",
        arn_in("OpenIDConnectProviderArn"): """
            AddClientIDToOpenIDConnectProvider DeleteOpenIDConnectProvider
            GetOpenIDConnectProvider ListOpenIDConnectProviderTags
            RemoveClientIDFromOpenIDConnectProvider TagOpenIDConnectProvider
            UntagOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint
        """,
        oidc_provider: "CreateOpenIDConnectProvider",
        device: "DeleteVirtualMFADevice ListMFADeviceTags TagMFADevice UntagMFADevice",
        _named_by("mfa", "VirtualMFADeviceName"): "CreateVirtualMFADevice",
        entity: "GenerateServiceLastAccessedDetails ListPoliciesGrantingServiceAccess",
        arn_in("PolicySourceArn"): "GetContextKeysForPrincipalPolicy SimulatePrincipalPolicy",
        service_linked_role: "CreateServiceLinkedRole",
        _all_of("role"): "GetServiceLinkedRoleDeletionStatus",
        policy_path: "ListPolicies",
        _listed("user"): "ListUsers",
        _listed("role"): "ListRoles",
        _listed("group"): "ListGroups",
        _listed("instance-profile"): "ListInstanceProfiles",
        _listed("server-certificate"): "ListServerCertificates",
        _all_of("mfa"): "ListVirtualMFADevices",
        _all_of("saml-provider"): "ListSAMLProviders",
        _all_of("oidc-provider"): "ListOpenIDConnectProviders",
    },
)

_BOUNDARY = {"iam:permissionsboundary": member("PermissionsBoundary")}
_POLICY_ARN = {"iam:policyarn": member("PolicyArn")}


def _changed(names: str, change: Callable[[Need], Need]) -> None:
    for name in names.split():
        first, *rest = ROWS[name]
        ROWS[name] = (change(first), *rest)


ROWS: dict[str, Needs] = {
    **_NAMED,
    "AddRoleToInstanceProfile": (
        *_NAMED["AddRoleToInstanceProfile"],
        replace(pass_role("", "ec2.amazonaws.com"), resource=role),
    ),
}
_changed(
    "CreateUser CreateRole PutUserPermissionsBoundary PutRolePermissionsBoundary",
    lambda need: replace(need, keys=_BOUNDARY),
)
_changed(
    "AttachUserPolicy AttachRolePolicy AttachGroupPolicy "
    "DetachUserPolicy DetachRolePolicy DetachGroupPolicy",
    lambda need: replace(need, keys=_POLICY_ARN),
)
_changed(  # AWS was seen to let callers ask about another account, and IAM itself to refuse that
    "GetContextKeysForPrincipalPolicy SimulatePrincipalPolicy",
    lambda need: replace(need, is_own_side=True),
)
_changed(
    "CreateServiceLinkedRole",
    lambda need: replace(need, keys={"iam:awsservicename": member("AWSServiceName")}),
)
_changed(
    "CreateInstanceProfile CreateOpenIDConnectProvider CreatePolicy CreateRole "
    "CreateSAMLProvider CreateUser CreateVirtualMFADevice TagInstanceProfile TagMFADevice "
    "TagOpenIDConnectProvider TagPolicy TagRole TagSAMLProvider TagServerCertificate TagUser "
    "UploadServerCertificate",
    lambda need: replace(need, has_tags="Tags"),
)
_changed(
    "UntagInstanceProfile UntagMFADevice UntagOpenIDConnectProvider UntagPolicy UntagRole "
    "UntagSAMLProvider UntagServerCertificate UntagUser",
    lambda need: replace(need, has_tags="TagKeys"),
)
