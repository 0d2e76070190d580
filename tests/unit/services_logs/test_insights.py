"""The query language of Logs Insights, over segments on the disk."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambent.services.logs.insights import plan, scan
from lambent.services.logs.insights.malformed import CommandUnserved, QueryMalformed
from lambent.storage.log_group import LogGroup
from lambent.storage.log_pending import Batch
from lambent.storage.log_reader import END_OF_TIME_MS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    # Runs a query; rows as dictionaries, without @ptr.
    Ask = Callable[[str], list[dict[str, str]]]

# 2026-01-01 00:00:00 UTC.
START_MS = 1_767_225_600_000
_ID = "11111111-2222-3333-4444-555555555555"


def asking(directory: Path, group: str, lines: list[tuple[int, str]], stream: str = "s") -> Ask:
    """Lines with their times in seconds."""
    log = LogGroup(directory)
    log.append([Batch(stream, [(START_MS + second * 1000, text) for second, text in lines], 7)])
    stretches = tuple(log.find(lambda _: True, 0, END_OF_TIME_MS))
    source = scan.Source(("111111111111", "us-east-1", group), stretches, 0)

    def ask(query: str) -> list[dict[str, str]]:
        rows = scan.run(query, 10_000, [source], END_OF_TIME_MS).results
        found = [{column["field"]: column["value"] for column in row} for row in rows]
        return [{k: v for k, v in row.items() if k != "@ptr"} for row in found]

    return ask


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Six requests of a web server, as JSON, and a line that is none."""
    requests = [
        {
            "level": "INFO",
            "ms": 10,
            "path": "/a",
            "user": {"id": 1, "tags": ["x", "y"]},
            "ok": True,
        },
        {"level": "ERROR", "ms": 400, "path": "/b", "user": {"id": 2}, "ok": False},
        {"level": "INFO", "ms": 20, "path": "/a", "user": {"id": 1}},
        {"level": "WARN", "ms": "30", "path": "/c d", "ip": "10.1.2.3"},
        {"level": "ERROR", "ms": 500.5, "path": "/b", "a.b": 5, "weird-name": "w"},
        {"level": "INFO", "ms": 60, "path": "/a"},
    ]
    lines = [(60 * number, json.dumps(each)) for number, each in enumerate(requests)]
    return asking(tmp_path, "web", [*lines, (400, "plain text, took 17 ms for bob")])


def test_without_columns_time_and_message_are_shown_the_newest_first(ask: Ask) -> None:
    rows = ask("limit 2")
    assert rows[0] == {
        "@timestamp": "2026-01-01 00:06:40.000",
        "@message": "plain text, took 17 ms for bob",
    }
    assert rows[1]["@timestamp"] == "2026-01-01 00:05:00.000"


def test_fields_of_json_are_discovered(ask: Ask) -> None:
    rows = ask("fields level, user.id, user.tags.1, `a.b`, `weird-name` | sort @timestamp asc")
    assert rows[0] == {"level": "INFO", "user.id": "1", "user.tags.1": "y"}
    assert rows[4] == {"level": "ERROR", "a.b": "5", "weird-name": "w"}
    assert rows[6] == {}


