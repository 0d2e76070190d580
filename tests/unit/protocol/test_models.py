from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import orjson
import pytest

from lambent.protocol import models

if TYPE_CHECKING:
    from pathlib import Path


def test_a_model_is_found_by_botocore_s_name_and_has_no_prose() -> None:
    description = models.load_description("lambda")
    assert description["metadata"]["serviceId"] == "Lambda"
    assert b'"documentation"' not in orjson.dumps(
        {"operations": description["operations"], "shapes": description["shapes"]}
    )


@pytest.mark.parametrize("name", ["nothing-like-it", "", "../lambda", "lambda/2015-03-31"])
def test_a_name_without_a_model_is_an_unknown_service(name: str) -> None:
    with pytest.raises(models.UnknownService):
        models.load_description(name)


@pytest.mark.parametrize("is_packed", [True, False])
def test_the_newest_version_is_taken_packed_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_packed: bool
) -> None:
    for version in ("2013-01-01", "2014-11-11", "2012-01-01"):
        folder = tmp_path / "toy" / version
        folder.mkdir(parents=True)
        data = orjson.dumps({"metadata": {"v": version}, "operations": {}, "shapes": {}})
        if is_packed:
            (folder / "service-2.json.gz").write_bytes(gzip.compress(data))
        else:
            (folder / "service-2.json").write_bytes(data)
    monkeypatch.setattr(models, "data_dir", lambda: tmp_path)
    assert models.load_description("toy")["metadata"] == {"v": "2014-11-11"}
