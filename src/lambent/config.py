"""Every setting of the platform, in one frozen dataclass; the only reader of the environment.

A setting comes from, in this order: the command line, `LAMBENT_*` variables, `lambent.toml`, the default given here.
Each field carries its help text, which the command line and docs/reference/settings.md show.
"""

from __future__ import annotations

import ipaddress
import json
import math
import os
import re
import tomllib
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from lambent.core.plain_log import LogStyle

if TYPE_CHECKING:
    from collections.abc import Mapping

Auth = Literal["iam", "open"]
Isolation = Literal["auto", "require", "none"]
NetworkMode = Literal["auto", "internet", "platform", "none"]
FunctionNetwork = ("internet", "platform", "none")
Retired = Literal["accept", "refuse"]
CpuLimit = Literal["memory", "none"]
LogFormat = Literal["auto", "json", "text"]
LogLevel = Literal["debug", "info", "warning", "error"]

# What awslocal, samlocal, cdklocal and tflocal expect.
DEFAULT_PORT = 4566
DEFAULT_ACCOUNT = "000000000000"
# Above what distributions hand out (adduser stops at 60,000), below systemd's dynamic users (61,184).
CORE_UID = 60_566


# Settings that nobody else may see.
_SECRET = ("metrics_token", "otel_headers")


class ConfigInvalid(Exception):
    """A setting cannot be used; the text is one line for the person who gave it."""


def _default_data_dir() -> str:
    """`/var/lib/lambent` for root, the user's data directory (XDG base directory specification) otherwise."""
    if os.geteuid() == 0:
        return "/var/lib/lambent"
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return str(Path(base) / "lambent")


