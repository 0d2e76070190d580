"""The composition root: the only file that knows everybody.

`build` makes a `Platform` of its parts; whoever starts it (the core process, or a test) hands it a claimed data
directory, the socket of a running spawner and what the host's interpreters are.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambent import __version__
from lambent.apis.metrics import ApiMetrics
from lambent.apis.request_meter import RequestMeter
from lambent.core.clock import SystemClock
from lambent.execution.endpoint import Endpoint
from lambent.execution.networks import Networks
from lambent.execution.plane import ExecutionPlane
from lambent.execution.runtimes import discovery, libraries
from lambent.execution.runtimes.table import RUNTIME_IDS, Runtimes
from lambent.execution.spawner import host, rehearsal, start
from lambent.execution.spec import Observers
from lambent.gateway.door_signatures import DoorSignatures
from lambent.gateway.inner_listener import InnerListener
from lambent.gateway.metrics_page import MetricsPage
from lambent.gateway.overview_page import OverviewPage
from lambent.gateway.own_paths import OwnDoors, OwnPaths
from lambent.gateway.pipeline import Gateway
from lambent.gateway.server import HttpServer
from lambent.gateway.watchers import Watchers
from lambent.gateway.welcome import Welcome
from lambent.policy.authority import PolicyAuthority
from lambent.policy.decisions import Decisions
from lambent.process.compute import Compute
from lambent.protocol.routing import Router
from lambent.services.apigateway.data_plane.data_plane import RestDataPlane
from lambent.services.apigateway.data_plane.trial_requests import TrialRequests
from lambent.services.apigateway.service import ApiGatewayService
from lambent.services.apigateway.stages_in_memory import Stages
from lambent.services.apigatewayv2.data_plane.data_plane import HttpDataPlane
from lambent.services.apigatewayv2.live_apis import LiveApis
from lambent.services.apigatewayv2.service import ApiGatewayV2Service
from lambent.services.cloudwatch.service import CloudWatchService
from lambent.services.iam.accounts_door import AccountsDoor
from lambent.services.iam.explain_door import ExplainDoor
from lambent.services.iam.service import IamService
from lambent.services.iam.suggest_door import SuggestDoor
from lambent.services.lambda_.event_metrics import EventMetrics
from lambent.services.lambda_.figures import Figures
from lambent.services.lambda_.function_metrics import FunctionMetrics
from lambent.services.lambda_.runtime_policy import RuntimePolicy
from lambent.services.lambda_.service import LambdaService
from lambent.services.logs.service import LogsService
from lambent.services.metering.allocations import Allocation
from lambent.services.metering.service import Metering
from lambent.services.metering.usage_door import UsageDoor
from lambent.services.sts.service import StsService
from lambent.storage.blobs import Blobs
from lambent.storage.client_access import (
    add_client_access,
    forget_client_accesses,
    write_client_access,
)
from lambent.storage.log_segments import LogSegments
from lambent.storage.sqlite import SqliteDatabase

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from datetime import timedelta

    from jwt import PyJWKSet

    from lambent.config import Config
    from lambent.core.figures import Family
    from lambent.core.ports import Credential
    from lambent.execution.log_stream import LogSink, OpenSink
    from lambent.execution.spawner.start import Started
    from lambent.execution.spec import FunctionSpec
    from lambent.services.iam.accounts import Accounts
    from lambent.services.otel.exporter import OtelExporter
    from lambent.storage.data_dir import DataDir

# Services whose requests are told apart; operations without a row in a service's table answer 501 by name.
SERVICES = ("lambda", "apigateway", "apigatewayv2", "iam", "sts", "logs", "cloudwatch")
# Templates and models of APIs are small: what needs more than this is out to do harm.
_TEMPLATE_MEMORY_MIB = 256
# Searches of logs may take minutes: they take what functions and deployments leave.
_NICENESS_OF_SEARCHES = 15
# Pools made before anybody asks, where the host has the language: the first function need not wait for one.
_PREWARMED = ("python3.11", "nodejs20.x")


def discover_runtimes() -> dict[str, Any]:
    """Every runtime id that this host serves, with its interpreter."""
    return discovery.discover()


def spawn_execution(config: Config, core_uid: int, runtimes: Mapping[str, Any]) -> Started:
    """Start a spawner without a launcher: for tests."""
    outside = start.Outside(config.network_mode, config.network_deny)
    return start.start_spawner(
        config.data_dir, config.isolation, core_uid, runtimes, outside, config.log_style
    )


@dataclass(slots=True)
class Platform:
    """A whole platform in this process. `start` it, `stop` it; in between `address` says where it listens."""

    config: Config
    clock: SystemClock
    data_dir: DataDir
    database: SqliteDatabase
    iam: IamService
    sts: StsService
    compute: Compute
    searches: Compute  # of logs: a deploy must not wait for them
    segments: LogSegments
    logs: LogsService
    cloudwatch: CloudWatchService
    metering: Metering
    otel: OtelExporter | None
    plane: ExecutionPlane
    lambda_: LambdaService
    apigateway: ApiGatewayService
    apigatewayv2: ApiGatewayV2Service
    stages: Stages  # what is deployed of it
    rest_apis: RestDataPlane
    http_apis: HttpDataPlane
    template_compute: Compute
    server: HttpServer
    inner_server: HttpServer  # what functions find at their AWS endpoint
    prewarmed: tuple[str, ...]
    address: tuple[str, int] = ("", 0)
    is_ready: bool = False
    _running: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        """Open the state, then the plane, then the door. On failure everything that was opened is closed again."""
        async with AsyncExitStack() as stack:
            stack.callback(self.data_dir.release)
            await self.database.open()
            stack.push_async_callback(self.database.close)
            await self.iam.start()
            stack.push_async_callback(self.iam.stop)
            root = await self.accounts.ensure(self.config.account)
            stack.push_async_callback(self.segments.close)
            stack.push_async_callback(self.compute.close)
            stack.push_async_callback(self.searches.close)
            await self.metering.start()
            stack.push_async_callback(self.metering.stop)
            await self.cloudwatch.start()
            stack.push_async_callback(self.cloudwatch.stop)
            await self.logs.start()
            stack.push_async_callback(self.logs.stop)
            stack.push_async_callback(self.template_compute.close)
            stack.push_async_callback(self.rest_apis.close)
            stack.push_async_callback(self.http_apis.close)
            stack.push_async_callback(self.inner_server.close)
            await self.plane.start()
            stack.push_async_callback(self.plane.stop)
            if self.otel is not None:
                await self.otel.start()
                stack.push_async_callback(self.otel.stop)
            await self.lambda_.start()
            stack.push_async_callback(self.lambda_.stop)
            self.cloudwatch.watch_alarms()
            await self.apigateway.start()
            stack.push_async_callback(self.apigateway.stop)
            await self.apigatewayv2.start()
            for runtime in self.prewarmed:
                self.plane.prewarm(runtime)
            self.address = await self.server.listen(self.config.host, self.config.port)
            stack.push_async_callback(self.server.close)
            write_client_access(self.data_dir, root, self.endpoint, self.config.region)
            self.is_ready = True
            self._running = stack.pop_all()

    async def stop(self) -> None:
        """Close the door, let what runs finish, then everything else in the reverse order of the start."""
        self.is_ready = False
        await self._running.aclose()

    async def reset(self) -> None:
        """Forget everything but the account of the configuration (`--test-mode`)."""
        await self.lambda_.reset()
        await self.apigateway.reset()
        await self.apigatewayv2.reset()
        await self.logs.reset()
        await self.cloudwatch.reset()
        await self.metering.reset()
        await self.iam.reset(self.config.account)
        forget_client_accesses(self.data_dir)

    async def advance(self, by: timedelta) -> None:
        """Move the calendar, and do what is due then (`--test-mode`)."""
        await self.lambda_.advance(by)
        await self.logs.sweep()
        await self.cloudwatch.advance()
        await self.metering.advance()

    async def keep(self, root: Credential) -> None:
        """Have the root key of a new account where `lambent env` finds it."""
        await asyncio.to_thread(
            add_client_access, self.data_dir, root, self.endpoint, self.config.region
        )

    @property
    def accounts(self) -> Accounts:
        return self.iam.accounts

    @property
    def endpoint(self) -> str:
        """Where clients on this machine find us, as a URL."""
        host, port = self.address
        reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - compared only
        return f"http://{reachable}:{port}"


def build(
    config: Config, data_dir: DataDir, spawner: socket.socket, runtimes: Mapping[str, Any]
) -> Platform:
    """Put a platform together; nothing runs before its `start`.

    Args:
        data_dir: claimed; released when the platform stops.
        spawner: the socket of a running spawner.
        runtimes: what `discover_runtimes` returned.
    """
    later = _Later()
    ground = _ground(config, data_dir)
    functions = _functions(ground, spawner, Runtimes(runtimes), later)
    watched = _watched(ground, functions)
    apis = _apis(ground, functions, watched)
    outer, inner = _gateways(ground, functions, watched, apis, later)
    later.platform = Platform(
        config=config,
        clock=ground.clock,
        data_dir=data_dir,
        database=ground.database,
        iam=ground.iam,
        sts=ground.sts,
        compute=functions.compute,
        searches=watched.searches,
        segments=watched.segments,
        logs=watched.logs,
        cloudwatch=watched.cloudwatch,
        metering=functions.metering,
        otel=functions.otel,
        plane=functions.plane,
        lambda_=functions.lambda_,
        apigateway=apis.rest,
        apigatewayv2=apis.http,
        stages=apis.stages,
        rest_apis=apis.rest_plane,
        http_apis=apis.http_plane,
        template_compute=apis.compute,
        server=HttpServer(outer.handle, clock=ground.clock, begin=outer.begin),
        inner_server=HttpServer(inner.handle, clock=ground.clock, begin=inner.begin),
        prewarmed=_PREWARMED,
    )
    return later.platform


class _Later:
    """The platform, for its own parts: they are made before it, and ask it when all runs."""

    platform: Platform

    def is_ready(self) -> bool:
        return self.platform.is_ready

    def endpoint(self) -> str:
        return self.platform.endpoint

    def logs(self) -> LogsService:
        return self.platform.logs

    def allocations(self) -> list[Allocation]:
        return _allocations(self.platform.plane.held_ready()) if self.is_ready() else []

    def serve(self, listener: socket.socket) -> Callable[[], None]:
        """Answer what a function sends to its AWS endpoint."""
        loop = asyncio.get_running_loop()
        return InnerListener(listener, self.platform.inner_server, loop).close

    async def figures(self, functions: Figures) -> list[Family]:
        """What OpenTelemetry is told, too."""
        return [*await functions.read(), *self.platform.segments.families()]

    async def reset(self) -> None:
        await self.platform.reset()

    async def advance(self, by: timedelta) -> None:
        await self.platform.advance(by)

    async def keep(self, root: Credential) -> None:
        await self.platform.keep(root)


@dataclass(frozen=True, slots=True)
class _Ground:
    """What all services stand on."""

    config: Config
    data_dir: DataDir
    clock: SystemClock
    database: SqliteDatabase
    iam: IamService
    sts: StsService
    decisions: Decisions
    signatures: DoorSignatures
    authority: PolicyAuthority

    @property
    def strict_authority(self) -> PolicyAuthority | None:
        """None where nobody's permissions are looked at."""
        return None if self.config.auth == "open" else self.authority

    @property
    def closed_networks(self) -> list[str]:
        return self.config.network_deny.replace(",", " ").split()


