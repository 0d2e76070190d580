"""What is a policy, and what IAM says of what is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambent.policy.documents import MalformedPolicy, parse

ANY = "*"


def document(**elements: object) -> dict[str, Any]:
    """A good identity policy, with other elements in its statement; None takes one out."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": ANY, **elements}
    kept = {name: value for name, value in statement.items() if value is not None}
    return {"Version": "2012-10-17", "Statement": [kept]}


def trust(**elements: object) -> dict[str, Any]:
    service = {"Service": "lambda.amazonaws.com"}
    return document(
        **{"Action": "sts:AssumeRole", "Resource": None, "Principal": service, **elements}
    )


def refused(policy: object, kind: Any = "identity") -> MalformedPolicy:
    text = policy if isinstance(policy, str) else json.dumps(policy)
    with pytest.raises(MalformedPolicy) as caught:
        parse(text, kind)
    return caught.value


def test_every_element_is_read() -> None:
    policy = {
        "Version": "2012-10-17",
        "Id": "all",
        "Statement": {
            "Sid": "One",
            "Effect": "Deny",
            "NotPrincipal": {"AWS": "123456789012", "Service": ["s3.amazonaws.com"]},
            "NotAction": ["s3:*", "sqs:Send?essage"],
            "NotResource": "arn:aws:s3:::b/*",
            "Condition": {"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a*", 7, True]}},
        },
    }
    read = parse(json.dumps(policy), "resource")
    (statement,) = read.statements
    (condition,) = statement.conditions
    assert (read.version, read.id) == ("2012-10-17", "all")
    assert (statement.sid, statement.effect) == ("One", "Deny")
    assert (statement.actions, statement.is_not_action) == (("s3:*", "sqs:Send?essage"), True)
    assert (statement.resources, statement.is_not_resource) == (("arn:aws:s3:::b/*",), True)
    assert statement.principals is not None
    assert statement.principals.is_negated
    assert statement.principals.names["Service"] == ("s3.amazonaws.com",)
    assert (condition.operator.base, condition.operator.set_operator) == (
        "StringLike",
        "ForAnyValue",
    )
    assert condition.operator.if_exists
    assert condition.values == ("a*", "7", "true")


def test_a_document_without_version_is_of_the_older_one_and_has_no_variables() -> None:
    policy = {"Statement": document()["Statement"]}
    read = parse(json.dumps(policy), "identity")
    assert read.version == "2008-10-17"
    assert not read.has_variables


def test_statements_know_where_they_stand() -> None:
    text = '{"Statement": [\n  {"Effect": "Allow",\n   "Action": "*", "Resource": "*"}]}'
    (statement,) = parse(text, "identity").statements
    assert (statement.start.line, statement.start.column) == (2, 3)
    assert (statement.end.line, statement.end.column) == (3, 35)


def test_a_fault_says_line_and_column() -> None:
    fault = refused('{"Statement": {\n "Effect": "allow", "Action": "*", "Resource": "*"}}')
    assert fault.message == "The policy failed legacy parsing"
    assert (fault.line, fault.column) == (2, 12)
    assert fault.details == "line 2, column 12: Effect is Allow or Deny"
    assert fault.header == ("x-lambent-policy-fault", fault.details)


def test_a_fault_fits_into_a_header_whatever_it_quotes() -> None:
    name, value = refused(f'{{"Statement": {{"a\\n{"é" * 2000}": 1}}}}').header
    assert name == "x-lambent-policy-fault"
    assert value.isascii()
    assert value.isprintable()
    assert len(value) == 1024


