"""Sealing, discarding and binding of code and layers."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import uuid
from typing import Any

import pytest

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

_SHOW = "def handler(event, context):\n    return open(event['path']).read()\n"


def _digest(entries: dict[str, tuple[str, str]]) -> str:
    """As docs/design.md section 4.1 defines it; path -> (mode, content)."""
    lines = [
        b"\0".join(
            (path.encode(), mode.encode(), hashlib.sha256(text.encode()).hexdigest().encode())
        )
        for path, (mode, text) in sorted(entries.items())
    ]
    return hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()


def test_a_sealed_tree_has_its_digest_and_no_write_bits(driver: Any) -> None:
    staging = driver.data_dir / "code" / "staging" / "one"
    (staging / "pkg").mkdir(parents=True)
    (staging / "a.py").write_text("a")
    (staging / "pkg" / "run").write_text("r")
    (staging / "pkg" / "run").chmod(0o777)
    event = driver.ask("seal", ticket="t-one", staging="one")
    assert event["code"] == _digest({"a.py": ("-", "a"), "pkg/run": ("x", "r")})
    sealed = driver.data_dir / "code" / "sealed" / event["code"]
    modes = {path.name: path.stat().st_mode & 0o7777 for path in [sealed, *sealed.rglob("*")]}
    assert modes == {sealed.name: 0o555, "a.py": 0o444, "pkg": 0o555, "run": 0o555}
    assert all(path.stat().st_uid == os.geteuid() for path in sealed.rglob("*"))
    assert driver.ask("seal", ticket="t-again", staging="one")["code"] == event["code"]
    assert not list((driver.data_dir / "code" / "sealing").iterdir())


def test_links_and_pipes_are_refused(driver: Any) -> None:
    for number in (0, 1):
        staging = driver.data_dir / "code" / "staging" / f"bad-{number}"
        staging.mkdir()
        if number:
            os.mkfifo(staging / "x")
        else:
            (staging / "x").symlink_to("/etc/shadow")
        event = driver.ask("seal", ticket=f"t-bad-{number}", staging=f"bad-{number}")
        assert event["event"] == "failed"
        assert "neither a file nor a directory" in event["reason"]
    assert not list((driver.data_dir / "code" / "sealing").iterdir())


def test_a_staging_directory_that_is_a_link_is_refused(driver: Any) -> None:
    (driver.data_dir / "code" / "staging" / "link").symlink_to("/etc")
    assert driver.ask("seal", ticket="t-link", staging="link")["event"] == "failed"
    assert driver.ask("seal", ticket="t-none", staging="missing")["event"] == "failed"


def test_discard_removes_a_tree_and_repeats(driver: Any) -> None:
    code = driver.seal({"gone/x.py": uuid.uuid4().hex})
    sealed = driver.data_dir / "code" / "sealed" / code
    assert sealed.is_dir()
    for ticket in ("d-one", "d-two"):
        event = driver.ask("discard", ticket=ticket, code=code)
        assert (event["event"], event["code"]) == ("discarded", code)
    assert not sealed.exists()


def test_a_tree_that_was_removed_and_sealed_again_is_bound(driver: Any) -> None:
    """A clone of the old one may lie ready: it was made while the tree was on its way out."""
    files = {"app.py": _SHOW, "text": uuid.uuid4().hex}
    code = driver.seal(files)
    first = driver.create()
    assert first.assign(code)
    time.sleep(0.2)  # the clone is made when the call is under way
    shutil.rmtree(driver.data_dir / "code" / "sealed" / code)
    assert driver.seal(files) == code
    second = driver.create()
    assert second.assign(code)
    assert second.receive()[0] == 2
    assert second.invoke(b'{"path": "text"}') == (4, f'"{files["text"]}"'.encode())


def test_layers_lie_in_opt_and_later_ones_win(driver: Any) -> None:
    layers = [
        driver.seal({"python/one.py": "1", "both.txt": "first"}),
        driver.seal({"bin/two": "2", "both.txt": "second"}),
    ]
    box = driver.probe(layers=layers)
    assert box.run("answer = open('/opt/both.txt').read()") == "second"
    assert box.run("answer = sorted(os.listdir('/opt'))") == ["bin", "both.txt", "python"]
    assert box.run("import one; answer = one.__file__") == "/opt/python/one.py"


def test_one_layer_and_the_order_of_the_path(driver: Any) -> None:
    layer = driver.seal({"python/helper.py": "where = 'layer'"})
    box = driver.probe(layers=[layer], environment={"PYTHONPATH": "/opt/extra"})
    version = box.run("answer = '%d.%d' % sys.version_info[:2]")
    assert box.run("answer = sys.path[:4]") == [
        "/var/task",
        "/opt/extra",
        f"/opt/python/lib/python{version}/site-packages",
        "/opt/python",
    ]
    assert box.run("import helper; answer = helper.where") == "layer"


def test_a_layer_for_the_version_that_was_asked_for(driver: Any) -> None:
    layer = driver.seal({"python/lib/python3.12/site-packages/helper.py": "where = 'layer'"})
    asked = {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.12", "PYTHONPATH": "/var/runtime"}
    box = driver.probe(layers=[layer], environment=asked)  # runs on python3.11
    assert box.run("import helper; answer = helper.where") == "layer"
    assert box.run("answer = '/var/runtime' in sys.path") is False


def test_code_of_one_function_never_shows_in_another(driver: Any) -> None:
    first = driver.function({"app.py": _SHOW, "secret": "mine"})
    second = driver.probe()
    assert first.invoke(b'{"path": "secret"}') == (4, b'"mine"')
    assert second.run("answer = os.listdir('/var/task')") == ["app.py"]
    third = driver.create()
    assert third.assign(
        driver.seal({"app.py": "handler = lambda e, c: __import__('os').listdir('.')"})
    )
    assert third.receive()[0] == 2
    assert third.invoke(b"{}") == (4, b'["app.py"]')
