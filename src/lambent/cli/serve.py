"""The life of the core process: start the platform, say where it is, stop it when asked to."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import json
import logging
import resource
import signal
import socket
import sys
from typing import TYPE_CHECKING

import click
import uvloop

from lambent import __version__, app
from lambent.process import platform_log
from lambent.storage.errors import StorageUnusable

if TYPE_CHECKING:
    from lambent.config import Config
    from lambent.storage.data_dir import DataDir

_log = logging.getLogger(__name__)


def run(config: Config, data_dir: DataDir, control: socket.socket, runtimes_json: str) -> None:
    """Serve until SIGTERM or until the launcher is gone.

    Raises:
        StorageUnusable: the state or the address cannot be used; one line.
    """
    platform_log.start(config.log_style)
    # Each environment takes four descriptors, and the usual soft limit is 1,024.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    spawner = _receive_spawner(control)
    if spawner is None:  # the launcher is gone before it began
        return
    platform = app.build(config, data_dir, spawner, json.loads(runtimes_json))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(platform, control))


async def _serve(platform: app.Platform, control: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await platform.start()
    except OSError as problem:
        raise StorageUnusable(_reason(platform.config, problem)) from problem
    # What is there now stays: the collector need not look at it again, nor after every few requests at what they left.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    control.setblocking(False)
    replacing: set[asyncio.Task[None]] = set()

    def on_control() -> None:
        try:
            spawner = _receive_spawner(control)
        except BlockingIOError:
            return
        if spawner is None:
            loop.remove_reader(control)
            stop.set()
            return
        task = loop.create_task(platform.plane.replace_spawner(spawner))
        replacing.add(task)
        task.add_done_callback(replacing.discard)

    loop.add_reader(control, on_control)
    click.echo(f"Lambent {__version__} at {platform.endpoint} (account {platform.config.account})")
    sys.stdout.flush()
    await stop.wait()
    loop.remove_reader(control)
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*replacing)
    await platform.stop()


def _receive_spawner(control: socket.socket) -> socket.socket | None:
    """The spawner's socket from the launcher; None when the launcher is gone."""
    try:
        message, descriptors, _, _ = socket.recv_fds(control, 64, 1)
    except ConnectionResetError:
        return None
    if not message:
        return None
    return socket.socket(fileno=descriptors[0])


def _reason(config: Config, problem: OSError) -> str:
    where = f"{config.host} port {config.port}"
    if problem.errno == errno.EADDRINUSE:
        return f"{where} is in use by another program; choose another with --port"
    return f"cannot start on {where}: {problem.strerror or problem}"
