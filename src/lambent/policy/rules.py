"""What each kind of policy may and must say, with the texts in which IAM refuses the rest.

The texts are those that IAM answers as `MalformedPolicyDocument`. Where AWS says nothing but that the policy "failed
legacy parsing", so do we; the reason beside it says more.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from lambent.policy.faults import SYNTAX, malformed
from lambent.policy.globs import glob
from lambent.policy.json_text import Array
from lambent.policy.values import is_value

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from lambent.policy.documents import Statement
    from lambent.policy.json_text import Object
    from lambent.policy.operator_names import OperatorName

Kind = Literal["identity", "managed", "boundary", "session", "trust", "resource"]
Placed = list[tuple[str, int]]  # values with their offsets

LEGACY = "The policy failed legacy parsing"
NO_JSON = {
    "trust": "This policy contains invalid Json",
    "session": "The policy is not in the valid JSON format.",
}
# AWS answers it with the name of its own exception.
_NOBODY = (
    "Invalid principal in policy: com.amazon.balsa.error.InvalidPolicyException: "
    "The passed in policy has a statement with no principals!"
)
_VERSIONS = ("2008-10-17", "2012-10-17")
# Boundaries are managed policies, and those are of the newer version only.
_NEW_VERSION_ONLY = frozenset({"managed", "boundary"})
_OF_IDENTITIES = frozenset({"identity", "managed", "boundary", "session"})

_SID = re.compile(r"[0-9A-Za-z]*")
_VENDOR = re.compile(r"[a-zA-Z0-9-]+")
_ACTION = re.compile(r"[a-zA-Z0-9*?]+")
# Ours: AWS refuses the others' in the policies of its ordinary accounts.
_PARTITION = "aws"
_ACCOUNT = re.compile(r"\d{12}")
# As the console shows account ids.
_DASHED_ACCOUNT = re.compile(r"\d{4}-\d{4}-\d{4}")
_PRINCIPAL_ARN = re.compile(
    r"arn:aws(?:-[a-z]+)*:(?:"
    r"iam::\d{12}:(?:root|(?:user|role)/[\x21-\x7e]+)"
    r"|sts::\d{12}:(?:assumed-role|federated-user)/[\x21-\x7e]+"
    r"|iam::cloudfront:user/[\x21-\x7e]+)"
)
# A deleted user or role stays in policies under its unique id.
_PRINCIPAL_ID = re.compile(r"A(?:IDA|ROA)[A-Z0-9]{12,}")
_SERVICE = re.compile(r"(?:[a-z0-9-]+\.)+(?:amazonaws\.com(?:\.cn)?|amazon\.com|aws\.internal)")
_TRUST_ACTIONS = frozenset(
    {
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
        "sts:TagSession",
        "sts:SetSourceIdentity",
        "sts:SetContext",
    }
)
_COGNITO = "cognito-identity.amazonaws.com"
_IAM_RESOURCES = (
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
)
_IAM_PATH = f'IAM resource path must either be "*" or start with {", ".join(_IAM_RESOURCES)}.'
# Keys of identity providers begin with the provider's URL: `oidc.eks.us-west-2.amazonaws.com/id/EXAMPLE:sub`.
_KEY = re.compile(r"[A-Za-z0-9._/-]+:[\x20-\x7e\xa0-\U0010ffff]+")


def check_version(version: str, kind: Kind, offset: int) -> None:
    if version not in _VERSIONS:
        raise malformed(SYNTAX, f"there is no version {version}", offset)
    if kind in _NEW_VERSION_ONLY and version != _VERSIONS[1]:
        raise malformed("Policy document must be version 2012-10-17 or greater.", "", offset)


def unknown_element(name: str, kind: Kind) -> str:
    """What IAM says of an element that no policy has."""
    return f"Unknown field {name}" if kind == "trust" else SYNTAX


def check_elements(node: Object, kind: Kind) -> None:
    """The elements that must and must not be there."""
    if kind in _OF_IDENTITIES:
        _check_identity(node)
    elif kind == "trust":
        _check_trust(node)
    else:
        for name in ("Principal", "Action"):
            if name not in node.members and f"Not{name}" not in node.members:
                raise malformed(f"Missing required field {name}", "", node.start)


def _check_identity(node: Object) -> None:
    for name in ("Principal", "NotPrincipal"):
        if name in node.members:
            text = "Policy document should not specify a principal."
            raise malformed(text, "", node.names[name])
    actions = node.members.get("Action", node.members.get("NotAction"))
    if actions is None or (isinstance(actions, Array) and not actions.items):
        raise malformed("Policy statement must contain actions.", "", node.start)
    if "Resource" not in node.members and "NotResource" not in node.members:
        raise malformed("Policy statement must contain resources.", "", node.start)


def _check_trust(node: Object) -> None:
    for name in ("Resource", "NotResource", "NotPrincipal"):
        if name in node.members:
            raise malformed(f"Has prohibited field {name}", "", node.names[name])
    if "Principal" not in node.members:
        raise malformed("Missing required field Principal", "", node.start)
    if "Action" not in node.members and "NotAction" not in node.members:
        raise malformed("Missing required field Action", "", node.start)


def check_values(actions: Placed, resources: Placed, kind: Kind) -> None:
    for action, offset in actions:
        check_action(action, kind, offset)
    for resource, offset in resources:
        if kind in _OF_IDENTITIES:
            _check_resource(resource, kind, offset)
        elif not resource:
            raise malformed(SYNTAX, "a resource is empty", offset)


def check_action(action: str, kind: Kind, offset: int) -> None:
    """Raises MalformedPolicy unless it is `*` or `vendor:Name`."""
    vendor, colon, name = action.partition(":")
    if kind == "trust" and not _is_trust_action(action):
        text = "AssumeRole policy may only specify STS AssumeRole actions."
        raise malformed(text, "", offset)
    if action == "*":
        return
    if not colon:
        text = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        raise malformed(text, "", offset)
    if "*" in vendor or "?" in vendor:
        text = "Action vendors (e.g., aws, ec2, etc.) must not contain wildcards."
        raise malformed(text, "", offset)
    if _VENDOR.fullmatch(vendor) is None:
        raise malformed(f"Vendor {vendor} is not valid", "", offset)
    if _ACTION.fullmatch(name) is None:
        if ":" in name:
            raise malformed("Actions/Condition can contain only one colon.", "", offset)
        raise malformed(LEGACY, f"{action} is no action", offset)


def _is_trust_action(action: str) -> bool:
    """One of those by which sessions of roles come about, letter for letter, or a pattern of them alone."""
    if "*" in action or "?" in action:
        return action.startswith("sts:AssumeRole") and any(map(glob(action), _TRUST_ACTIONS))
    return action in _TRUST_ACTIONS


def _check_resource(resource: str, kind: Kind, offset: int) -> None:
    if resource == "*":
        return
    parts = resource.split(":", 5)
    if parts[0] != "arn" or len(parts) == 1:
        text = f'Resource {resource} must be in ARN format or "*".'
        raise malformed(text, "", offset)
    if "${" in ":".join(parts[1:5]):
        raise malformed(LEGACY, "a variable may stand behind the fifth colon only", offset)
    partition = parts[1]
    if "*" not in partition and "?" not in partition and partition != _PARTITION:
        text = f'Partition "{partition}" is not valid for resource "{resource}".'
        raise malformed(text, "", offset)
    service = parts[2] if len(parts) > 2 else ""
    if ("*" in service or "?" in service) and len(parts) > 3:
        text = "Resource vendor must be fully qualified and cannot contain regexes."
        raise malformed(text, "", offset)
    if len(parts) < 6:
        # "AWS automatically completes the ARN by adding wildcard characters (*) to all missing fields", but not in
        # session policies ("IAM ARNs", IAM user guide).
        if kind == "session":
            raise malformed(LEGACY, "the ARN is incomplete", offset)
        parts += ["*"] * (6 - len(parts))
        resource = ":".join(parts)
    if not parts[5]:
        raise malformed(LEGACY, "the ARN names no resource", offset)
    _check_global(resource, parts, offset)


def _check_global(resource: str, parts: Sequence[str], offset: int) -> None:
    """Services whose resources lie in no region."""
    _, _, service, region, account_id, name = parts
    has_region = region not in {"", "*"}
    if service == "iam":
        if has_region:
            text = f"IAM resource {resource} cannot contain region information."
            raise malformed(text, "", offset)
        if name not in {"*", "root"} and not name.startswith(_IAM_RESOURCES):
            raise malformed(_IAM_PATH, "", offset)
    elif service == "route53" or (service == "s3" and not _is_s3_regional(name)):
        if has_region:
            text = f"Resource {resource} can not contain region information."
            raise malformed(text, "", offset)
        if service == "s3" and account_id not in {"", "*"}:
            raise malformed(f"Resource {resource} cannot contain an account id.", "", offset)


def _is_s3_regional(name: str) -> bool:
    return name.startswith(
        ("accesspoint/", "job/", "storage-lens/", "accessgrants", "async-request/")
    )


def check_somebody(names: Collection[object], kind: Kind, offset: int) -> None:
    """Refuses principals, or names of one type of them, that are none."""
    if not names:
        raise malformed(_NOBODY if kind == "trust" else SYNTAX, "there is no principal", offset)


def checked_principals(type_: str, names: Placed) -> tuple[str, ...]:
    """Their names, account ids without dashes. Raises MalformedPolicy."""
    if type_ == "AWS":
        names = [
            (name.replace("-", "") if _DASHED_ACCOUNT.fullmatch(name) else name, offset)
            for name, offset in names
        ]
    for name, offset in names:
        if not _is_principal(type_, name):
            text = f'Invalid principal in policy: "{type_.upper()}":"{name}"'
            raise malformed(text, "", offset)
    return tuple(name for name, _ in names)


def _is_principal(type_: str, name: str) -> bool:
    if type_ == "AWS":
        return (
            name == "*"
            or _ACCOUNT.fullmatch(name) is not None
            or (_PRINCIPAL_ARN.fullmatch(name) is not None and "*" not in name and "?" not in name)
            or _PRINCIPAL_ID.fullmatch(name) is not None
        )
    if type_ == "Service":
        return _SERVICE.fullmatch(name) is not None
    return bool(name)


def check_condition(
    operator: OperatorName, key: str, values: Placed, kind: Kind, offset: int
) -> None:
    """The key has a vendor; the values are such as the operator compares."""
    if _KEY.fullmatch(key) is None:
        text = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        raise malformed(text, f"{key} is no condition key", offset)
    for value, where in values:
        if not is_value(operator.family, value) or (
            kind != "resource" and operator.base.startswith("Arn") and not _is_arn_pattern(value)
        ):
            text = SYNTAX if operator.family == "binary" else LEGACY
            raise malformed(text, f"{value} is nothing that {operator.base} compares", where)


def _is_arn_pattern(value: str) -> bool:
    """Six parts; where a wildcard may stand for several there may be fewer."""
    has_wildcard = "*" in value or "?" in value
    return has_wildcard or (value.startswith("arn:") and value.count(":") > 4)


def check_statement(statement: Statement, node: Object, kind: Kind) -> None:
    """What only the whole statement tells."""
    if kind == "trust":
        _check_cognito(statement, node)
    if statement.principals is None or not statement.principals.is_negated:
        return
    if statement.effect == "Allow":
        # "Using it with "Effect":"Allow" is not supported" ("NotPrincipal", IAM JSON policy elements reference).
        raise malformed(SYNTAX, "NotPrincipal goes with Deny only", node.names["NotPrincipal"])
    if kind != "resource":
        raise malformed("Has prohibited field NotPrincipal", "", node.names["NotPrincipal"])


def _check_cognito(statement: Statement, node: Object) -> None:
    federated = statement.principals.names.get("Federated", ()) if statement.principals else ()
    if _COGNITO in federated and not statement.conditions:
        text = "A condition block must be present for the Cognito provider"
        raise malformed(text, "", node.start)


def check_anybody(kind: Kind, offset: int) -> None:
    """Refuses `"Principal": "*"` where it is not taken for `{"AWS": "*"}`."""
    if kind == "trust":
        text = 'AssumeRolepolicy contained an invalid principal: "STAR":"*"'
        raise malformed(text, "", offset)


def check_sids(statements: Sequence[Statement], nodes: Sequence[Object], kind: Kind) -> None:
    seen: set[str] = set()
    for statement, node in zip(statements, nodes, strict=True):
        sid = statement.sid
        offset = node.names.get("Sid", node.start)
        if kind != "resource" and _SID.fullmatch(sid) is None:
            text = (
                "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the "
                "regular expression [0-9A-Za-z]*"
            )
            raise malformed(text, "", offset)
        if sid and sid in seen:
            raise malformed("Statement IDs (SID) in a single policy must be unique.", "", offset)
        seen.add(sid)
