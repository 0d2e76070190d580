"""The policies that AWS manages, by ARN: those that functions, their tools and the tutorials attach.

`aws_policies.json` holds them as AWS publishes them ("AWS managed policy reference"); of ReadOnlyAccess, which names
every service there is, only the services that are served here.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources

import orjson

ROOT = "arn:aws:iam::aws:policy"


@dataclass(frozen=True, slots=True)
class AwsPolicy:
    """One of them, in the version that is in force."""

    name: str
    path: str
    id: str
    arn: str
    version_id: str
    created: datetime
    updated: datetime
    description: str
    document: str


def find(arn: str) -> AwsPolicy | None:
    return _load().get(arn) if arn.startswith(ROOT) else None


def every() -> tuple[AwsPolicy, ...]:
    """All, by name."""
    return tuple(_load().values())


@cache
def _load() -> dict[str, AwsPolicy]:
    text = resources.files(__package__).joinpath("aws_policies.json").read_bytes()
    return {policy.arn: policy for policy in map(_policy, orjson.loads(text))}


def _policy(row: dict[str, object]) -> AwsPolicy:
    arn = f"{ROOT}{row['path']}{row['name']}"
    return AwsPolicy(
        name=str(row["name"]),
        path=str(row["path"]),
        id=str(row["id"]) or _stand_in(arn),
        arn=arn,
        version_id=f"v{row['version']}",
        created=_moment(row["created"]),
        updated=_moment(row["updated"]),
        description=str(row["description"]),
        document=orjson.dumps(row["document"], option=orjson.OPT_INDENT_2).decode(),
    )


def _stand_in(arn: str) -> str:
    """An id that is always the same, where AWS's is not known."""
    return "ANPA" + base64.b32encode(hashlib.sha256(arn.encode()).digest()).decode()[:17]


def _moment(text: object) -> datetime:
    return datetime.fromisoformat(str(text)).astimezone(UTC)
