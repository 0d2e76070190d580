"""Roles that belong to a service: made for it, changed and deleted through it only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from lambent.core import ids
from lambent.core.errors import AccessDenied
from lambent.services.iam import shapes
from lambent.services.iam.documents import encoded
from lambent.services.iam.errors import InvalidInput, NoSuchEntity
from lambent.services.iam.model import Role
from lambent.services.iam.naming import get, new

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreateServiceLinkedRoleRequestTypeDef,
        DeleteServiceLinkedRoleRequestTypeDef,
        GetServiceLinkedRoleDeletionStatusRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.iam.store import Store

# Services with roles of this kind, and what their roles are called ("AWS services that work with IAM").
_NAMES = {
    "apigateway.amazonaws.com": "APIGateway",
    "ops.apigateway.amazonaws.com": "APIGateway",
    "autoscaling.amazonaws.com": "AutoScaling",
    "dynamodb.application-autoscaling.amazonaws.com": "ApplicationAutoScaling_DynamoDBTable",
    "ecs.amazonaws.com": "ECS",
    "elasticache.amazonaws.com": "ElastiCache",
    "elasticloadbalancing.amazonaws.com": "ElasticLoadBalancing",
    "events.amazonaws.com": "CloudWatchEvents",
    "lambda.amazonaws.com": "Lambda",
    "lambda.application-autoscaling.amazonaws.com": "ApplicationAutoScaling_LambdaConcurrency",
    "rds.amazonaws.com": "RDS",
    "replication.dynamodb.amazonaws.com": "DynamoDBReplication",
    "replicator.lambda.amazonaws.com": "LambdaReplicator",
}
_WITH_SUFFIX = frozenset({"autoscaling.amazonaws.com", "lambda.amazonaws.com"})


@dataclass(frozen=True, slots=True)
class ServiceLinkedRoles:
    """The operations on roles of services."""

    store: Store

    def create_service_linked_role(
        self, tx: Tx, context: RequestContext, request: CreateServiceLinkedRoleRequestTypeDef
    ) -> Document:
        service, suffix = request["AWSServiceName"], request.get("CustomSuffix", "")
        noun = _NAMES.get(service)
        if noun is None:
            raise AccessDenied(
                f"{service} is not a valid AWS service name (Service Principal)",
                code="AccessDenied",
            )
        if suffix and service not in _WITH_SUFFIX:
            raise InvalidInput(f"Custom suffix is not allowed for {service}")
        name = f"AWSServiceRoleFor{noun}" + (f"_{suffix}" if suffix else "")
        if self.store.find(tx, context.scope.account_id, Role, name) is not None:
            raise InvalidInput(
                f"Service role name {name} has been taken in this account, please try a different suffix."
            )
        role = Role(
            **new(context, Role, name, f"/aws-service-role/{service}/", is_of_service=True),
            trust=_trust(service),
            description=request.get("Description"),
            service=service,
        )
        self.store.put(tx, role)
        return {"Role": _new(role)}

    def delete_service_linked_role(
        self, tx: Tx, context: RequestContext, request: DeleteServiceLinkedRoleRequestTypeDef
    ) -> Document:
        role = get(self.store, tx, context, Role, request["RoleName"])
        if not role.service:
            raise NoSuchEntity(f"The role with name {role.name} cannot be found.")
        self.store.remove(tx, role)
        return {"DeletionTaskId": f"task{role.path}{role.name}/{ids.uuid()}"}

    def get_service_linked_role_deletion_status(
        self,
        tx: Tx,
        context: RequestContext,
        request: GetServiceLinkedRoleDeletionStatusRequestTypeDef,
    ) -> Document:
        """No service here keeps such a role in use, so a deletion is over when it has been asked for."""
        task_id = request["DeletionTaskId"]
        parts = task_id.split("/")
        if len(parts) != 5 or parts[:2] != ["task", "aws-service-role"]:
            raise NoSuchEntity(f"The deletion task {task_id} cannot be found.")
        is_there = self.store.find(tx, context.scope.account_id, Role, parts[3]) is not None
        return {"Status": "NOT_STARTED" if is_there else "SUCCEEDED"}


def _new(role: Role) -> shapes.Shape:
    """As CreateServiceLinkedRole answers: the trust policy in a form of its own, and no description."""
    shape = shapes.new_role(role)
    shape.pop("Description", None)
    statement = {
        "Action": ["sts:AssumeRole"],
        "Effect": "Allow",
        "Principal": {"Service": [role.service]},
    }
    document = orjson.dumps({"Version": "2012-10-17", "Statement": [statement]}).decode()
    return {**shape, "AssumeRolePolicyDocument": encoded(document)}


def _trust(service: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    return orjson.dumps({"Version": "2012-10-17", "Statement": [statement]}).decode()