@pytest.mark.parametrize(
    ("condition", "paths"),
    [
        ("level = 'ERROR'", "/b /b"),
        ('level != "INFO"', "/b /c d /b"),
        ("ms > 100", "/b /b"),
        ("ms >= 30 and ms < 400", "/c d /a"),
        ("level = 'WARN' or ms = 500.5", "/c d /b"),
        ("not (level = 'INFO') and not level like /WARN/", "/b /b NONE"),
        ("@message like 'ERROR'", "/b /b"),
        ("@message like /(?i)error|warn/", "/b /c d /b"),
        ("@message =~ /took \\d+/", "NONE"),
        ("@message not like /ms\\W/", ""),
        ("path in ['/a', '/z']", "/a /a /a"),
        ("path not in ['/a', '/b']", "/c d NONE"),
        ("user.id in [2]", "/b"),
        ("ispresent(user.id) and user.id != 1", "/b"),
        ("isempty(path)", "NONE"),
        ("ok = true", "/a"),
        ("ok = 1", "/a"),
        ("strcontains(path, 'c')", "/c d"),
        ("strlen(path) > 2", "/c d"),
        ("tolower(level) = 'warn' and toupper('x') = 'X'", "/c d"),
        ("substr(path, 1, 1) = 'c'", "/c d"),
        ("replace(path, '/', '') = 'b'", "/b /b"),
        ("concat(level, '-', path) = 'WARN-/c d'", "/c d"),
        ("trim(' x ') = 'x' and ms = 10", "/a"),
        ("coalesce(ip, 'none') = 'none' and ms = 20", "/a"),
        ("isIpv4InSubnet(ip, '10.0.0.0/8')", "/c d"),
        ("isValidIp(ip)", "/c d"),
        ("ms * 2 + 1 = 21", "/a"),
        ("ms - 5 < 6", "/a"),
        ("ms % 7 = 3 and abs(-1) = 1", "/a"),
        ("2 ^ 3 = 8 and ms = 10", "/a"),
        ("sqrt(ms) > 20", "/b"),
        ("floor(ms) = 500 or ceil(ms) = 60", "/b /a"),
        ("greatest(ms, 450) > 450", "/b"),
        ("if(ms > 100, 'slow', 'fast') = 'slow'", "/b /b"),
        ("@timestamp >= 1767225900000", "/a NONE"),
        ("datefloor(@timestamp, 2m) = 1767225720000", "/a /c d"),
        ("nothing = 1", ""),
        ("nothing != 1", ""),
        ("@message like '{' # a comment | limit 1", "/a /b /a /c d /b /a"),
    ],
)
def test_conditions(ask: Ask, condition: str, paths: str) -> None:
    rows = ask(f"fields path | filter {condition}\n | sort @timestamp asc")
    assert " ".join(row.get("path", "NONE") for row in rows) == paths


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("count(*)", "7"),
        ("count(ms)", "6"),
        ("sum(ms)", "1020.5"),
        ("avg(ms)", "170.0833"),
        ("min(ms)", "10"),
        ("max(ms)", "500.5"),
        ("count_distinct(level)", "3"),
        ("pct(ms, 50)", "45"),
        ("median(ms)", "45"),
        ("stddev(ok)", "0.5"),
        ("earliest(level)", "INFO"),
        ("latest(path)", "/a"),
        ("count_over_time(*)", "7"),
        ("countOverTime(level)", "6"),
        ("sumOverTime(ms)", "1020.5"),
        ("sortsFirst(level)", "ERROR"),
        ("sortsLast(path)", "/c d"),
        ("max(@timestamp)", "2026-01-01 00:06:40.000"),
        ("sum(ms) / count(ms)", "170.0833"),
        ("count(*) * 2", "14"),
    ],
)
def test_aggregates(ask: Ask, command: str, expected: str) -> None:
    assert ask(f"stats {command}") == [{command: expected}]
    assert ask(f"stats {command} as x") == [{"x": expected}]


def test_groups(ask: Ask) -> None:
    assert ask("stats count(*) as n, avg(ms) by level | sort n desc, level") == [
        {"level": "INFO", "n": "3", "avg(ms)": "30"},
        {"level": "ERROR", "n": "2", "avg(ms)": "450.25"},
        {"n": "1"},
        {"level": "WARN", "n": "1", "avg(ms)": "30"},
    ]
    assert ask("filter ispresent(level) | stats count(*) by level, path | sort level, path") == [
        {"level": "ERROR", "path": "/b", "count(*)": "2"},
        {"level": "INFO", "path": "/a", "count(*)": "3"},
        {"level": "WARN", "path": "/c d", "count(*)": "1"},
    ]


def test_a_column_may_be_made_of_those_before_it(ask: Ask) -> None:
    query = "stats max(ms) as most, min(ms) as least, most - least as spread"
    assert ask(query) == [{"most": "500.5", "least": "10", "spread": "490.5"}]