def _ground(config: Config, data_dir: DataDir) -> _Ground:
    clock = SystemClock()
    database = SqliteDatabase(data_dir.database_path)
    iam, sts = _identities(config, database, clock)
    decisions = Decisions(iam.directory)
    decisions.add_resources("iam", iam.resources)
    signatures = DoorSignatures(sts.sessions, clock, config.auth)
    authority = PolicyAuthority(decisions, clock, iam.calls)
    return _Ground(config, data_dir, clock, database, iam, sts, decisions, signatures, authority)


@dataclass(frozen=True, slots=True)
class _Functions:
    """Lambda, what runs its functions, and what counts them."""

    lambda_: LambdaService
    plane: ExecutionPlane
    compute: Compute
    metrics: FunctionMetrics
    metering: Metering
    figures: Figures
    otel: OtelExporter | None


def _functions(
    ground: _Ground, spawner: socket.socket, runtimes: Runtimes, later: _Later
) -> _Functions:
    config, data_dir, clock = ground.config, ground.data_dir, ground.clock
    metrics = FunctionMetrics()
    metering = Metering(ground.database, data_dir.usage_dir, clock, later.allocations)
    otel = _otel(config, clock, lambda: later.figures(figures))
    ended = [metrics.ended] if otel is None else [metrics.ended, otel.ended]
    observer = Observers(
        answers=[metering.meter.answers], ended=ended, throttled=[metrics.throttled]
    )
    plane = ExecutionPlane(
        spawner=spawner,
        runtimes=runtimes,
        clock=clock,
        open_sink=_open_sink(later.logs),
        account_concurrency=config.account_concurrency,
        keep_alive_s=config.keep_alive_s,
        limits_cpu=config.limits_cpu == "memory",
        sealed_dir=data_dir.code_dir / "sealed",
        role_sessions=ground.sts.role_sessions,
        endpoint=Endpoint(serve=later.serve, url=later.endpoint),
        networks=Networks(config.network_rules),
        observer=observer,
    )
    metrics.watch(plane.running_with, plane.provisioned_with)
    figures = Figures(metrics, plane, clock)
    compute = Compute(log_style=config.log_style)
    lambda_ = LambdaService(
        database=ground.database,
        plane=plane,
        compute=compute,
        blobs=Blobs(data_dir.blobs_dir / "code"),
        code_dir=data_dir.code_dir,
        clock=clock,
        policy=RuntimePolicy(
            runtimes,
            is_strict=config.runtimes_strict,
            refuses_retired=config.runtimes_retired == "refuse",
        ),
        account_concurrency=config.account_concurrency,
        signatures=ground.signatures,
        authority=ground.authority,
        roles=None if config.auth == "open" else ground.sts.role_sessions,
        assumed_roles=ground.sts.role_sessions,
        metrics=EventMetrics(metrics.note),
        makes_spans=otel is not None,
        meter=metering.meter,
    )
    ground.decisions.add_resources("lambda", lambda_.resource_facts)
    return _Functions(lambda_, plane, compute, metrics, metering, figures, otel)


