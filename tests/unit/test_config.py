"""Where a setting comes from, and what is said of one that cannot be used."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from lambent.config import CORE_UID, Config, ConfigInvalid, load

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory and no setting in the environment."""
    for name in [name for name in os.environ if name.startswith("LAMBENT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_defaults() -> None:
    config = load({})
    assert (config.host, config.port) == ("127.0.0.1", 4566)
    assert (config.account, config.region) == ("000000000000", "us-east-1")
    assert (config.auth, config.isolation, config.test_mode) == ("iam", "auto", False)
    assert (config.runtimes_strict, config.runtimes_retired) == (False, "accept")


# A setting of each type: its text in the file, in the environment, and on the command line.
SOURCES: list[tuple[str, str, Any, str, Any, Any]] = [
    ("port", "1111", 1111, "2222", 2222, 3333),
    ("region", '"eu-west-1"', "eu-west-1", "eu-west-2", "eu-west-2", "eu-west-3"),
    ("test_mode", "true", True, "false", False, True),
    ("keep_alive_s", "1.5", 1.5, "2.5", 2.5, 3.5),
]


@pytest.mark.parametrize(
    ("name", "in_file", "of_file", "in_environment", "of_environment", "given"), SOURCES
)
def test_the_nearer_source_wins(
    name: str,
    in_file: str,
    of_file: Any,
    in_environment: str,
    of_environment: Any,
    given: Any,
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert getattr(load({name: None}), name) == getattr(Config(), name)
    (directory / "lambent.toml").write_text(f"{name} = {in_file}\n")
    assert getattr(load({name: None}), name) == of_file
    monkeypatch.setenv(f"LAMBENT_{name.upper()}", in_environment)
    assert getattr(load({name: None}), name) == of_environment
    assert getattr(load({name: given}), name) == given


def test_sources_add_up(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (directory / "lambent.toml").write_text('port = 1111\nregion = "eu-west-1"\n')
    monkeypatch.setenv("LAMBENT_PORT", "2222")
    config = load({"auth": "open"})
    assert (config.port, config.region, config.auth) == (2222, "eu-west-1", "open")


def test_false_and_zero_of_the_command_line_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBENT_TEST_MODE", "true")
    monkeypatch.setenv("LAMBENT_PORT", "2222")
    config = load({"test_mode": False, "port": 0})
    assert (config.test_mode, config.port) == (False, 0)


@pytest.mark.parametrize(
    "text",
    [
        '[runtimes]\nstrict = true\nretired = "refuse"\n',
        'runtimes.strict = true\nruntimes.retired = "refuse"\n',
        'runtimes_strict = true\nruntimes_retired = "refuse"\n',
    ],
)
def test_tables_name_groups_of_settings(text: str, directory: Path) -> None:
    (directory / "lambent.toml").write_text(text)
    config = load({})
    assert (config.runtimes_strict, config.runtimes_retired) == (True, "refuse")


def test_the_file_may_lie_elsewhere(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (directory / "lambent.toml").write_text("port = 1111\n")
    (directory / "other.toml").write_text("port = 2222\n")
    monkeypatch.setenv("LAMBENT_CONFIG", str(directory / "other.toml"))
    assert load({}).port == 2222


def test_a_relative_data_directory_is_made_absolute(directory: Path) -> None:
    assert load({"data_dir": "here"}).data_dir == str(directory / "here")


def test_a_data_directory_behind_a_link_has_one_name(directory: Path) -> None:
    (directory / "real").mkdir()
    (directory / "link").symlink_to("real")
    assert load({"data_dir": "link"}).data_dir == str(directory / "real")
    assert load({"data_dir": "link/../x"}).data_dir == str(directory / "x")


def test_a_link_that_leads_to_itself(directory: Path) -> None:
    (directory / "loop").symlink_to("loop")
    if sys.version_info < (3, 13):
        assert "loop" in _complaint({"data_dir": "loop"})
    else:  # left to whoever opens it
        assert load({"data_dir": "loop"}).data_dir == str(directory / "loop")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", True), ("true", True), ("TRUE", True), ("0", False), ("false", False)],
)
def test_truth_in_the_environment(
    text: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMBENT_TEST_MODE", text)
    assert load({}).test_mode is expected


def _complaint(options: dict[str, Any]) -> str:
    with pytest.raises(ConfigInvalid) as refused:
        load(options)
    text = str(refused.value)
    assert text
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("account", "12345678901"),
        ("account", "1234567890123"),
        ("account", "12345678901x"),
        ("account", "123456789012\n"),
        ("account", "\u0661" * 12),  # digits of another script
        ("port", -1),
        ("port", 65_536),
        ("auth", "none"),
        ("isolation", "maybe"),
        ("runtimes_retired", "perhaps"),
        ("core_user", "nobody"),
        ("account_concurrency", 0),
        ("logs_max_mib", 63),
        ("keep_alive_s", 0.0),
        ("keep_alive_s", float("nan")),
        ("keep_alive_s", float("inf")),
        ("data_dir", ""),
        ("data_dir", "a\0b"),
        ("host", ""),
        ("region", ""),
        ("region", "us east\n1"),
    ],
)
def test_a_value_out_of_range(name: str, value: Any) -> None:
    assert name in _complaint({name: value})


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("LAMBENT_PORT", "http"),
        ("LAMBENT_PORT", ""),
        ("LAMBENT_KEEP_ALIVE_S", "long"),
        ("LAMBENT_TEST_MODE", "yes please"),
        ("LAMBENT_AUTH", "IAM"),
    ],
)
def test_a_bad_variable(variable: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, text)
    assert variable.removeprefix("LAMBENT_").lower() in _complaint({}).lower()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("port = ", "lambent.toml"),
        ("prot = 4566", "'prot'"),
        ("[runtimes]\nstrikt = true", "'runtimes_strikt'"),
        ("[port]\nnumber = 1", "'port_number'"),
        ('port = "4566"', "port must be int"),
        ("port = 1.5", "port must be int"),
        ("port = true", "port must be int"),
        ("keep_alive_s = true", "keep_alive_s must be float"),
        ('test_mode = "true"', "test_mode must be bool"),
        ("test_mode = 1", "test_mode must be bool"),
        ("account = 123456789012", "account must be text"),
        ("auth = true", "auth must be text"),
        ("host = ['a']", "host must be text"),
    ],
)
def test_a_bad_file(text: str, named: str, directory: Path) -> None:
    (directory / "lambent.toml").write_text(text)
    assert named in _complaint({})