def test_now_is_when_the_query_was_started(tmp_path: Path) -> None:
    log = LogGroup(tmp_path)
    log.append([Batch("s", [(START_MS, "x")], 7)])
    source = scan.Source(("1", "r", "g"), tuple(log.find(lambda _: True, 0, END_OF_TIME_MS)), 0)
    ((column, _),) = scan.run("fields now() as n", 1, [source], END_OF_TIME_MS, 1234).results
    assert column == {"field": "n", "value": "1234"}


def test_bins(ask: Ask) -> None:
    assert ask("stats count(*) by bin(5m) | sort `bin(5m)`") == [
        {"bin(5m)": "2026-01-01 00:00:00.000", "count(*)": "5"},
        {"bin(5m)": "2026-01-01 00:05:00.000", "count(*)": "2"},
    ]
    rows = ask("stats max(ms) as m by bin(120s) as t | sort t desc | limit 1")
    assert rows == [{"t": "2026-01-01 00:06:00.000"}]


def test_stats_of_stats(ask: Ask) -> None:
    query = (
        "stats count(*) as n by path | filter ispresent(path) | stats max(n) as most, count(*) as k"
    )
    assert ask(query) == [{"most": "3", "k": "3"}]
    assert ask("stats count(*) as n by path | filter n > 1 | display path | sort path") == [
        {"path": "/a"},
        {"path": "/b"},
    ]


def test_parse(ask: Ask) -> None:
    expected = [{"duration": "17", "who": "bob"}]
    for command in (
        'parse @message "took * ms for *" as duration, who',
        "parse 'took * ms for *' as duration, who",
        "parse @message /took (?<duration>\\d+) ms for (?<who>\\w+)/",
        "parse @message /took (\\d+) ms for (\\w+)/ as duration, who",
    ):
        assert ask(f"{command} | filter ispresent(who) | display duration, who") == expected
    assert ask("parse path '/*' as rest | filter rest = 'c d' | display rest") == [{"rest": "c d"}]


def test_aliases_and_computed_columns(ask: Ask) -> None:
    rows = ask("fields ms * 2 as double, concat(level, '!') | filter double > 900 | limit 1")
    assert rows == [{"double": "1001", "concat(level, '!')": "ERROR!"}]
    rows = ask("fields @timestamp as t, bin(1h) as hour | sort t | limit 1")
    assert rows == [{"t": "2026-01-01 00:00:00.000", "hour": "2026-01-01 00:00:00.000"}]


def test_dedup_keeps_the_first_in_order(ask: Ask) -> None:
    rows = ask("fields path, ms | filter ispresent(path) | sort ms | dedup path")
    assert [(row["path"], row["ms"]) for row in rows] == [
        ("/a", "10"),
        ("/c d", "30"),
        ("/b", "400"),
    ]
    newest = ask("fields ms | filter ispresent(path) | dedup path | limit 2")
    assert [row["ms"] for row in newest] == ["60", "500.5"]


def test_behind_dedup_there_is_limit_alone() -> None:
    """ "The only query command that you can use in a query after the dedup command is the limit command" (dedup, user
    guide). Somebody who tried it in 2026-06 quotes "unexpected symbol found sort".
    """
    with pytest.raises(QueryMalformed) as refused:
        plan.check("fields a | dedup a | sort a")
    assert refused.value.message == "unexpected symbol found sort at line 1 and position 21"
    plan.check("fields a | dedup a | limit 5")


def test_any_rows_will_do(ask: Ask) -> None:
    """`limit any`, which people have used in 2026-06."""
    assert len(ask("fields level | limit any 2")) == 2