def _otel(
    config: Config, clock: SystemClock, read_figures: Callable[[], Awaitable[Iterable[Family]]]
) -> OtelExporter | None:
    if not config.otel_endpoint:
        return None
    from lambent.services.otel.exporter import OtelExporter  # noqa: PLC0415 - an extra, for those who want it

    return OtelExporter(config.otel_endpoint, config.otel_fields, read_figures, clock, __version__)


@dataclass(frozen=True, slots=True)
class _Watched:
    """CloudWatch: logs and metrics."""

    logs: LogsService
    segments: LogSegments
    searches: Compute
    cloudwatch: CloudWatchService


def _watched(ground: _Ground, functions: _Functions) -> _Watched:
    cloudwatch = CloudWatchService(ground.database, ground.clock, functions.lambda_.functions)
    cloudwatch.collector.watch(functions.metrics.drain)
    max_bytes = ground.config.logs_max_mib << 20
    segments = LogSegments(ground.data_dir.logs_dir, ground.clock, max_bytes)
    searches = Compute(niceness=_NICENESS_OF_SEARCHES, log_style=ground.config.log_style)
    logs = LogsService(
        database=ground.database,
        segments=segments,
        compute=searches,
        clock=ground.clock,
        functions=functions.lambda_.functions,
        metrics=cloudwatch.collector,
    )
    return _Watched(logs, segments, searches, cloudwatch)