REGIONAL = "arn:aws:s3:us-east-1::b"
REGIONAL_USER = "arn:aws:iam:eu-west-1:123456789012:user/a"
USERS = "arn:aws:iam::123456789012:user/*"
BAD_SID = (
    "Statement IDs (SID) must be alpha-numeric. "
    "Check that your input satisfies the regular expression [0-9A-Za-z]*"
)
SYNTAX = "Syntax errors in policy."
LEGACY = "The policy failed legacy parsing"
NOBODY = (
    "Invalid principal in policy: com.amazon.balsa.error.InvalidPolicyException: "
    "The passed in policy has a statement with no principals!"
)
VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("", SYNTAX),
        ("[]", SYNTAX),
        ("{", SYNTAX),
        ('{"Version": "2012-10-17"}', SYNTAX),
        (" {}", "JSON strings must not have leading spaces"),
        ({"Version": "2012-10-17", "Statement": []}, SYNTAX),
        ({"Version": "2012-10-17", "Statement": ["x"]}, SYNTAX),
        ({**document(), "Extra": 1}, SYNTAX),
        ({**document(), "Version": "2012-10-18"}, SYNTAX),
        (document(Effect=None), SYNTAX),
        (document(Effect="allow"), LEGACY),
        (document(Effect=True), SYNTAX),
        (document(Action=None), "Policy statement must contain actions."),
        (document(Resource=None), "Policy statement must contain resources."),
        (document(Action=[]), "Policy statement must contain actions."),
        (document(Action={"a": 1}), SYNTAX),
        (document(Action="GetObject"), VENDOR),
        (document(Action="s3:Get:Object"), "Actions/Condition can contain only one colon."),
        (document(Action="s 3:GetObject"), "Vendor s 3 is not valid"),
        (document(Action="s3:"), LEGACY),
        (document(NotAction="s3:*"), SYNTAX),
        (document(NotResource="*"), SYNTAX),
        (document(Resource="bucket"), 'Resource bucket must be in ARN format or "*".'),
        (
            document(Resource="arn:error:s3:::b"),
            'Partition "error" is not valid for resource "arn:error:s3:::b".',
        ),
        (
            document(Resource="arn:aws:*:us-east-1::b"),
            "Resource vendor must be fully qualified and cannot contain regexes.",
        ),
        (document(Resource="arn:aws:s3:::"), LEGACY),
        (document(Resource=REGIONAL), f"Resource {REGIONAL} can not contain region information."),
        (
            document(Resource=REGIONAL_USER),
            f"IAM resource {REGIONAL_USER} cannot contain region information.",
        ),
        (document(Resource="arn:aws:s3:::${aws:username}", Sid="a b"), BAD_SID),
        (document(Resource="arn:aws:sqs:eu-west-1:${aws:userid}:q"), LEGACY),
        (document(Principal="*"), "Policy document should not specify a principal."),
        (document(Condition=[]), SYNTAX),
        (document(Condition={"StringEqual": {"aws:username": "x"}}), SYNTAX),
        (document(Condition={"NullIfExists": {"aws:username": "true"}}), SYNTAX),
        (document(Condition={"ForNoValue:StringEquals": {"aws:TagKeys": "x"}}), SYNTAX),
        (document(Condition={"StringEquals": {"username": "x"}}), VENDOR),
        (document(Condition={"StringEquals": {"aws:username": {"a": 1}}}), SYNTAX),
        (document(Condition={"NumericEquals": {"s3:max-keys": "ten"}}), LEGACY),
        (document(Condition={"DateLessThan": {"aws:CurrentTime": "2013-13-01"}}), LEGACY),
        (document(Condition={"Bool": {"aws:SecureTransport": "yes"}}), LEGACY),
        (document(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/33"}}), LEGACY),
        (document(Condition={"BinaryEquals": {"x:y": "%%"}}), SYNTAX),
        (document(Condition={"Null": {"aws:username": "maybe"}}), LEGACY),
        (
            {"Statement": [*document(Sid="A")["Statement"], *document(Sid="A")["Statement"]]},
            "Statement IDs (SID) in a single policy must be unique.",
        ),
    ],
)
def test_what_identity_policies_are_refused_for(policy: object, message: str) -> None:
    assert refused(policy).message == message


def _if(operator: str, key: str, value: object) -> dict[str, Any]:
    return document(Condition={operator: {key: value}})