def test_what_somebody_found_functions_to_do(ask: Ask) -> None:
    """From notes of 2026-06-10 in a public repository, made by trying queries in us-east-1: `earliest` and `latest`
    give a time in milliseconds, and the third argument of `strcontains` makes no difference. Its list of functions
    that work has all of these; they do what they are called.
    """
    (row,) = ask("stats earliest(@timestamp) as first, latest(@timestamp) as last")
    assert row == {"first": str(START_MS), "last": str(START_MS + 400_000)}
    for expression, expected in (
        ("strcontains(level, 'FO', true)", "1"),
        ("strcontains(level, 'fo', true)", "0"),
    ):
        (row,) = ask(f"fields {expression} as x | sort @timestamp | display x | limit 1")
        assert (expression, row["x"]) == (expression, expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("round(2.5)", "3"),
        ("round(2.345, 2)", "2.35"),
        ("round(-2.5)", "-3"),
        ("round(1, 1e9)", None),
        ("floor(haversine(48.8566, 2.3522, 51.5074, -0.1278))", "343"),
        ("toNumber('12.5')", "12.5"),
        ("toInt('12.7')", "12"),
        ("toInt(3000000000)", None),
        ("toLong(3000000000)", "3000000000"),
        ("toDouble('12.5')", "12.5"),
        ("isNumeric('12.5')", "1"),
        ("isNumeric(level)", "0"),
        ("messageSize('Zürich')", "7"),
        ("jsonArraySize('[1, 2, 3]')", "3"),
        ("jsonArraySize('{}')", None),
        ("jsonArrayContains('[\"admin\"]', 'admin')", "1"),
        ("jsonArrayContains('[\"admin\"]', 'Admin')", "0"),
        ("jsonArrayContains('no', 'Admin')", "0"),
        ("jsonParse('5')", None),
        ("ipv4ToNumber('10.0.0.1')", "167772161"),
        ("isPrivateIP('172.31.0.1')", "1"),
        ("isPrivateIP('8.8.8.8')", "0"),
        ("isPublicIP('8.8.8.8')", "1"),
        ("isReservedIP('240.0.0.1')", "1"),
        ("isReservedIP('10.0.0.1')", "0"),
        ("regexReplace('a1b22', '[0-9]+', '#')", "a#b#"),
        ("startsWith(level, 'IN')", "1"),
        ("endsWith(level, 'IN')", "0"),
        ("urlencode('a&c')", "a%26c"),
        ("urldecode('a%26c')", "a&c"),
        ("base64encode(level)", "SU5GTw=="),
        ("base64decode('SU5GTw==')", "INFO"),
        ("base64decode('?')", None),
        ("split('a,b', ',')", '["a","b"]'),
        ('hexToAscii("48656c6c6f")', "Hello"),
        ('hexToDec("0xff")', "255"),
        ("decToHex(255)", "0xff"),
        ("decToHex(-255.9)", "-0xff"),
        ("md5(level)", "MD5"),
        ("sha256('')", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ('parseDate("2026-01-02", "yyyy-MM-dd", "UTC")', "1767312000000"),
        ('parseDate("2 Jan 2026 01:30 PM", "d MMM yyyy hh:mm a")', "1767360600000"),
        (
            'parseDate("2026-01-02T00:00:00.500+01:00", "yyyy-MM-dd\'T\'HH:mm:ss.SSSXXX")',
            "1767308400500",
        ),
        ('parseDate("2026-01-02", "yyyy-MM-dd", "Europe/Paris")', "1767308400000"),
        ('parseDate("nonsense", "yyyy-MM-dd")', None),
        ('formatDate(@timestamp, "%Y-%m-%d", "UTC")', "2026-01-01"),
        ('strftime(@timestamp, "%H:%M", "Asia/Tokyo")', "09:00"),
        ('ltrim("xyZxyfooxyZ","xyZ")', "fooxyZ"),
        ('trim("xyZxyfooxyxyZ","xyZ")', "foo"),
        ('substr("xyZfooxyZ",3, 3)', "foo"),
        ("toupper(user)", None),
        ("user = 'x'", "0"),
    ],
)
def test_functions_of_the_reference(ask: Ask, expression: str, expected: str | None) -> None:
    """ "Boolean, comparison, numeric, datetime, and other functions" (user guide); md5 and sha256 people have used."""
    if expected == "MD5":
        expected = hashlib.md5(b"INFO").hexdigest()
    (row,) = ask(f"fields {expression} as x | sort @timestamp | display x | limit 1")
    assert row.get("x") == expected


def test_a_query_knows_when_it_looks(tmp_path: Path) -> None:
    plain = "fields queryStartTime() as a, queryEndTime() as b, queryTimeRange() as c"
    asking(tmp_path, "g", [(0, "x")])
    stretches = tuple(LogGroup(tmp_path).find(lambda _: True, 0, END_OF_TIME_MS))
    source = scan.Source(("111111111111", "us-east-1", "g"), stretches, 0)
    (row,) = scan.run(plain, 1, [source], START_MS + 10, 0, START_MS - 5).results
    assert [column["value"] for column in row[:3]] == [str(START_MS - 5), str(START_MS + 10), "15"]