@dataclass(frozen=True, slots=True)
class _Apis:
    """API Gateway: both kinds of API, and what is deployed of them."""

    rest: ApiGatewayService
    http: ApiGatewayV2Service
    stages: Stages
    rest_plane: RestDataPlane
    http_plane: HttpDataPlane
    compute: Compute


def _apis(ground: _Ground, functions: _Functions, watched: _Watched) -> _Apis:
    stages = Stages()
    rest = ApiGatewayService(
        ground.database,
        stages,
        ground.clock,
        authority=ground.strict_authority,
        invoker=TrialRequests(lambda: rest_plane.trials),
    )
    live_apis = LiveApis(stages.domains)
    http = ApiGatewayV2Service(ground.database, live_apis, authority=ground.strict_authority)
    metrics = ApiMetrics(ground.clock)
    watched.cloudwatch.collector.watch(metrics.drain)
    meter = RequestMeter(functions.metering.meter, metrics)
    compute = Compute(
        memory_mib=_TEMPLATE_MEMORY_MIB, niceness=0, log_style=ground.config.log_style
    )
    rest_plane = RestDataPlane(
        stages=stages,
        functions=functions.lambda_.functions,
        signatures=ground.signatures,
        authority=ground.authority,
        compute=compute,
        clock=ground.clock,
        usage=rest.usage,
        issuers=partial(_issuers, ground.config.web_identity_jwks),
        logs=watched.logs,
        meter=meter,
        closed_networks=ground.closed_networks,
    )
    http_plane = HttpDataPlane(
        live_apis=live_apis,
        functions=functions.lambda_.functions,
        signatures=ground.signatures,
        authority=ground.authority,
        issuers=partial(_issuers, ground.config.web_identity_jwks),
        clock=ground.clock,
        logs=watched.logs,
        meter=meter,
        closed_networks=ground.closed_networks,
    )
    ground.decisions.add_resources("execute-api", rest_plane.resource_facts)
    return _Apis(rest, http, stages, rest_plane, http_plane, compute)


