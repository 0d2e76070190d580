"""What single services do differently from their protocol, where the models do not say it.

One row per service; everything else follows from the models. A service that is not named here has no quirks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lambent.core.errors import SerializationFailed, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _serialization_failed(reason: str) -> ServiceError:
    return SerializationFailed(reason)


def _lambda_malformed(reason: str) -> ServiceError:
    return ServiceError(
        f"Could not parse request body into json: {reason}",
        code="InvalidRequestContentException",
        status=400,
        members={"Type": "User"},
    )


def _malformed_xml(reason: str) -> ServiceError:
    return ServiceError(
        "The XML you provided was not well-formed or did not validate against our published schema",
        code="MalformedXML",
        status=400,
    )


@dataclass(frozen=True, slots=True)
class Quirks:
    """`namespace` stands before the code in the JSON protocols' `__type`. `error_codes` are the codes that a
    service's query protocol has for its shapes (`awsQueryCompatible`), `query_names` the names that members have
    there: shape, member, traits. `blob_type` is the content type of blob payloads. `reword` puts a complaint about the
    input into the service's own words. `validation_code` is the code of input that breaks the model's constraints,
    where it is not the protocol's own. `has_named_bodies`: what is wrong with a member in a body is told with the
    body's name before it (`createRestApiInput.apiKeySource`). `own_judgement` are the members, by their shape, whose
    values the service judges by itself, in words of its own.
    """

    malformed: Callable[[str], ServiceError] = _serialization_failed
    namespace: str = ""
    validation_code: str = ""
    blob_type: str = "application/octet-stream"
    has_bare_errors: bool = False
    has_named_bodies: bool = False
    request_id_header: str = "x-amzn-RequestId"
    error_codes: Mapping[str, str] = field(default_factory=dict)
    query_names: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    own_judgement: Mapping[str, frozenset[str]] = field(default_factory=dict)
    xml_namespace: str = ""
    reword: Callable[[str], str] | None = None


_NONE = Quirks()

# SQS was a query service before it spoke JSON; its model has forgotten the older names. They are those of the
# "Actions" of the SQS API reference, version 2012-11-05.
_SQS_CODES = {
    "BatchEntryIdsNotDistinct": "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
    "BatchRequestTooLong": "AWS.SimpleQueueService.BatchRequestTooLong",
    "EmptyBatchRequest": "AWS.SimpleQueueService.EmptyBatchRequest",
    "InvalidBatchEntryId": "AWS.SimpleQueueService.InvalidBatchEntryId",
    "MessageNotInflight": "AWS.SimpleQueueService.MessageNotInflight",
    "PurgeQueueInProgress": "AWS.SimpleQueueService.PurgeQueueInProgress",
    "QueueDeletedRecently": "AWS.SimpleQueueService.QueueDeletedRecently",
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    "TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
    "UnsupportedOperation": "AWS.SimpleQueueService.UnsupportedOperation",
}


def _named(**members: str) -> dict[str, dict[str, str]]:
    return {member: {"locationName": name} for member, name in members.items()}


_MESSAGE = _named(
    MessageAttributes="MessageAttribute", MessageSystemAttributes="MessageSystemAttribute"
)
_ATTRIBUTE_VALUE = _named(StringListValues="StringListValue", BinaryListValues="BinaryListValue")
_SQS_NAMES = {
    "AddPermissionRequest": _named(AWSAccountIds="AWSAccountId", Actions="ActionName"),
    "ChangeMessageVisibilityBatchRequest": _named(
        Entries="ChangeMessageVisibilityBatchRequestEntry"
    ),
    "ChangeMessageVisibilityBatchResult": _named(
        Successful="ChangeMessageVisibilityBatchResultEntry", Failed="BatchResultErrorEntry"
    ),
    "CreateQueueRequest": _named(Attributes="Attribute", tags="Tag"),
    "DeleteMessageBatchRequest": _named(Entries="DeleteMessageBatchRequestEntry"),
    "DeleteMessageBatchResult": _named(
        Successful="DeleteMessageBatchResultEntry", Failed="BatchResultErrorEntry"
    ),
    "GetQueueAttributesRequest": _named(AttributeNames="AttributeName"),
    "GetQueueAttributesResult": _named(Attributes="Attribute"),
    "ListDeadLetterSourceQueuesResult": _named(queueUrls="QueueUrl"),
    "ListMessageMoveTasksResult": _named(Results="ListMessageMoveTasksResultEntry"),
    "ListQueueTagsResult": _named(Tags="Tag"),
    "ListQueuesResult": _named(QueueUrls="QueueUrl"),
    "Message": _named(Attributes="Attribute", MessageAttributes="MessageAttribute"),
    "MessageAttributeValue": _ATTRIBUTE_VALUE,
    "MessageSystemAttributeValue": _ATTRIBUTE_VALUE,
    "ReceiveMessageRequest": _named(
        AttributeNames="AttributeName",
        MessageSystemAttributeNames="MessageSystemAttributeName",
        MessageAttributeNames="MessageAttributeName",
    ),
    "ReceiveMessageResult": _named(Messages="Message"),
    "SendMessageBatchRequest": _named(Entries="SendMessageBatchRequestEntry"),
    "SendMessageBatchRequestEntry": _MESSAGE,
    "SendMessageBatchResult": _named(
        Successful="SendMessageBatchResultEntry", Failed="BatchResultErrorEntry"
    ),
    "SendMessageRequest": _MESSAGE,
    "SetQueueAttributesRequest": _named(Attributes="Attribute"),
    "TagQueueRequest": _named(Tags="Tag"),
    "UntagQueueRequest": _named(TagKeys="TagKey"),
    # Maps: entries are `Attribute.1.Name` and `.Value`, but tags have a `Key`.
    "MessageBodyAttributeMap": {
        "key": {"locationName": "Name"},
        "value": {"locationName": "Value"},
    },
    "MessageBodySystemAttributeMap": {
        "key": {"locationName": "Name"},
        "value": {"locationName": "Value"},
    },
    "MessageSystemAttributeMap": {
        "key": {"locationName": "Name"},
        "value": {"locationName": "Value"},
    },
    "QueueAttributeMap": {"key": {"locationName": "Name"}, "value": {"locationName": "Value"}},
    "TagMap": {"key": {"locationName": "Key"}, "value": {"locationName": "Value"}},
}

# IAM says of the two patterns that people meet what they mean.
_IAM_PATTERN = re.compile(
    r"1 validation error detected: Value '.*' at '(\w+)' failed to satisfy constraint: "
    r"Member must satisfy regular expression pattern: (.*)",
    re.DOTALL,
)
_IAM_WORDS = {
    r"[\w+=,.@-]+": "contain only alphanumeric characters and/or the following: +=,.@_-",
    r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)": (
        "begin and end with / and contain only alphanumeric characters and/or / characters."
    ),
}


def _iam_words(complaint: str) -> str:
    found = _IAM_PATTERN.fullmatch(complaint)
    words = None if found is None else _IAM_WORDS.get(found[2])
    if found is None or words is None:
        return complaint
    return f"The specified value for {found[1]} is invalid. It must {words}"


_DYNAMODB = Quirks(namespace="com.amazonaws.dynamodb.v20120810")
_QUIRKS = {
    "apigateway": Quirks(has_named_bodies=True),
    # The only error of the model for input that is not valid.
    "apigatewayv2": Quirks(
        validation_code="BadRequestException",
        own_judgement={
            "CreateAuthorizerRequest": frozenset({"AuthorizerResultTtlInSeconds"}),
            "CreateIntegrationRequest": frozenset({"TimeoutInMillis"}),
            "UpdateAuthorizerRequest": frozenset({"AuthorizerResultTtlInSeconds"}),
            "UpdateIntegrationRequest": frozenset({"TimeoutInMillis"}),
        },
    ),
    "cloudwatch": Quirks(
        own_judgement={
            "GetMetricStatisticsInput": frozenset({"Statistics"}),
            "MetricDatum": frozenset({"Unit"}),
        },
    ),
    "dynamodb": _DYNAMODB,
    "dynamodbstreams": _DYNAMODB,
    "iam": Quirks(reword=_iam_words),
    "lambda": Quirks(
        malformed=_lambda_malformed,
        blob_type="application/json",
        own_judgement={
            "CreateFunctionRequest": frozenset({"Runtime"}),
            "UpdateFunctionConfigurationRequest": frozenset({"Runtime"}),
        },
    ),
    "logs": Quirks(validation_code="InvalidParameterException"),
    "s3": Quirks(
        malformed=_malformed_xml,
        blob_type="binary/octet-stream",
        has_bare_errors=True,
        request_id_header="x-amz-request-id",
        xml_namespace="http://s3.amazonaws.com/doc/2006-03-01/",
    ),
    "sqs": Quirks(
        namespace="com.amazonaws.sqs",
        error_codes=_SQS_CODES,
        query_names=_SQS_NAMES,
        xml_namespace="http://queue.amazonaws.com/doc/2012-11-05/",
    ),
}


def quirks_of(service: str) -> Quirks:
    return _QUIRKS.get(service, _NONE)
