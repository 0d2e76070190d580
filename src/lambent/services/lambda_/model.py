"""A function as it is stored: one frozen value, and what is derived from it.

The state is two machines in one (lambda-behaviours of AWS): `state` for the function as such, `update` for the last
change. Both settle together, because nothing is left to prepare once the row is written.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from lambent.execution.spec import ON_DEMAND, SNAP_START, FunctionSpec
from lambent.services.lambda_.names import LATEST, function_arn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import Scope

State = Literal["Pending", "Active", "Failed"]
UpdateStatus = Literal["InProgress", "Successful"]
TracingMode = Literal["Active", "PassThrough"]
LogFormat = Literal["Text", "JSON"]
SnapStartOn = Literal["None", "PublishedVersions"]
PUBLISHED_VERSIONS: Final = "PublishedVersions"
TenantIsolation = Literal["", "PER_TENANT"]
Key = tuple[str, str, str]  # account id, region, function name


@dataclass(frozen=True, slots=True)
class LayerUse:
    """A layer version as a function uses it, whatever becomes of the layer: `archive`, `size` and `tree` as in `Code`,
    `runtime` the one it was compiled for ("": none)."""

    arn: str
    size: int
    archive: str
    tree: str
    runtime: str = ""
    unpacked: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """What a caller may configure. Times in seconds, memory in MiB."""

    runtime: str
    role: str
    handler: str
    description: str = ""
    timeout_s: int = 3
    memory_mib: int = 128
    environment: Mapping[str, str] = field(default_factory=dict)
    architecture: str = "x86_64"
    tracing_mode: TracingMode = "PassThrough"
    log_group: str = ""  # empty: the function's own, /aws/lambda/<name>
    log_format: LogFormat = "Text"
    application_log_level: str = ""  # both levels are empty for text logs
    system_log_level: str = ""
    ephemeral_mib: int = 512
    kms_key_arn: str = ""
    dead_letter_arn: str = ""
    layers: tuple[LayerUse, ...] = ()
    snap_start: SnapStartOn = "None"
    tenant_isolation: TenantIsolation = ""
    # What was given and is empty is shown as such, what was never given is absent.
    has_environment: bool = False
    has_vpc_config: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What became of a version's snapshot. `reason` and `reason_code` say why it is off."""

    is_on: bool
    reason: str = ""
    reason_code: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """A deployment package: `archive` is the blob with the zip as uploaded (its SHA-256 in hex digits), `tree` the
    digest of what was unpacked, compiled and sealed from it."""

    archive: str
    size: int
    tree: str
    unpacked: int = 0  # bytes

    @property
    def sha256(self) -> str:
        """As AWS writes it: the archive's SHA-256 in base64."""
        return base64.b64encode(bytes.fromhex(self.archive)).decode()


@dataclass(frozen=True, slots=True)
class Function:
    """One version of a function: $LATEST (`version` 0), which changes, or a published one, which does not.

    `revision_id` changes with every change; `deployment_id` only with those that need new execution environments.
    `update` is None until the first state has settled. `last_version` counts the versions published so far; only
    $LATEST's is looked at."""

    scope: Scope
    name: str
    settings: Settings
    code: Code
    revision_id: str
    deployment_id: str
    modified_ms: int
    state: State = "Pending"
    update: UpdateStatus | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    version: int = 0
    last_version: int = 0
    published_digest: str = ""  # of what was published last; of use in $LATEST
    snapshot: Snapshot | None = None  # of a version with SnapStart, once that has settled

    @property
    def qualifier(self) -> str:
        """The version as AWS writes it."""
        return str(self.version) if self.version else LATEST

    @property
    def key(self) -> Key:
        return (self.scope.account_id, self.scope.region, self.name)

    @property
    def arn(self) -> str:
        return function_arn(self.scope, self.name)

    @property
    def is_settled(self) -> bool:
        return self.state == "Active" and self.update != "InProgress"

    @property
    def awaits_snapshot(self) -> bool:
        """Is it a version whose snapshot is still to be made?"""
        wants_one = self.version > 0 and self.settings.snap_start == PUBLISHED_VERSIONS
        return wants_one and self.state == "Pending"

    @property
    def log_group(self) -> str:
        return self.settings.log_group or f"/aws/lambda/{self.name}"

    @property
    def spec_key(self) -> str:
        """Identifies the environments made from this very code and configuration."""
        return "/".join((*self.key, self.deployment_id))

    def spec(self) -> FunctionSpec:
        """What the execution plane makes environments from."""
        return FunctionSpec(
            key=self.spec_key,
            runtime=self.settings.runtime,
            handler=self.settings.handler,
            code=self.code.tree,
            memory_mib=self.settings.memory_mib,
            timeout_s=self.settings.timeout_s,
            function_name=self.name,
            function_version=self.qualifier,
            function_arn=self.arn,
            region=self.scope.region,
            log_group=self.log_group,
            environment=self.settings.environment,
            account_id=self.scope.account_id,
            layers=tuple(layer.tree for layer in self.settings.layers),
            ephemeral_storage_mib=self.settings.ephemeral_mib,
            initialization=SNAP_START if self.snapshot and self.snapshot.is_on else ON_DEMAND,
            log_format=self.settings.log_format,
            application_log_level=self.settings.application_log_level or "INFO",
            system_log_level=self.settings.system_log_level or "INFO",
            role=self.settings.role,
            architecture=self.settings.architecture,
        )