def _gateways(
    ground: _Ground, functions: _Functions, watched: _Watched, apis: _Apis, later: _Later
) -> tuple[Gateway, Gateway]:
    """What answers clients, and what answers functions, who have no business with the platform itself."""
    config, clock, iam, lambda_ = ground.config, ground.clock, ground.iam, functions.lambda_
    router = Router(SERVICES)
    gateway = partial(
        Gateway,
        router=router,
        services=[
            lambda_,
            apis.rest,
            apis.http,
            watched.logs,
            watched.cloudwatch,
            iam,
            ground.sts,
        ],
        credentials=ground.sts.sessions,
        uses=iam.uses,
        calls=iam.calls,
        messages=ground.sts.messages,
        database=ground.database,
        clock=clock,
        default_region=config.region,
        account_id=config.account,
        auth=config.auth,
        decisions=ground.decisions,
        addresses=apis.stages.domains,
    )
    own_paths = OwnPaths(
        later.is_ready, later.reset, clock if config.test_mode else None, later.advance
    )
    tags = lambda_.resource_facts.tags
    figures = functions.figures
    watchers = Watchers(config.metrics_token)
    operators = (
        AccountsDoor(iam.accounts, ground.signatures, config.account, later.keep),
        ExplainDoor(iam.directory, ground.decisions, ground.signatures, clock, config.account),
        SuggestDoor(iam.directory, iam.calls, ground.signatures, config.account),
        MetricsPage(partial(_all_figures, functions, later), watchers),
        OverviewPage(figures.overview, watchers),
        UsageDoor(functions.metering, ground.signatures, clock, config.account, tags),
    )
    # An address is that of an HTTP API if there is one; all the others are those of REST APIs, or of none.
    doors = [*lambda_.doors, apis.http_plane.door, apis.rest_plane.door]
    welcome = Welcome(__version__, router.is_named_by_host)
    own = OwnDoors(own_paths, *operators)
    return gateway(doors=[own, *doors, welcome]), gateway(doors=doors)