def test_a_period_is_capped_by_its_unit(ask: Ask) -> None:
    """ "If you specify bin(300s), CloudWatch Logs actually implements this as 60 seconds" (datetime functions)."""
    rows = ask("stats count(*) as n by bin(300s) as t | sort t | limit 2")
    assert [row["t"] for row in rows] == ["2026-01-01 00:00:00.000", "2026-01-01 00:01:00.000"]


def test_what_is_written_in_other_forms(tmp_path: Path) -> None:
    """The modes of `parse` in the user guide, and `json`."""
    ask = asking(
        tmp_path,
        "g",
        [
            (0, 'level=error msg="went \\"wrong\\"" duration=5ms'),
            (1, 'web1,GET,"/a,b",200'),
            (2, 'got {"user": {"name": "ada"}}'),
        ],
    )
    query = "parse @message logfmt as lf | filter lf.level = 'error' | display lf.msg, lf.duration"
    assert ask(query) == [{"lf.msg": 'went "wrong"', "lf.duration": "5ms"}]
    assert ask("parse @message logfmt as lf | stats count(*) as n by lf.level | sort n") == [
        {"lf.level": "error", "n": "1"},
        {"n": "2"},
    ]
    rows = ask(
        "parse @message csv as host, method, path, status | filter status = 200 | display path"
    )
    assert rows == [{"path": "/a,b"}]
    rows = ask(
        """parse @message /(?<payload>\\{.*\\})/ as payload
        | json field=payload "user.name" as username | filter ispresent(username) | display username"""
    )
    assert rows == [{"username": "ada"}]


def test_members_of_what_was_parsed(ask: Ask) -> None:
    """The examples of "Structure types" (user guide)."""
    for member, value in (
        ("j.ip.v", "/a"),
        ("j.users[1].action", "PutData"),
        ("j.`user.id`", "123"),
        ("j.users[2].action", None),
    ):
        made = """'{"ip": {"v": "', path, '"}, "users": [{}, {"action": "PutData"}], "user.id": "123"}'"""
        query = f"fields jsonParse(concat({made})) as j | fields {member} as x"
        (row,) = ask(f"{query} | sort @timestamp | display x | limit 1")
        assert row.get("x") == value
    assert ask("filter user.tags[1] = 'y' | stats count(*) as n") == [{"n": "1"}]


def test_order_and_limit(ask: Ask) -> None:
    assert [row.get("ms") for row in ask("fields ms | sort ms desc | limit 3")] == [
        *("500.5", "400", "60"),
    ]
    assert [row.get("ms") for row in ask("fields ms | sort ms | head 2")] == [None, "10"]
    assert len(ask("fields ms | sort level, ms desc")) == 7


def test_the_last_display_counts(ask: Ask) -> None:
    assert ask("fields level | display ms | display path | sort ms desc | limit 1") == [
        {"path": "/b"}
    ]


def test_lines_of_lambda_functions(tmp_path: Path) -> None:
    report = (
        f"REPORT RequestId: {_ID}\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 40 MB\tInit Duration: 101.5 ms\t\n"
    )
    lines = [
        (0, f"START RequestId: {_ID} Version: $LATEST\n"),
        (1, f'2026-01-01T00:00:01Z\t{_ID}\tINFO\thello {{"order": {{"id": 7}}}} end\n'),
        (2, f"END RequestId: {_ID}\n"),
        (3, report),
    ]
    ask = asking(tmp_path, "/aws/lambda/f", lines)
    assert ask(
        "filter @type = 'REPORT' | fields @requestId, @duration, @billedDuration, @memorySize, "
        "@maxMemoryUsed, @initDuration"
    ) == [
        {
            "@requestId": _ID,
            "@duration": "12.34",
            "@billedDuration": "13",
            "@memorySize": "128000000",
            "@maxMemoryUsed": "40000000",
            "@initDuration": "101.5",
        }
    ]
    assert ask("filter @requestId = '" + _ID + "' | stats count(*) as n") == [{"n": "4"}]
    assert ask("filter ispresent(order.id) | fields order.id, @log, @logStream") == [
        {"order.id": "7", "@log": "111111111111:/aws/lambda/f", "@logStream": "s"}
    ]
    memory = "stats max(@memorySize / 1000 / 1000) as provisioned, max(@maxMemoryUsed / 1000 / 1000) as used"
    assert ask(f"filter @type = 'REPORT' | {memory}") == [{"provisioned": "128", "used": "40"}]