# github.com/badmintoncryer/cdk-preflight, rules/iam/pf-iam-*: measured with PutRolePolicy in 2026-09.
@pytest.mark.parametrize(
    ("policy", "message"),
    [
        *(
            (
                document(Action=action),
                "Action vendors (e.g., aws, ec2, etc.) must not contain wildcards.",
            )
            for action in ("*:GetObject", "s3*:GetObject", "s3?:Get")
        ),
        *(
            (
                document(Resource=f"arn:{partition}:s3:::b"),
                f'Partition "{partition}" is not valid for resource "arn:{partition}:s3:::b".',
            )
            for partition in ("aws-cn", "aws-nope", "", "AWS")
        ),
        (
            document(Resource="arn:aws:s3:my-bucket"),
            "Resource arn:aws:s3:my-bucket:*:* can not contain region information.",
        ),
        (
            document(Resource="arn:aws:route53:us-east-1::hostedzone/z"),
            "Resource arn:aws:route53:us-east-1::hostedzone/z can not contain region information.",
        ),
        (
            # Of this text the source quotes what stands behind the ARN.
            document(Resource="arn:aws:s3::111122223333:b"),
            "Resource arn:aws:s3::111122223333:b cannot contain an account id.",
        ),
        (
            document(Resource="arn:aws:s3*:::b"),
            "Resource vendor must be fully qualified and cannot contain regexes.",
        ),
        *(
            (_if("ArnLike", "aws:SourceArn", value), LEGACY)
            for value in ("nope", "arn:aws:s3:b", "${aws:PrincipalArn}")
        ),
        *(
            (_if("BinaryEquals", "s3:x-amz-meta-x", value), SYNTAX)
            for value in ("!!!", "abc", "YWJj==")
        ),
        *(
            (_if("DateGreaterThan", "aws:CurrentTime", value), LEGACY)
            for value in ("tomorrow", "2026/01/01", "2026-13-45", "Thu, 01 Jan 2026 00:00:00 GMT")
        ),
        *(
            (_if("IpAddress", "aws:SourceIp", value), LEGACY)
            for value in ("203.0.113.999/24", "example.com", "1.2.3", "10.0.0.0/33", "10.0.0.1 ")
        ),
        *(
            (_if("NumericLessThan", "s3:max-keys", value), LEGACY)
            for value in ("abc", " 10", "0x10")
        ),
        (_if("StringEquals", "k:k", [{"a": "b"}]), SYNTAX),
        *(({**document(), name: "x"}, SYNTAX) for name in ("Description", "Statement2", "version")),
        *((document(**{name: "x"}), SYNTAX) for name in ("Effects", "Sids", "Id", "Version")),
    ],
)
def test_what_aws_was_seen_to_refuse(policy: object, message: str) -> None:
    assert refused(policy).message == message


@pytest.mark.parametrize(
    "policy",
    [
        *(document(Action=action) for action in ("s3:Get*", "s3:*", "*")),
        *(
            document(Resource=resource)
            for resource in (
                "arn:*:s3:::b",
                "arn:aws:s3:us-east-1:111122223333:accesspoint/ap",
                "arn:aws:s3:::b*",
                "arn:aws:cloudfront:us-east-1:111122223333:distribution/d",
            )
        ),
        *(
            _if("ArnLike", "aws:SourceArn", value)
            for value in ("arn:*:s3:::b", "arn:aws:*:*:*:*", "*")
        ),
        *(_if("BinaryEquals", "s3:x-amz-meta-x", value) for value in ("YWJj", "YWJjZA==")),
        *(
            _if("DateGreaterThan", "aws:CurrentTime", value)
            for value in ("2026", "2026-01", "2026-01-01", "2026-01-01T00:00Z", "1767225600")
        ),
        *(
            _if("DateGreaterThan", "aws:CurrentTime", f"2026-01-01T00:00:00{end}")
            for end in (".000Z", "+09:00")
        ),
        *(
            _if("IpAddress", "aws:SourceIp", value)
            for value in ("203.0.113.0/24", "203.0.113.5", "0.0.0.0/0", "2001:db8::/32", "::/0")
        ),
        *(
            _if("NumericLessThan", "s3:max-keys", value)
            for value in ("10", 10, "10.5", "-1", "1e3")
        ),
        _if("ForAllValues:Null", "aws:TokenIssueTime", "true"),
    ],
)
def test_what_aws_was_seen_to_take(policy: object) -> None:
    parse(json.dumps(policy), "identity")


def test_account_ids_may_have_dashes() -> None:
    """Also measured there: trust-policy-aws-principal-format."""
    read = parse(json.dumps(trust(Principal={"AWS": "1234-5678-9012"})), "trust")
    principals = read.statements[0].principals
    assert principals is not None
    assert principals.names == {"AWS": ("123456789012",)}