async def _all_figures(functions: _Functions, later: _Later) -> list[Family]:
    found = await later.figures(functions.figures)
    return found if functions.otel is None else [*found, *functions.otel.families()]


def _identities(
    config: Config, database: SqliteDatabase, clock: SystemClock
) -> tuple[IamService, StsService]:
    """Who there is, and who may be whom."""
    iam = IamService(database, clock)
    sts = StsService(
        long_term=iam.accounts,
        roles=iam.directory,
        providers=iam.directory,
        keys=iam.sealing_keys,
        clock=clock,
        jwks=Path(config.web_identity_jwks) if config.web_identity_jwks else None,
        is_open=config.auth == "open",
    )
    return iam, sts


def _allocations(held: Iterable[tuple[FunctionSpec, int]]) -> list[Allocation]:
    return [
        Allocation(
            spec.account_id,
            spec.region,
            spec.function_name,
            spec.function_version,
            f"{spec.architecture}/{spec.initialization}",
            spec.memory_mib,
            count,
        )
        for spec, count in held
    ]


def _issuers(jwks: str | None) -> Mapping[str, PyJWKSet]:
    """The keys of issuers of tokens that the platform's file has."""
    if not jwks:
        return {}
    from lambent.services.sts import id_tokens  # noqa: PLC0415 - loads cryptography, which few need

    return id_tokens.key_sets(Path(jwks))


def _not_kept(events: list[tuple[int, str]]) -> None:
    """What a compiler has to say is the function's to find out, at import."""


def _open_sink(logs: Callable[[], LogsService]) -> OpenSink:
    """`logs` is called for each log: the service comes after the plane, whose functions it invokes."""

    def open_sink(spec: FunctionSpec, stream: str) -> LogSink:
        if spec.compiles:
            return _not_kept
        return logs().sink(spec.account_id, spec.region, spec.log_group, stream)

    return open_sink


@dataclass(frozen=True, slots=True)
class HostReport:
    """What `lambent doctor` tells: the spawner's findings, the served runtime ids, the known ones not served, and by
    language how to install what functions cannot import.
    """

    host: Mapping[str, Any]
    runtimes: Mapping[str, Any]
    unserved: tuple[str, ...]
    library_lacks: Mapping[str, str] = field(default_factory=dict)
    unusable_java: tuple[str, ...] = ()  # why the Java that is there serves nothing


def inspect_host(config: Config) -> HostReport:
    """Try out what this host lets us do; leaves a running platform alone."""
    found = discovery.discover()
    with tempfile.TemporaryDirectory(prefix="lambent-doctor-") as scratch:
        examined = host.examine(config.isolation, scratch)
    examined.network = rehearsal.inspect(
        config.network_mode,
        isolated=examined.isolated,
        is_root=os.geteuid() == 0,
        deny=config.network_deny,
    )
    unserved = tuple(name for name in RUNTIME_IDS if name not in found)
    lacks = {
        language: text for language in ("node", "python") if (text := libraries.lacks(language))
    }
    java = tuple(discovery.java_lacks())
    return HostReport(examined.describe(), found, unserved, lacks, java)
