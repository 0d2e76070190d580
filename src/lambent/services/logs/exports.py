"""Export tasks: they write to S3, which is not there yet, so that none is ever made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.core.errors import NotImplementedByLambent
from lambent.services.logs.errors import ResourceNotFound

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import (
        CancelExportTaskRequestTypeDef,
        CreateExportTaskRequestTypeDef,
        DescribeExportTasksRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document


def create_export_task(
    tx: Tx, context: RequestContext, request: CreateExportTaskRequestTypeDef
) -> Document:
    raise NotImplementedByLambent(
        "The CreateExportTask operation of logs is not implemented by Lambent: it needs S3"
    )


def describe_export_tasks(
    tx: Tx, context: RequestContext, request: DescribeExportTasksRequestTypeDef
) -> Document:
    return {"exportTasks": []}


def cancel_export_task(
    tx: Tx, context: RequestContext, request: CancelExportTaskRequestTypeDef
) -> Document:
    raise ResourceNotFound("The specified export task does not exist.")
