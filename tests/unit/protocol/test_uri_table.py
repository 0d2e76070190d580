from __future__ import annotations

import pytest

from lambent.core.http import Headers
from lambent.protocol.shapes import ServiceModel
from lambent.protocol.unreadable import Unreadable
from lambent.protocol.uri_table import UriTable

ROUTES = {
    "ListBuckets": ("GET", "/"),
    "ListObjects": ("GET", "/{Bucket}"),
    "ListObjectsV2": ("GET", "/{Bucket}?list-type=2"),
    "GetBucketAcl": ("GET", "/{Bucket}?acl"),
    "GetObject": ("GET", "/{Bucket}/{Key+}"),
    "GetObjectAcl": ("GET", "/{Bucket}/{Key+}?acl"),
    "PutObject": ("PUT", "/{Bucket}/{Key+}"),
    "UploadPart": ("PUT", "/{Bucket}/{Key+}"),
    "CopyObject": ("PUT", "/{Bucket}/{Key+}"),
    "Health": ("GET", "/v1/health"),
    "Thing": ("GET", "/v1/{Name}"),
    "Part": ("GET", "/v1/{Name}/parts/{Part}"),
    "Around": ("POST", "/a/{Middle+}/z"),
    "OnlyWithConstant": ("DELETE", "/x?force"),
}
UPLOAD = {
    "type": "structure",
    "required": ["Part", "Upload", "Bucket", "Key"],
    "members": {
        "Part": {"shape": "Text", "location": "querystring", "locationName": "partNumber"},
        "Upload": {"shape": "Text", "location": "querystring", "locationName": "uploadId"},
        "Bucket": {"shape": "Text", "location": "uri"},
        "Key": {"shape": "Text", "location": "uri"},
    },
}
COPY = {
    "type": "structure",
    "required": ["Source", "Body"],
    "members": {
        "Source": {"shape": "Text", "location": "header", "locationName": "X-Amz-Copy-Source"},
        "Body": {"shape": "Text"},
    },
}


def _table() -> UriTable:
    operations = {
        name: {"http": {"method": method, "requestUri": uri}}
        for name, (method, uri) in ROUTES.items()
    }
    operations["UploadPart"]["input"] = {"shape": "Upload"}
    operations["CopyObject"]["input"] = {"shape": "Copy"}
    shapes = {"Upload": UPLOAD, "Copy": COPY, "Text": {"type": "string"}}
    model = ServiceModel({"metadata": {}, "operations": operations, "shapes": shapes})
    table = UriTable()
    for name in model.operation_names:
        table.add(model.operation(name))
    return table


@pytest.mark.parametrize(
    ("method", "uri", "headers", "operation", "labels"),
    [
        ("GET", "/", {}, "ListBuckets", {}),
        ("GET", "/b", {}, "ListObjects", {"Bucket": "b"}),
        ("GET", "/b/", {}, "ListObjects", {"Bucket": "b"}),
        ("GET", "/b?list-type=2", {}, "ListObjectsV2", {"Bucket": "b"}),
        ("GET", "/b?list-type=3", {}, "ListObjects", {"Bucket": "b"}),
        ("GET", "/b?acl", {}, "GetBucketAcl", {"Bucket": "b"}),
        ("GET", "/b?acl=&prefix=x", {}, "GetBucketAcl", {"Bucket": "b"}),
        ("GET", "/b/a/b//c/", {}, "GetObject", {"Bucket": "b", "Key": "a/b//c/"}),
        ("GET", "/b//a", {}, "GetObject", {"Bucket": "b", "Key": "/a"}),
        ("GET", "/b/a%2Fb%20c?acl", {}, "GetObjectAcl", {"Bucket": "b", "Key": "a/b c"}),
        ("PUT", "/b/k", {}, "PutObject", {"Bucket": "b", "Key": "k"}),
        ("PUT", "/b/k?partNumber=1&uploadId=2", {}, "UploadPart", {"Bucket": "b", "Key": "k"}),
        ("PUT", "/b/k", {"x-amz-copy-source": "s"}, "CopyObject", {"Bucket": "b", "Key": "k"}),
        ("GET", "/v1/health", {}, "Health", {}),
        ("GET", "/v1/healthy", {}, "Thing", {"Name": "healthy"}),
        ("GET", "/v1/n/parts/p", {}, "Part", {"Name": "n", "Part": "p"}),
        ("GET", "/v1/n/other/p", {}, "GetObject", {"Bucket": "v1", "Key": "n/other/p"}),
        ("POST", "/a/b/c/z", {}, "Around", {"Middle": "b/c"}),
        ("POST", "/a/z/z/", {}, "Around", {"Middle": "z"}),
        ("DELETE", "/x?force=true", {}, "OnlyWithConstant", {}),
    ],
)
def test_the_most_specific_route_is_taken(
    method: str, uri: str, headers: dict[str, str], operation: str, labels: dict[str, str]
) -> None:
    path, _, query = uri.partition("?")
    found = _table().find(method, path, query, Headers(headers.items()))
    assert found == (operation, labels)


@pytest.mark.parametrize(
    ("method", "uri"),
    [
        ("PATCH", "/"),
        ("PUT", "/"),
        ("PUT", "/b"),
        ("POST", "/a/z"),
        ("POST", "/a/b/c"),
        ("POST", "/a//z"),
        ("DELETE", "/x"),
        ("DELETE", "/x?other"),
        ("GET", ""),
    ],
)
def test_no_route_is_no_operation(method: str, uri: str) -> None:
    path, _, query = uri.partition("?")
    table = _table()
    if uri:
        assert table.find(method, path, query, Headers()) is None
    else:
        # As good as "/".
        assert table.find(method, path, query, Headers()) == ("ListBuckets", {})


def test_a_label_that_is_not_utf_8_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        _table().find("GET", "/b/%ff", "", Headers())


def test_a_way_is_found_again_whatever_the_query_says() -> None:
    table = _table()

    for _ in range(2):
        assert table.find("GET", "/b", "", Headers()) == ("ListObjects", {"Bucket": "b"})
        assert table.find("GET", "/b", "acl", Headers()) == ("GetBucketAcl", {"Bucket": "b"})
        assert table.find("PATCH", "/b", "", Headers()) is None


def test_no_more_ways_are_remembered_than_a_few() -> None:
    table = _table()

    for number in range(3000):
        name = f"key-{number}"
        assert table.find("GET", f"/b/{name}", "", Headers()) == (
            "GetObject",
            {"Bucket": "b", "Key": name},
        )
    long = "k" * 1000
    found = table.find("GET", f"/b/{long}", "", Headers())

    assert found == ("GetObject", {"Bucket": "b", "Key": long})
    assert len(table._walked) <= 1024
    assert all(len(path) <= 256 for _, path in table._walked)


@pytest.mark.parametrize(
    ("method", "path", "is_sure"),
    [
        ("POST", "/a/b/z", True),
        ("GET", "/v1/health", True),
        ("GET", "/b", False),
        ("PUT", "/b/k", False),
        ("DELETE", "/x", False),
        ("POST", "/nowhere", False),
    ],
)
def test_it_is_known_where_method_and_path_say_it_all(
    method: str, path: str, is_sure: bool
) -> None:
    assert _table().is_sure(method, path) is is_sure