def test_reports_of_functions_that_log_in_json(tmp_path: Path) -> None:
    record = {
        "time": "2026-01-01T00:00:00.000Z",
        "type": "platform.report",
        "record": {"requestId": _ID, "metrics": {"durationMs": 5.5, "maxMemoryUsedMB": 30}},
    }
    ask = asking(tmp_path, "/aws/lambda/f", [(0, json.dumps(record))])
    assert ask("fields @type, @requestId, @duration, @maxMemoryUsed") == [
        {"@type": "REPORT", "@requestId": _ID, "@duration": "5.5", "@maxMemoryUsed": "30000000"}
    ]


def test_fields_are_counted(tmp_path: Path) -> None:
    log = LogGroup(tmp_path)
    texts = ['{"a": 1, "b": {"c": 2}}', '{"a": 1}', "text", '{"@odd": 1}']
    log.append([Batch("s", [(number, text) for number, text in enumerate(texts)], 7)])
    source = scan.Source(("1", "r", "g"), tuple(log.find(lambda _: True, 0, 100)), 0)
    assert scan.discover(source, 100) == {
        **dict.fromkeys(("@timestamp", "@message", "@logStream", "@ingestionTime", "@log"), 100),
        "a": 50,
        "b.c": 25,
        "@@odd": 25,
    }


@pytest.mark.parametrize(
    ("query", "start", "part"),
    [
        ("", 0, "unexpected symbol found <EOF> at line 1 and position 0"),
        (
            "stats count(*) by bin(15m) | sort bin(15m)",
            37,
            "unexpected symbol found ( at line 1 and position 37",
        ),
        (
            "stats count(*) as n by a, bin(5m) | stats max(n) by bin(1h)",
            0,
            "Unknown symbols found in or after stats: @timestamp",
        ),
        (
            "fields a | fields if(ispresent(a), a, 'unknown') as a | stats count(*) by a",
            0,
            "Unknown symbols found in or after stats: a",
        ),
        ("show me", 0, "unexpected symbol found show at line 1 and position 0"),
        ("fields @message |", 17, "unexpected symbol found <EOF>"),
        (
            "fields @message | count(*)",
            18,
            "unexpected symbol found count at line 1 and position 18",
        ),
        ("fields a\n| filter >", 18, "unexpected symbol found > at line 2 and position 9"),
        ("filter @message like", 20, "unexpected symbol found <EOF>"),
        ("filter @message like /(/", 21, "invalid regular expression"),
        ("filter x in 'a'", 12, "unexpected symbol found '"),
        ("stats fancy(x)", 6, "unknown function: fancy"),
        ("stats count(*) by bin(5parsecs)", 22, "unexpected symbol found 5"),
        ("stats pct(x)", 6, "wrong number of arguments"),
        ("limit x", 6, "unexpected symbol found x"),
        ("parse @message 'a * b' as x, y", 6, "1 wildcards and 2 names"),
        ("fields a as", 11, "unexpected symbol found <EOF>"),
        ("fields (a", 9, "unexpected symbol found <EOF>"),
    ],
)
def test_what_is_no_query_says_where(query: str, start: int, part: str) -> None:
    """Positions count from 0 and the end is <EOF>: two public notes quote "found <EOF> at line 1 and position 0" and
    "fields at line 1 and position 0". That `sort` takes fields alone four of 2025 and 2026 found; `bin` in a second
    stats was measured by the tests of a tool for WAF logs, the hidden field by trade-tariff-backend/pull/3465.
    """
    with pytest.raises(QueryMalformed) as refused:
        plan.check(query)
    assert refused.value.start == start
    assert part in refused.value.message


