"""A function that brings AWS's own runtime client, from its deployment to a weighted alias."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import execution_role, lacking

from lambent.execution.runtimes.discovery import discover

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.clients.conftest import Lambent

pytestmark = [pytest.mark.clients, pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(60)]

SOURCE = """
import logging
def handler(event, context):
    logging.getLogger().error("version %s", context.function_version)
    return ["{}", event, context.function_version, context.invoked_function_arn.rpartition(":")[2]]
"""


def package(files: Mapping[str, bytes]) -> bytes:
    """A zip in which everything may be executed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def test_it_is_deployed_updated_published_and_called_by_an_alias(
    lambent: Lambent, awslambdaric: dict[str, bytes]
) -> None:
    python = discover()[f"python{sys.version_info[0]}.{sys.version_info[1]}"]["interpreter"]
    if not Path(python).is_relative_to("/usr"):
        lacking("the Python that the client was installed for is not shown in sandboxes")
    start = f'#!/bin/sh\nexec {python} -m awslambdaric "$_HANDLER"\n'.encode()
    client = lambent.client()

    def code(text: str) -> bytes:
        own = {"app.py": SOURCE.replace("{}", text).encode(), "bootstrap": start}
        return package({**awslambdaric, **own})

    def call(qualifier: str) -> Any:
        answer = client.invoke(FunctionName="ric", Qualifier=qualifier, Payload=b'{"a": 1}')
        assert "FunctionError" not in answer, answer["Payload"].read()
        return json.loads(answer["Payload"].read())

    client.create_function(
        FunctionName="ric",
        Runtime="provided.al2023",
        Handler="app.handler",
        Role=execution_role(client),
        Code={"ZipFile": code("one")},
        Timeout=20,
        MemorySize=256,
        Publish=True,
    )
    client.create_alias(FunctionName="ric", Name="PROD", FunctionVersion="1")
    assert call("PROD") == ["one", {"a": 1}, "1", "PROD"]
    client.update_function_code(FunctionName="ric", ZipFile=code("two"))
    assert call("$LATEST") == ["two", {"a": 1}, "$LATEST", "$LATEST"]
    version = client.publish_version(FunctionName="ric")["Version"]
    client.update_alias(FunctionName="ric", Name="PROD", FunctionVersion=version)
    assert call("PROD") == ["two", {"a": 1}, "2", "PROD"]
    assert call("1") == ["one", {"a": 1}, "1", "1"]
