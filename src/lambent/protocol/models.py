"""The service models, as botocore's package carries them.

Only the built-in data is looked at: models in a home directory or in `AWS_DATA_PATH` must not change what we serve.
orjson reads a model five times as fast as botocore's own loader does.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import orjson
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ServiceModel


class UnknownService(LookupError):
    """botocore has no model of that name. Args: the name."""


class _OrjsonFiles:
    """What botocore's loader asks of a file reader."""

    def exists(self, path: str) -> bool:
        return self._file(path) is not None

    def load_file(self, path: str) -> Any:
        """The document, or None where there is no such file."""
        file = self._file(path)
        if file is None:
            return None
        data = file.read_bytes()
        return orjson.loads(gzip.decompress(data) if file.suffix == ".gz" else data)

    def _file(self, path: str) -> Path | None:
        candidates = (Path(f"{path}.json"), Path(f"{path}.json.gz"))
        return next((file for file in candidates if file.is_file()), None)


def load_description(service: str) -> dict[str, Any]:
    """The newest model of a service, as plain data. Raises `UnknownService`."""
    loader = Loader(
        extra_search_paths=[Loader.BUILTIN_DATA_PATH],
        file_loader=_OrjsonFiles(),  # type: ignore[arg-type] # the stubs name a class, any reader will do
        include_default_search_paths=False,
    )
    try:
        description: dict[str, Any] = loader.load_service_model(service, "service-2")
    except (UnknownServiceError, DataNotFoundError) as error:
        raise UnknownService(service) from error
    return without_documentation(description)


def without_documentation(description: dict[str, Any]) -> dict[str, Any]:
    """The model without its prose, which is most of its weight in memory. Changes the argument."""
    for operation in description["operations"].values():
        operation.pop("documentation", None)
    for shape in description["shapes"].values():
        shape.pop("documentation", None)
        for member in shape.get("members", {}).values():
            member.pop("documentation", None)
    return description


def service_model(service: str, description: dict[str, Any]) -> ServiceModel:
    """botocore's view of the data."""
    return ServiceModel(description, service)
