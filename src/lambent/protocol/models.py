"""The service models, as botocore's package carries them.

Only the package's own data is looked at: models in a home directory or in `AWS_DATA_PATH` must not change what we
serve.
"""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

_FILE = "service-2.json"


class UnknownService(LookupError):
    """botocore has no model of that name. Args: the name."""


def load_description(service: str) -> dict[str, Any]:
    """The newest model of a service, as plain data without its prose. Raises `UnknownService`."""
    if not service.replace("-", "").isalnum():
        raise UnknownService(service)
    # `.gz` in the published package, without it in a checkout.
    files = sorted((data_dir() / service).glob(f"*/{_FILE}*"), key=lambda file: file.parent.name)
    if not files:
        raise UnknownService(service)
    data = files[-1].read_bytes()
    return without_documentation(orjson.loads(_plain(data, files[-1])))


def without_documentation(description: dict[str, Any]) -> dict[str, Any]:
    """The model without its prose, which is most of its weight in memory. Changes the argument."""
    for operation in description["operations"].values():
        operation.pop("documentation", None)
    for shape in description["shapes"].values():
        shape.pop("documentation", None)
        for member in shape.get("members", {}).values():
            member.pop("documentation", None)
    return description


def data_dir() -> Path:
    """Where botocore is installed; it is found, not imported (see `shapes.py`)."""
    spec = find_spec("botocore")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "data"


def _plain(data: bytes, file: Path) -> bytes:
    return gzip.decompress(data) if file.suffix == ".gz" else data