def test_an_aggregate_has_its_place_in_stats() -> None:
    with pytest.raises(QueryMalformed):
        plan.check("filter count(*) > 1")


@pytest.mark.parametrize(
    "command",
    [
        "pattern @message",
        "diff",
        "unmask a",
        "anomaly",
        "expand a",
        "parse @message xml as x",
        "parse @message /(a)/ as x multi",
    ],
)
def test_commands_that_are_not_here_are_refused_by_name(command: str) -> None:
    with pytest.raises(CommandUnserved, match=command.split(maxsplit=1)[0]):
        plan.check(f"fields @message | {command}")


@given(st.text("fieldsatr @|./'\"(),=<>*+-123\n", max_size=60))
def test_whatever_is_written_is_read_or_refused(query: str) -> None:
    for text in (query, f"filter {query}", f"stats {query}", f"fields {query} | sort {query}"):
        try:
            plan.check(text)
        except (QueryMalformed, CommandUnserved):
            continue


_REQUESTS = """fields @timestamp, vendor, avg(requestDuration)
| filter logIdentifier = "VendorAPIRequest"
| stats avg(requestDuration) by vendor"""
_NO_AGGREGATES = "No aggregation function expression allowed: "


@pytest.mark.parametrize(
    ("query", "text"),
    [
        # AWS's words, with the places as public repositories quote them from real answers.
        (_REQUESTS, _NO_AGGREGATES + "fields@timestamp,vendor,avg(requestDuration) ([0,46])"),
        ("filter count(*) > 'a b'", _NO_AGGREGATES + "filtercount(*)>'a b' ([0,22])"),
        # github.com/trade-tariff/trade-tariff-backend/pull/3558
        ("fields a as x | fields trim(b) as x", "Ephemeral field is already defined: x ([23,34])"),
        ("parse @message '*' as x | stats sum(x) as x by y", "Ephemeral field is already defined: x ([32,42])"),
        # A public project's test of a kept answer: a name that an earlier stats has given.
        (
            "stats sum(a) as x by b | stats sum(x) as x",
            "Ephemeral field is already defined: x ([31,41])",
        ),
        ("parse @message '*' as x | fields y, x", "Ephemeral field is already defined: x ([36,36])"),
    ],
)  # fmt: skip
def test_what_is_said_of_names_and_aggregates(query: str, text: str) -> None:
    with pytest.raises(QueryMalformed) as refused:
        plan.check(query)
    assert refused.value.message == text


@pytest.mark.parametrize(
    "query",
    [
        "fields level, level as level",
        "parse @message '*' as x | display x | sort x",
        "parse @message '*' as x | stats sum(x) as n by x | fields n as m",
        "fields @message | fields @message, a as b, b + 1 as c",
    ],
)
def test_names_that_may_be_used_again(query: str) -> None:
    plan.check(query)


def test_rows_without_a_value_are_not_shown_as_empty(ask: Ask) -> None:
    rows: Any = ask("fields nothing, level | limit 1")
    assert rows == [{}]


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("filter @message like 'needle'", ["a needle", "needle", "two needle needle"]),
        ("filter @message like /needle/ and @message like 'two'", ["two needle needle"]),
        ("fields @message | filter @message like /needle/ | filter @message like /^n/", ["needle"]),
        ("filter @message not like 'needle'", ["hay", "n\u00e9edle", "nee", "dle"]),
        ("filter @message like 'n\u00e9'", ["n\u00e9edle"]),
        ("fields 'needle' as @message | filter @message like 'needle' | limit 20", None),
    ],
)
def test_what_is_skipped_unread_is_what_would_not_match(
    tmp_path: Path, query: str, texts: list[str] | None
) -> None:
    lines = ["hay", "a needle", "needle", "n\u00e9edle", "nee", "dle", "two needle needle"]
    ask = asking(tmp_path, "g", list(enumerate(lines)))
    found = [row["@message"] for row in ask(f"{query} | sort @timestamp asc")]
    if texts is None:
        assert found == ["needle"] * len(lines)
    else:
        assert found == texts
