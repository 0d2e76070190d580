"""GetMetricData."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lambent.core.pagination import make_token
from lambent.services.cloudwatch import labels, querying
from lambent.services.cloudwatch.errors import InvalidNextToken, ValidationError
from lambent.services.cloudwatch.paging import read_token
from lambent.services.cloudwatch.reading import time_fault

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import GetMetricDataInputTypeDef

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.cloudwatch.math.values import Series

# "up to 500 MetricDataQuery structures", "up to 100,800 data points" (GetMetricData).
MOST_QUERIES, MOST_POINTS = 500, 100_800


def get_metric_data(
    tx: Tx, context: RequestContext, request: GetMetricDataInputTypeDef
) -> Document:
    queries = request["MetricDataQueries"]
    start, end = request["StartTime"], request["EndTime"]
    assert isinstance(start, datetime)
    assert isinstance(end, datetime)
    _check(context, request)
    answers = querying.Answers(tx, context.scope, queries, start, end, context.now)
    offset = request.get("LabelOptions", {}).get("Timezone", "+0000")
    descends = request.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    shown: list[tuple[str, str, list[tuple[int, float]]]] = []
    for query in queries:
        if not query.get("ReturnData", True):
            continue
        for series in answers.of(query["Id"]):
            points = sorted(series.values.items(), reverse=descends)
            shown.append((query["Id"], _label(query.get("Label"), series, offset), points))
    size = request.get("MaxDatapoints", MOST_POINTS)
    results, token = _page(shown, request.get("NextToken"), size)
    answer: dict[str, Any] = {"MetricDataResults": results, "Messages": []}
    if token:
        answer["NextToken"] = token
    return answer


def _check(context: RequestContext, request: GetMetricDataInputTypeDef) -> None:
    queries = request["MetricDataQueries"]
    start, end = request["StartTime"], request["EndTime"]
    assert isinstance(start, datetime)
    assert isinstance(end, datetime)
    if fault := time_fault(start, end):
        # This operation ends each fault that it found with a line break.
        raise ValidationError(f"{fault}\n")
    if len(queries) > MOST_QUERIES:
        raise ValidationError(
            f"The collection MetricDataQueries must not have a size greater than {MOST_QUERIES}."
        )
    querying.check(queries, "MetricDataQueries")
    querying.refuse_other_accounts(queries, context.scope)
    if not any(query.get("ReturnData", True) for query in queries):
        raise ValidationError("At least one query must have ReturnData set to true.")
    if request.get("MaxDatapoints", 1) < 1:
        raise ValidationError("The parameter MaxDatapoints must be greater than or equal to 1.")


def _label(label: str | None, series: Series, offset: str) -> str:
    return series.label if label is None else labels.filled(label, series, offset)


def _page(
    shown: list[tuple[str, str, list[tuple[int, float]]]], token: str | None, size: int
) -> tuple[list[dict[str, Any]], str]:
    """So many data points from where the last page ended, over all results one after the other."""
    begun = _offset(token)
    results, passed, left = [], 0, size
    for id_, label, points in shown:
        skipped = max(0, min(begun - passed, len(points)))
        passed += len(points)
        if skipped == len(points) and points and token is not None:
            continue  # was on an earlier page
        if left == 0 and points:
            continue
        taken = points[skipped : skipped + left]
        left -= len(taken)
        is_whole = skipped + len(taken) == len(points)
        results.append(
            {
                "Id": id_,
                "Label": label,
                "Timestamps": [datetime.fromtimestamp(at, UTC) for at, _ in taken],
                "Values": [value for _, value in taken],
                "StatusCode": "Complete" if is_whole else "PartialData",
            }
        )
    more = begun + size < passed
    return results, make_token(str(begun + size)) if more else ""


def _offset(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(read_token(token))
    except ValueError as error:
        raise InvalidNextToken("The service cannot process the token.") from error