TRUST_ACTIONS = "AssumeRole policy may only specify STS AssumeRole actions."
ANYBODY = 'AssumeRolepolicy contained an invalid principal: "STAR":"*"'
COGNITO = {"Federated": "cognito-identity.amazonaws.com"}


# The same, measured with UpdateAssumeRolePolicy.
@pytest.mark.parametrize(
    ("policy", "message"),
    [
        *(
            (trust(Action=action), TRUST_ACTIONS)
            for action in ("sts:*", "sts:AssumeRoot", "sts:GetCallerIdentity", "sts:assumerole")
        ),
        (trust(Principal="*"), ANYBODY),
        (trust(Principal={"Service": "*"}), 'Invalid principal in policy: "SERVICE":"*"'),
        (trust(Principal={"AWS": "12345"}), 'Invalid principal in policy: "AWS":"12345"'),
        (
            trust(Principal=COGNITO, Action="sts:AssumeRoleWithWebIdentity"),
            "A condition block must be present for the Cognito provider",
        ),
    ],
)
def test_what_aws_was_seen_to_refuse_in_trust_policies(policy: object, message: str) -> None:
    assert refused(policy, "trust").message == message


def test_what_aws_was_seen_to_take_in_trust_policies() -> None:
    audience = {"StringEquals": {"cognito-identity.amazonaws.com:aud": "pool"}}
    for policy in (
        trust(Principal={"AWS": "*"}),
        trust(Principal=COGNITO, Action="sts:AssumeRoleWithWebIdentity", Condition=audience),
        trust(
            Action=["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext"]
        ),
    ):
        parse(json.dumps(policy), "trust")


def test_an_element_that_stands_there_twice_is_refused() -> None:
    text = '{"Statement": {"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}}'
    assert refused(text).message == SYNTAX


@pytest.mark.parametrize("kind", ["managed", "boundary"])
def test_managed_policies_are_of_the_newer_version(kind: str) -> None:
    policy = {"Statement": document()["Statement"]}
    expected = "Policy document must be version 2012-10-17 or greater."
    assert refused(policy, kind).message == expected


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("{", "This policy contains invalid Json"),
        (trust(Resource="*"), "Has prohibited field Resource"),
        (trust(Principal=None), "Missing required field Principal"),
        (trust(Action=None), "Missing required field Action"),
        (trust(Conditions={}), "Unknown field Conditions"),
        (
            trust(Action="*"),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            trust(Action="s3:GetObject"),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (trust(Principal={"Service": "lambda"}), 'Invalid principal in policy: "SERVICE":"lambda"'),
        (
            trust(Principal={"AWS": "arn:aws:iam::1:root"}),
            'Invalid principal in policy: "AWS":"arn:aws:iam::1:root"',
        ),
        (trust(Principal={"AWS": USERS}), f'Invalid principal in policy: "AWS":"{USERS}"'),
        (trust(Principal="arn:aws:iam::123456789012:root"), SYNTAX),
        (trust(Principal={"Nobody": "x"}), SYNTAX),
        (trust(Principal={}), NOBODY),
        (trust(Principal={"AWS": []}), NOBODY),
        (trust(Principal={"Service": "lambda.amazonaws.com", "AWS": []}), NOBODY),
    ],
)
def test_what_trust_policies_are_refused_for(policy: object, message: str) -> None:
    assert refused(policy, "trust").message == message


def test_resource_policies_need_principals_and_negate_them_in_denials_only() -> None:
    assert refused(document(), "resource").message == "Missing required field Principal"
    allow = document(Principal=None, NotPrincipal={"AWS": "123456789012"})
    assert refused(allow, "resource").message == SYNTAX


def test_incomplete_arns_stand_in_identity_policies_and_not_in_those_of_sessions() -> None:
    policy = json.dumps(document(Resource="arn:aws:sqs"))
    assert parse(policy, "identity").statements[0].resources == ("arn:aws:sqs",)
    assert refused(policy, "session").message == LEGACY


def test_half_a_surrogate_pair_is_no_text() -> None:
    text = json.dumps(document(Resource="arn:aws:s3:::b/x")).replace("b/x", "b/\\ud800")
    assert refused(text).message == SYNTAX


def test_depth_is_bounded() -> None:
    assert refused('{"Statement":' * 5_000).message == SYNTAX
    assert refused("[" * 100_000).message == SYNTAX
