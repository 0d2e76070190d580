"""rest-xml, mostly on the model of S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.errors import ServiceError
from lambent.core.http import Headers
from lambent.protocol.service import ServiceCodec

if TYPE_CHECKING:
    from tests.unit.protocol.conftest import Answer, Call, Make


@pytest.fixture(scope="module")
def service() -> ServiceCodec:
    return ServiceCodec("s3")


def _name(service: ServiceCodec, method: str, uri: str, **headers: str) -> str:
    path, _, query = uri.partition("?")
    sent = Headers((name.replace("_", "-"), value) for name, value in headers.items())
    return service.find_operation(method, path, query, sent, b"").operation.name


def test_s3_s_operations_are_told_apart(service: ServiceCodec) -> None:
    assert _name(service, "PUT", "/b/k") == "PutObject"
    assert _name(service, "PUT", "/b/k?x-id=PutObject") == "PutObject"
    assert _name(service, "PUT", "/b/k?partNumber=1&uploadId=x") == "UploadPart"
    assert _name(service, "PUT", "/b/k", x_amz_copy_source="/b/j") == "CopyObject"
    assert _name(service, "GET", "/b?list-type=2&prefix=a") == "ListObjectsV2"
    assert _name(service, "GET", "/b/?location") == "GetBucketLocation"
    assert _name(service, "GET", "/b/a/b/c.zip") == "GetObject"
    assert _name(service, "HEAD", "/b") == "HeadBucket"
    assert _name(service, "POST", "/b?delete") == "DeleteObjects"


def test_a_body_is_read_as_the_model_says(service: ServiceCodec, call: Call) -> None:
    body = (
        b'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        b"<Object><Key>a&amp;b</Key></Object><Object><Key>c</Key></Object><Quiet>true</Quiet></Delete>"
    )
    assert call(service, "POST", "/b?delete", body) == {
        "Bucket": "b",
        "Delete": {"Objects": [{"Key": "a&b"}, {"Key": "c"}], "Quiet": True},
    }


def test_malformed_xml_is_s3_s_own_error(service: ServiceCodec, call: Call) -> None:
    with pytest.raises(ServiceError) as caught:
        call(service, "POST", "/b?delete", b"<Delete>")
    assert (caught.value.code, caught.value.status) == ("MalformedXML", 400)


def test_s3_s_errors_are_bare(service: ServiceCodec) -> None:
    error = ServiceError(
        "The specified key does not exist.", code="NoSuchKey", status=404, members={"Key": "a<b"}
    )
    answer = service.serialize_error(error, "request-id")
    assert ("x-amz-request-id", "request-id") in answer.headers
    assert answer.body == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code>'
        b"<Message>The specified key does not exist.</Message>"
        b"<RequestId>request-id</RequestId></Error>"
    )


def test_members_of_an_unmodelled_error_are_texts(service: ServiceCodec) -> None:
    error = ServiceError(code="BucketGone", status=404, members={"BucketName": "a<b"})
    body = service.serialize_error(error, "request-id").body
    assert isinstance(body, bytes)
    assert b"<Code>BucketGone</Code><BucketName>a&lt;b</BucketName><RequestId>" in body


def test_an_object_is_streamed_as_it_comes(service: ServiceCodec) -> None:
    codec = service.table("rest-xml").operation("GetObject")
    assert codec is not None
    pieces = iter([b"a", b"b"])
    answer = codec.serialize({"Body": pieces, "ETag": '"x"', "Metadata": {"k": "v"}}, "id")
    assert answer.body is pieces
    assert ("ETag", '"x"') in answer.headers
    assert ("x-amz-meta-k", "v") in answer.headers
    assert ("Content-Type", "binary/octet-stream") in answer.headers


def test_payloads_may_be_texts_blobs_and_streams(make: Make, call: Call, answer: Answer) -> None:
    shapes: dict[str, Any] = {
        "Input": {"type": "structure", "payload": "It", "members": {"It": {"shape": "Events"}}},
        "Output": {"type": "structure", "payload": "It", "members": {"It": {"shape": "Events"}}},
        "Events": {
            "type": "structure",
            "eventstream": True,
            "members": {"Said": {"shape": "Said"}},
        },
        "Said": {"type": "structure", "event": True, "members": {"Text": {"shape": "String"}}},
    }
    service = make("rest-xml", shapes)
    events = [{"Said": {"Text": "a&b"}}]
    sent = b"".join(answer(service, {"It": events}).body)  # a list of events
    assert b"<Event><Text>a&amp;b</Text></Event>" in sent
    assert call(service, "POST", "/op", sent) == {"It": events}