def test_a_file_that_is_no_text(directory: Path) -> None:
    (directory / "lambent.toml").write_bytes(b"\xff\xfe")
    assert "lambent.toml" in _complaint({})


def test_a_directory_in_place_of_the_file(directory: Path) -> None:
    (directory / "lambent.toml").mkdir()
    assert "lambent.toml" in _complaint({})


def test_a_file_that_is_named_has_to_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBENT_CONFIG", "nowhere.toml")
    assert "nowhere.toml" in _complaint({})


def test_json_and_back() -> None:
    config = Config(port=0, region="eu-west-1", test_mode=True, keep_alive_s=1.5)
    assert Config.from_json(config.to_json(), config.secrets_to_json()) == config


def test_what_is_secret_is_not_among_what_everybody_may_read() -> None:
    config = Config(metrics_token="hush")
    assert "hush" not in config.to_json()
    assert Config.from_json(config.to_json(), config.secrets_to_json()) == config


@pytest.mark.parametrize(
    ("uid", "core_user", "expected"),
    [(0, "auto", CORE_UID), (0, "root", 0), (1000, "auto", 1000), (1000, "root", 1000)],
)
def test_who_core_runs_as(
    uid: int, core_user: str, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert Config(core_user=core_user).core_uid == expected


def test_where_data_lies_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert load({}).data_dir == "/var/lib/lambent"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert load({}).data_dir == "/home/somebody/.local/share/lambent"
    monkeypatch.setenv("XDG_DATA_HOME", "/elsewhere")
    assert load({}).data_dir == "/elsewhere/lambent"


@pytest.mark.parametrize("text", ["10.0.0.0/8", "10.0.0.0/8, 192.168.0.0/16", "10.1.2.3", ""])
def test_networks_that_functions_never_reach(text: str, directory: Path) -> None:
    (directory / "lambent.toml").write_text(f'[network]\nmode = "internet"\ndeny = "{text}"\n')
    config = load({})
    assert (config.network_mode, config.network_deny) == ("internet", text)


@pytest.mark.parametrize("text", ["10.0.0.1/8", "everybody", "10.0.0.0/33", "::/0"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ConfigInvalid, match="network_deny: "):
        load({"network_deny": f"192.168.0.0/16,{text}"})


def test_an_unknown_network_mode_is_refused() -> None:
    with pytest.raises(ConfigInvalid, match="network_mode must be one of auto, internet, plat"):
        load({"network_mode": "host"})


def test_functions_that_reach_less(directory: Path) -> None:
    (directory / "lambent.toml").write_text('[network]\nfunctions = "batch-*=none, pay=platform"\n')
    assert load({}).network_rules == [("batch-*", "none"), ("pay", "platform")]


@pytest.mark.parametrize("text", ["a", "a=", "=none", "a=host", "a.b=none", "a=none=none"])
def test_a_rule_that_is_none_is_refused(text: str) -> None:
    wanted = "is not NAME=MODE, with one of internet, platform, none"
    with pytest.raises(ConfigInvalid, match=f"network_functions: .* {wanted}"):
        load({"network_functions": f"pay=none,{text}"})


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:4318", "https://otel.example.org/otlp", "http://[::1]:4318/"]
)
def test_where_a_collector_is(endpoint: str) -> None:
    assert Config(otel_endpoint=endpoint).otel_endpoint == endpoint


@pytest.mark.parametrize(
    "endpoint",
    ["127.0.0.1:4318", "grpc://127.0.0.1:4317", "http://", "http://h/?a=b", "http://a b"],
)
def test_what_is_no_place_of_a_collector_is_refused(endpoint: str) -> None:
    with pytest.raises(ConfigInvalid, match="otel_endpoint must be an http or https URL"):
        Config(otel_endpoint=endpoint)


def test_what_a_collector_is_sent_with_each_request() -> None:
    config = Config(otel_headers="Authorization=Basic YTpi=,X-Scope=a b")
    assert config.otel_fields == {"Authorization": "Basic YTpi=", "X-Scope": "a b"}
    assert Config().otel_fields == {}


@pytest.mark.parametrize("text", ["hush", "=hush", "a=hush,", "a b=hush", "a=hush\r\nb: c"])
def test_fields_that_are_none_are_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigInvalid, match="otel_headers must be NAME=VALUE") as refused:
        Config(otel_headers=text)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("name", ["log_format", "log_level"])
def test_how_the_platform_logs_is_one_of_few(name: str) -> None:
    values: dict[str, Any] = {name: "loud"}
    with pytest.raises(ConfigInvalid, match=f"{name} must be one of"):
        Config(**values)
