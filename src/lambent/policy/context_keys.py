"""What is special about some condition keys ("AWS global condition context keys", IAM user guide). In lower case."""

from __future__ import annotations

# They hold sets: no variables, and to be compared with ForAllValues and ForAnyValue.
MULTIVALUED = frozenset(
    {
        "aws:calledvia",
        "aws:principalorgpaths",
        "aws:principalservicenameslist",
        "aws:resourceorgpaths",
        "aws:sourceorgpaths",
        "aws:sourcevpcarns",
        "aws:tagkeys",
        "dynamodb:attributes",
        "dynamodb:leadingkeys",
        "lambda:layer",
        "lambda:securitygroupids",
        "lambda:subnetids",
        "cloudwatch:alarmactions",
        "cloudwatch:requestinsightruleloggroups",
        "sts:transitivetagkeys",
    }
)

# Never the same twice: what is decided by one of them is not worth remembering, or must not be.
PASSING = frozenset({"aws:currenttime", "aws:epochtime", "aws:multifactorauthage"})

# The same for everything that one credential does, until the account's policies or tags change.
_OF_PRINCIPALS = frozenset(
    {
        "aws:principalarn",
        "aws:principalaccount",
        "aws:principaltype",
        "aws:principalisawsservice",
        "aws:principalservicename",
        "aws:principalservicenameslist",
        "aws:userid",
        "aws:username",
        "aws:tokenissuetime",
        "aws:multifactorauthpresent",
        "aws:sourceidentity",
        "aws:federatedprovider",
    }
)


def is_of_principal(key: str) -> bool:
    """Is its value the same in every request of one credential?"""
    return key in _OF_PRINCIPALS or key.startswith("aws:principaltag/")
