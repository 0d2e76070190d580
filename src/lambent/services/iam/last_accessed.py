"""Last accessed: which services, and actions of them, a user, group, role or policy may use, and when they were used.

A report is made when it is asked for and kept in memory; after a restart its job is not known any more.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from lambent.core import ids
from lambent.policy import documents
from lambent.services.iam import uses
from lambent.services.iam.errors import NoSuchEntity
from lambent.services.iam.model import Group, Role, User
from lambent.services.iam.naming import refuse_bad_arn
from lambent.services.iam.paging import page
from lambent.services.iam.tracked_actions import tracked_actions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from types_boto3_iam.type_defs import (
        GenerateServiceLastAccessedDetailsRequestTypeDef,
        GetServiceLastAccessedDetailsRequestTypeDef,
        GetServiceLastAccessedDetailsWithEntitiesRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Database
    from lambent.core.service import Document
    from lambent.services.iam.calls import Calls
    from lambent.services.iam.directory import Directory
    from lambent.services.iam.model import Identity
    from lambent.services.iam.tracked_actions import Tracked
    from lambent.services.iam.uses import Use

# Reports remembered, a few KB each.
_KEPT = 500
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
# Namespaces of actions, with what the services call themselves.
_NAMES = {
    "apigateway": "Manage - Amazon API Gateway",
    "cloudformation": "AWS CloudFormation",
    "cloudwatch": "Amazon CloudWatch",
    "dynamodb": "Amazon DynamoDB",
    "elasticache": "Amazon ElastiCache",
    "events": "Amazon EventBridge",
    "execute-api": "Amazon API Gateway",
    "iam": "AWS Identity and Access Management",
    "kms": "AWS Key Management Service",
    "lambda": "AWS Lambda",
    "logs": "Amazon CloudWatch Logs",
    "rds": "Amazon RDS",
    "s3": "Amazon S3",
    "sns": "Amazon SNS",
    "sqs": "Amazon SQS",
    "sts": "AWS Security Token Service",
    "xray": "AWS X-Ray",
}


@dataclass(frozen=True, slots=True)
class _Report:
    account_id: str
    asked: datetime
    level: str
    services: list[dict[str, Any]]
    members: list[Identity]
    uses: list[Use]

    @property
    def head(self) -> dict[str, Any]:
        return {
            "JobStatus": "COMPLETED",
            "JobCreationDate": self.asked,
            "JobCompletionDate": self.asked,
        }


class LastAccessed:
    """The three operations."""

    def __init__(self, database: Database, directory: Directory, calls: Calls) -> None:
        self._database = database
        self._directory = directory
        self._calls = calls
        self._reports: OrderedDict[str, _Report] = OrderedDict()

    async def generate(
        self, context: RequestContext, request: GenerateServiceLastAccessedDetailsRequestTypeDef
    ) -> Document:
        arn, account_id = request["Arn"], context.scope.account_id
        refuse_bad_arn(arn)
        members, texts = self._subject(account_id, arn)
        found = await self._database.read(
            partial(uses.of, account_id=account_id, subjects=[each.id for each in members])
        )
        arns = {each.id: each.arn for each in members}
        services = [_shape(name, found, arns) for name in _allowed(texts)]
        level = request.get("Granularity", "SERVICE_LEVEL")
        if level == "ACTION_LEVEL":
            tracked = tracked_actions(texts, await self._calls.of(arns), arns)
            services = [_with_actions(each, tracked) for each in services]
        job_id = ids.uuid()
        self._reports[job_id] = _Report(account_id, context.now, level, services, members, found)
        if len(self._reports) > _KEPT:
            self._reports.popitem(last=False)
        return {"JobId": job_id}

    async def get(
        self, context: RequestContext, request: GetServiceLastAccessedDetailsRequestTypeDef
    ) -> Document:
        report = self._report(context, request["JobId"])
        services = page(request, "ServicesLastAccessed", report.services)
        return {**report.head, "JobType": report.level, **services}

    async def get_with_entities(
        self,
        context: RequestContext,
        request: GetServiceLastAccessedDetailsWithEntitiesRequestTypeDef,
    ) -> Document:
        """Who of those that a group or policy stands for has used one service, and when last."""
        report = self._report(context, request["JobId"])
        namespace = request["ServiceNamespace"]
        if all(each["ServiceNamespace"] != namespace for each in report.services):
            raise NoSuchEntity(f"Service {namespace} is not in the report of this job.")
        moments = {use.subject: use.moment for use in report.uses if use.service == namespace}
        # "By default, the list of associated entities is sorted by date, with the most recent access listed first."
        by_name = sorted(report.members, key=lambda each: each.arn)
        by_date = sorted(by_name, key=lambda each: moments.get(each.id, _BEFORE_ALL), reverse=True)
        details = [_entity(each, moments.get(each.id)) for each in by_date]
        return {**report.head, **page(request, "EntityDetailsList", details)}

    def _report(self, context: RequestContext, job_id: str) -> _Report:
        report = self._reports.get(job_id)
        if report is None or report.account_id != context.scope.account_id:
            raise NoSuchEntity(f"Job {job_id} does not exist.")
        return report

    def _subject(self, account_id: str, arn: str) -> tuple[list[Identity], list[str]]:
        """Whose uses count, and the documents that say what they may use."""
        identity = self._directory.identity_of(arn)
        if identity is not None and identity.account_id == account_id:
            documents = [each.document for each in self._directory.policies_of(identity).identity]
            return self._members(identity), documents
        policy = self._directory.managed_policy(account_id, arn)
        if policy is None:
            raise NoSuchEntity(f"ARN {arn} does not exist.")
        holders: list[Identity] = []
        for kind in (User, Group, Role):
            for each in self._directory.all(account_id, kind):
                if arn in each.attached:
                    holders += self._members(each)
        return holders, [policy.document]

    def _members(self, identity: Identity) -> list[Identity]:
        """A group does nothing itself: its users do."""
        if not isinstance(identity, Group):
            return [identity]
        users = self._directory.all(identity.account_id, User)
        return [user for user in users if identity.key in user.groups]


def _allowed(texts: Iterable[str]) -> list[str]:
    """The namespaces of services that Allow statements name, by name; every one of ours for `*`."""
    found: set[str] = set()
    for text in texts:
        for statement in documents.parse(text, "identity").statements:
            if statement.effect != "Allow":
                continue
            for action in statement.actions:
                if statement.is_not_action or action.startswith("*"):
                    found |= _NAMES.keys()
                else:
                    found.add(action.partition(":")[0].lower())
    return sorted(found)


def _with_actions(service: dict[str, Any], tracked: Tracked) -> dict[str, Any]:
    actions = tracked.get(service["ServiceNamespace"])
    return service if actions is None else {**service, "TrackedActionsLastAccessed": actions}


def _entity(identity: Identity, moment: datetime | None) -> dict[str, Any]:
    info = {
        "Arn": identity.arn,
        "Name": identity.name,
        "Type": identity.kind.upper(),
        "Id": identity.id,
        "Path": identity.path,
    }
    return {"EntityInfo": info} | ({} if moment is None else {"LastAuthenticated": moment})


def _shape(service: str, found: list[Use], arns: dict[str, str]) -> dict[str, Any]:
    own = [use for use in found if use.service == service]
    shape: dict[str, Any] = {
        "ServiceName": _NAMES.get(service, service),
        "ServiceNamespace": service,
        "TotalAuthenticatedEntities": len({use.subject for use in own}),
    }
    last = max(own, key=lambda use: use.used_ms, default=None)
    if last is not None:
        shape["LastAuthenticated"] = last.moment
        shape["LastAuthenticatedEntity"] = arns[last.subject]
        shape["LastAuthenticatedRegion"] = last.region
    return shape