def _setting(text: str, default: Any) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one platform. Values are checked when it is made; see `ConfigInvalid`."""

    data_dir: str = field(
        default_factory=_default_data_dir, metadata={"help": "Where everything is kept."}
    )
    host: str = _setting("Address to listen on.", "127.0.0.1")
    port: int = _setting("Port to listen on; 0 lets the kernel choose.", DEFAULT_PORT)
    account: str = _setting("The default account's id, 12 digits.", DEFAULT_ACCOUNT)
    region: str = _setting("The region of requests that name none.", "us-east-1")
    auth: Auth = _setting(  # noqa: RUF009 - makes a field
        "iam verifies signatures and permissions, open neither.", "iam"
    )
    isolation: Isolation = _setting(  # noqa: RUF009 - makes a field
        "require: full isolation or no start; auto: what the host offers; none: functions are not isolated.",
        "auto",
    )
    network_mode: NetworkMode = _setting(  # noqa: RUF009 - makes a field
        "internet: functions can connect to the outside, or no start; platform: to the platform's own AWS endpoint "
        "alone; none: to nothing; auto: as the host can.",
        "auto",
    )
    network_deny: str = _setting(
        "Networks that functions never reach, as CIDRs separated by commas.", ""
    )
    network_functions: str = _setting(
        "Functions that reach less, as NAME=MODE separated by commas; * in a name stands for anything.",
        "",
    )
    test_mode: bool = _setting("Offer /_lambent/reset and /_lambent/clock.", default=False)
    core_user: str = _setting(
        "Who the core runs as when started by root: auto (a uid of its own), or root.", "auto"
    )
    runtimes_strict: bool = _setting(
        "Refuse runtimes whose exact version is not installed, instead of taking the nearest.",
        default=False,
    )
    runtimes_retired: Retired = _setting(  # noqa: RUF009 - makes a field
        "refuse answers as AWS does to runtime ids that it has retired; accept runs them.", "accept"
    )
    account_concurrency: int = _setting("Invocations an account may run at once.", 1000)
    limits_cpu: CpuLimit = _setting(  # noqa: RUF009 - makes a field
        "memory gives a function CPU in proportion to its memory, as AWS does; none all that is there.",
        "memory",
    )
    web_identity_jwks: str = _setting(
        "File with the public keys of OpenID Connect providers, a JWKS by issuer.", ""
    )
    keep_alive_s: float = _setting("Seconds an idle environment is kept.", 600.0)
    metrics_token: str = _setting(
        "What clients send as a bearer token to read /_lambent/metrics; without it only those on this machine may.",
        "",
    )
    log_format: LogFormat = _setting(  # noqa: RUF009 - makes a field
        "How the platform's own log is written: json, a line each; text, for people; auto: text on a terminal.",
        "auto",
    )
    log_level: LogLevel = _setting(  # noqa: RUF009 - makes a field
        "The least level of the platform's own log: debug, info, warning or error.", "info"
    )
    otel_endpoint: str = _setting(
        "Where OpenTelemetry's collector takes OTLP over HTTP (http://127.0.0.1:4318); without it nothing is sent.",
        "",
    )
    otel_headers: str = _setting(
        "What is sent to that collector with each request, as NAME=VALUE separated by commas.", ""
    )
    logs_max_mib: int = _setting(
        "MiB that all logs together may take; beyond that the oldest are deleted.", 10240
    )

    def __post_init__(self) -> None:
        self._check_texts()
        self._check_networks()
        self._check_otel()
        if not 0 <= self.port <= 65535:
            raise ConfigInvalid(f"port must be between 0 and 65535, not {self.port}")
        choices = {
            "auth": Auth,
            "isolation": Isolation,
            "network_mode": NetworkMode,
            "runtimes_retired": Retired,
            "limits_cpu": CpuLimit,
            "log_format": LogFormat,
            "log_level": LogLevel,
        }
        for name, choice in choices.items():
            allowed = get_args(choice)
            if getattr(self, name) not in allowed:
                raise ConfigInvalid(f"{name} must be one of {', '.join(allowed)}")
        if self.core_user not in ("auto", "root"):
            raise ConfigInvalid("core_user must be auto or root")
        if self.account_concurrency < 1:
            raise ConfigInvalid("account_concurrency must be positive")
        if self.logs_max_mib < 64:
            raise ConfigInvalid("logs_max_mib must be at least 64")
        if not 0 < self.keep_alive_s < math.inf:
            raise ConfigInvalid("keep_alive_s must be positive and finite")

    def _check_networks(self) -> None:
        for network in self.network_deny.replace(",", " ").split():
            try:
                ipaddress.IPv4Network(network)
            except ValueError as problem:
                raise ConfigInvalid(f"network_deny: {problem}") from problem
        for name, mode in self.network_rules:
            if not re.fullmatch(r"[0-9A-Za-z_*-]{1,140}", name) or mode not in FunctionNetwork:
                modes = ", ".join(FunctionNetwork)
                raise ConfigInvalid(
                    f"network_functions: {name}={mode} is not NAME=MODE, with one of {modes}"
                )

    def _check_texts(self) -> None:
        if not re.fullmatch(r"[0-9]{12}", self.account):
            raise ConfigInvalid(f"account must be 12 digits, not {self.account!r}")
        if not re.fullmatch(r"[a-z0-9-]+", self.region):
            raise ConfigInvalid(
                f"region must be lower-case letters, digits and hyphens, not {self.region!r}"
            )
        # An empty host would listen on every address, an empty data_dir use the working directory.
        for name, text in (("host", self.host), ("data_dir", self.data_dir)):
            if not text or not text.isprintable():
                raise ConfigInvalid(f"{name} must be a line of text, not {text!r}")

    @property
    def network_rules(self) -> list[tuple[str, str]]:
        """What `network_functions` says, as (name, mode)."""
        rules = (rule.partition("=") for rule in self.network_functions.replace(",", " ").split())
        return [(name, mode) for name, _, mode in rules]

    def _check_otel(self) -> None:
        if self.otel_endpoint and not re.fullmatch(
            r"https?://[^\s/?#@]+(/[^\s?#]*)?", self.otel_endpoint
        ):
            # What is wrong with it may be a password; the same goes for the fields.
            raise ConfigInvalid(
                "otel_endpoint must be an http or https URL without a password; otel_headers may hold one"
            )
        if not re.fullmatch(
            r"|[!-+\--<>-~]+=[^,\r\n]*(,[!-+\--<>-~]+=[^,\r\n]*)*", self.otel_headers
        ):
            raise ConfigInvalid("otel_headers must be NAME=VALUE, separated by commas")

    @property
    def otel_fields(self) -> dict[str, str]:
        """What `otel_headers` says."""
        pairs = (each.partition("=") for each in self.otel_headers.split(",") if each)
        return {name.strip(): value.strip() for name, _, value in pairs}

    @property
    def log_style(self) -> LogStyle:
        return LogStyle(self.log_format, self.log_level)

    @property
    def core_uid(self) -> int:
        """Who core runs as: a uid of its own when root starts the platform, unless that is waived."""
        if os.geteuid() == 0 and self.core_user != "root":
            return CORE_UID
        return os.geteuid()

    def to_json(self) -> str:
        """All but what is secret: arguments of a process can be read by everybody on the host."""
        return json.dumps(asdict(self) | dict.fromkeys(_SECRET, ""))

    def secrets_to_json(self) -> str:
        return json.dumps({name: getattr(self, name) for name in _SECRET})

    @classmethod
    def from_json(cls, text: str, secrets: str) -> Config:
        return cls(**json.loads(text) | json.loads(secrets))


def load(options: Mapping[str, Any]) -> Config:
    """The settings in force. `options` are those of the command line; None means not given.

    Raises:
        ConfigInvalid: a value, the file or a name in it cannot be used.
    """
    values = _from_file() | _from_environment()
    values |= {name: value for name, value in options.items() if value is not None}
    config = Config(**values)
    return replace(config, data_dir=_resolved(config.data_dir))


def _resolved(data_dir: str) -> str:
    """One name for one directory, links followed: mounts and control groups go by it."""
    try:
        return str(Path(data_dir).resolve())
    except (
        OSError,
        RuntimeError,
    ) as problem:  # RuntimeError: a link that leads to itself, before 3.13
        raise ConfigInvalid(f"data_dir {data_dir} cannot be followed: {problem}") from problem


def _from_file() -> dict[str, Any]:
    path = Path(os.environ.get("LAMBENT_CONFIG", "lambent.toml"))
    if not path.exists():
        if "LAMBENT_CONFIG" in os.environ:
            raise ConfigInvalid(f"{path} (from LAMBENT_CONFIG) does not exist")
        return {}
    try:
        table = _flat(tomllib.loads(path.read_text()))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise ConfigInvalid(f"{path}: {problem}") from problem
    known = {setting.name: setting for setting in fields(Config)}
    for name, value in table.items():
        if name not in known:
            raise ConfigInvalid(f"{path}: unknown setting {name!r}")
        _check_type(f"{path}: {name}", str(known[name].type), value)
    return table


def _flat(table: Mapping[str, Any]) -> dict[str, Any]:
    """`[runtimes] strict = true` is the setting `runtimes_strict`."""
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat |= {f"{name}_{inner}": each for inner, each in _flat(value).items()}
        else:
            flat[name] = value
    return flat


def _check_type(where: str, kind: str, value: object) -> None:
    if kind == "bool":
        right = isinstance(value, bool)
    elif kind in ("int", "float"):
        numbers = int if kind == "int" else (int, float)
        right = isinstance(value, numbers) and not isinstance(value, bool)
    else:
        right = isinstance(value, str)
    if not right:
        raise ConfigInvalid(
            f"{where} must be {'text' if kind not in ('bool', 'int', 'float') else kind}"
        )


def _from_environment() -> dict[str, Any]:
    values: dict[str, Any] = {}
    for setting in fields(Config):
        variable = f"LAMBENT_{setting.name.upper()}"
        if variable in os.environ:
            values[setting.name] = _convert(variable, str(setting.type), os.environ[variable])
    return values


def _convert(variable: str, kind: str, text: str) -> Any:
    try:
        if kind == "bool":
            return {"1": True, "true": True, "0": False, "false": False}[text.lower()]
        if kind == "int":
            return int(text)
        return float(text) if kind == "float" else text
    except (ValueError, KeyError) as problem:
        raise ConfigInvalid(f"{variable} must be {kind}, not {text!r}") from problem
