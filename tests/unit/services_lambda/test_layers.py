"""What becomes of the files of layers."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Run = Callable[[Callable[[Any], Awaitable[None]]], None]

ARN = "arn:aws:lambda:eu-west-1:123456789012:layer:l:1"


async def _publish(bench: Any, make_zip: Any) -> None:
    content = {"ZipFile": make_zip(a_txt="in the layer")}
    await bench.call("PublishLayerVersion", LayerName="l", Content=content)
    await bench.settle()


def test_files_go_with_the_last_that_needs_them(run: Run, make_zip: Any) -> None:
    async def scenario(bench: Any) -> None:
        await _publish(bench, make_zip)
        assert (len(bench.archives()), len(bench.trees())) == (1, 1)
        await bench.create(Layers=[ARN])
        assert (len(bench.archives()), len(bench.trees())) == (2, 2)
        await bench.call("DeleteLayerVersion", LayerName="l", VersionNumber=1)
        await bench.settle()
        assert (len(bench.archives()), len(bench.trees())) == (2, 2)
        await bench.call("PublishVersion", FunctionName="f")
        await bench.call("UpdateFunctionConfiguration", FunctionName="f", Layers=[])
        await bench.settle()
        assert (len(bench.archives()), len(bench.trees())) == (2, 2)
        await bench.call("DeleteFunction", FunctionName="f", Qualifier="1")
        await bench.settle()
        assert (len(bench.archives()), len(bench.trees())) == (1, 1)

    run(scenario)


def test_a_layer_that_nobody_uses_goes_at_once(run: Run, make_zip: Any) -> None:
    async def scenario(bench: Any) -> None:
        await _publish(bench, make_zip)
        await bench.call("DeleteLayerVersion", LayerName="l", VersionNumber=1)
        await bench.settle()
        assert (bench.archives(), bench.trees()) == ([], [])

    run(scenario)


def test_lost_trees_of_layers_are_made_again(run: Run, make_zip: Any) -> None:
    async def scenario(bench: Any) -> None:
        await _publish(bench, make_zip)
        await bench.create(Layers=[ARN])
        before = bench.trees()
        for tree in before:
            shutil.rmtree(bench.directory / "code" / "sealed" / tree)
        await bench.new_service().start()
        assert bench.trees() == before

    run(scenario)


def test_a_tree_that_comes_out_differently_is_used_from_then_on(run: Run, make_zip: Any) -> None:
    async def scenario(bench: Any) -> None:
        await _publish(bench, make_zip)
        await bench.create(Layers=[ARN])
        old = set(bench.trees())
        for tree in old:
            shutil.rmtree(bench.directory / "code" / "sealed" / tree)
        seal = bench.plane.seal

        async def other(name: str) -> str:
            (bench.directory / "code" / "staging" / name / "extra").write_text("x")
            return str(await seal(name))

        bench.plane.seal = other
        bench.service = bench.new_service()
        await bench.service.start()
        new = set(bench.trees())
        assert (len(new), old & new) == (2, set())
        await bench.call("Invoke", FunctionName="f")
        ((spec, _),) = bench.plane.invoked
        assert {spec.code, *spec.layers} == new

    run(scenario)
