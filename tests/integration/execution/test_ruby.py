"""Ruby functions on the real spawner: handlers, context, errors, logs, gems and the other ways to start."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NoReturn

    from tests.integration.execution.conftest import Functions

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

RUNTIME = "ruby3.3"
ECHO = "def handler(event:, context:) = event\n"


class Ruby:
    """Makes and calls functions of an app.rb."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def make(self, source: str, files: Mapping[str, str] | None = None, **changes: Any) -> Any:
        return self._functions.make(RUNTIME, {"app.rb": source, **(files or {})}, **changes)

    def answer(self, source: str, event: object = None, **changes: Any) -> Any:
        return self._functions.answer(self.make(source, **changes), event)

    def error(self, source: str, event: object = None, **changes: Any) -> dict[str, Any]:
        return self._functions.error(self.make(source, **changes), event)

    def logged(self, source: str, **changes: Any) -> list[str]:
        """The events that a call has written itself."""
        lines = self._functions.logged
        lines.clear()
        self._functions.call(self.make(source, **changes))
        platforms = ("INIT_START ", "START ", "END ", "REPORT ")
        return [line for line in lines if not line.startswith(platforms)]


@pytest.fixture(scope="module")
def ruby(functions: Functions, lacking: Callable[[str], NoReturn]) -> Ruby:
    if RUNTIME not in functions.runtimes:
        lacking("ruby is not installed")
    return Ruby(functions)


@pytest.mark.parametrize("event", [None, 1, "é", [], {"a": [1.5, None, "🙂"]}])
def test_what_a_handler_returns_is_the_answer(ruby: Ruby, event: object) -> None:
    assert ruby.answer(ECHO, event) == event


def test_a_handler_may_be_a_method_of_a_class_in_a_folder(ruby: Ruby) -> None:
    source = "module A; class B; def self.run(event:, context:) = [event, __FILE__]; end; end\n"
    spec = ruby.make("", {"src/b.rb": source}, handler="src/b.A::B.run")
    assert ruby._functions.answer(spec, 1) == [1, "/var/task/src/b.rb"]


def test_code_is_loaded_once_and_finds_its_neighbours(ruby: Ruby, functions: Functions) -> None:
    source = (
        "require 'lib/neighbour'\nrequire_relative 'lib/other'\n$calls = 0\n"
        "def handler(event:, context:) = [$calls += 1, NEIGHBOUR, OTHER, Dir.pwd, $0]\n"
    )
    spec = ruby.make(source, {"lib/neighbour.rb": "NEIGHBOUR = 1", "lib/other.rb": "OTHER = 2"})
    first, second = functions.answer(spec), functions.answer(spec)
    assert first[:4] == [1, 1, 2, "/var/task"]
    assert second[0] == 2


def test_the_context_is_that_of_aws(ruby: Ruby, functions: Functions) -> None:
    source = """
def handler(event:, context:)
  names = %w[function_name function_version invoked_function_arn memory_limit_in_mb aws_request_id
             log_group_name log_stream_name deadline_ms identity client_context]
  names.to_h { |name| [name, context.public_send(name)] }.merge(
    left: context.get_remaining_time_in_millis, now: (Time.now.to_f * 1000).to_i)
end
"""
    seen = functions.answer(
        ruby.make(source, memory_mib=512),
        client_context='{"custom": {"a": "b"}}',
    )
    assert re.fullmatch(r"[0-9a-f-]{36}", seen.pop("aws_request_id"))
    assert seen.pop("log_stream_name")
    left, now, deadline = seen.pop("left"), seen.pop("now"), seen.pop("deadline_ms")
    assert 0 < left <= 20_000
    assert abs(now + left - deadline) < 1000
    assert seen == {
        "function_name": "f",
        "function_version": "$LATEST",
        "invoked_function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:f",
        "memory_limit_in_mb": "512",
        "log_group_name": "/aws/lambda/f",
        "identity": None,
        "client_context": {"custom": {"a": "b"}},
    }


def test_an_error_is_shaped_as_in_the_guide_and_its_environment_lives_on(
    ruby: Ruby, functions: Functions
) -> None:
    source = """$calls = 0
def handler(event:, context:)
  return $calls if event == "calls"
  $calls += 1
  [1, 2, 3].first("two")
end
"""
    spec = ruby.make(source)
    assert functions.error(spec) == {
        "errorMessage": "no implicit conversion of String into Integer",
        "errorType": "Function<TypeError>",
        "stackTrace": ["/var/task/app.rb:5:in `first'", "/var/task/app.rb:5:in `handler'"],
    }
    assert functions.answer(spec, "calls") == 1


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ("raise 'boom é'", "RuntimeError", "boom é"),
        ("raise Class.new(StandardError), 'x', []", "#<Class:", "x"),
        ('raise "\\xff"', "RuntimeError", "\ufffd"),
        ("{ a: Float::NAN }", "JSON::GeneratorError", "NaN"),
        ('"\\xff"', "JSON::GeneratorError", "source"),
        ("nope", "NameError", "undefined local variable or method `nope' for"),
        ("nil.nope", "NoMethodError", "undefined method `nope' for nil"),
        ("exit 3", "SystemExit", "exit"),
        ("abort", "SystemExit", "exit"),
        ("raise Interrupt", "Interrupt", ""),
        ("def f = f()\n f", "SystemStackError", "stack level too deep"),
    ],
)
def test_errors_have_type_and_message(ruby: Ruby, body: str, kind: str, message: str) -> None:
    error = ruby.error(f"def handler(event:, context:)\n  {body}\nend\n")
    assert error["errorType"].startswith(f"Function<{kind}"), error
    assert message in error["errorMessage"]
    assert "\n" not in error["errorMessage"]


def test_a_critical_error_ends_the_environment(ruby: Ruby, functions: Functions) -> None:
    spec = ruby.make("$calls = 0\ndef handler(event:, context:) = event ? nope : ($calls += 1)\n")
    assert [functions.answer(spec), functions.answer(spec)] == [1, 2]
    assert functions.error(spec, True)["errorType"] == "Function<NameError>"
    assert functions.answer(spec) == 1


def test_arguments_that_do_not_fit_are_an_error_of_the_function(ruby: Ruby) -> None:
    error = ruby.error("def handler(event, context) = 1\n")
    assert error["errorType"] == "Function<ArgumentError>"
    assert error["errorMessage"].startswith("wrong number of arguments")


def test_a_method_that_is_not_there_is_missed_by_the_call(ruby: Ruby) -> None:
    error = ruby.error("", handler="app.missing")
    assert error["errorType"] == "Function<NoMethodError>"
    assert error["errorMessage"].startswith("undefined method `missing' for #<LambdaHandler:0x")
    assert error["stackTrace"] == []
    error = ruby.error("", handler="app.Nobody.missing")
    assert error["errorType"] == "Function<NameError>"
    assert error["errorMessage"] == "uninitialized constant Nobody"


@pytest.mark.parametrize(
    ("source", "handler", "kind", "message"),
    [
        (
            "require 'nokogiri_of_mine'",
            "app.handler",
            "LoadError",
            "cannot load such file -- nokogiri_of_mine",
        ),
        ("", "other.handler", "LoadError", "cannot load such file -- other"),
        ("def handler(", "app.handler", "SyntaxError", "syntax error"),
        ("raise 'at load'", "app.handler", "RuntimeError", "at load"),
        ("exit 1", "app.handler", "SystemExit", "exit"),
        (
            "",
            "app",
            "ArgumentError",
            'Invalid handler ["app"], must be of form FILENAME.METHOD or ',
        ),
    ],
)
def test_what_fails_before_the_first_call_is_an_error_of_the_init(
    ruby: Ruby, source: str, handler: str, kind: str, message: str
) -> None:
    error = ruby.error(source, handler=handler)
    assert error["errorType"] == f"Init<{kind}>"
    assert message in error["errorMessage"]


@pytest.mark.parametrize(("body", "status"), [("exit! 3", "exit status 3"), ("exit! 0", "")])
def test_a_process_that_ends_without_a_word_is_reported(ruby: Ruby, body: str, status: str) -> None:
    error = ruby.error(f"def handler(event:, context:)\n  {body}\nend\n")
    assert error["errorType"] == "Runtime.ExitError"
    assert status in error["errorMessage"]


def test_one_puts_is_one_event_and_errors_are_logged(ruby: Ruby) -> None:
    body = """
  puts "a\\nb", ["c", nil], :d
  $stdout.puts "e", "f"
  print "g\\n"
  $stderr.puts "h"
  warn "i"
  puts
  raise "boom"
"""
    lines = ruby.logged(f"def handler(event:, context:)\n{body}end\n")
    *lines, error = lines
    assert lines == [
        *("a\nb\nc\n\nd\n", "e\n", "f\n", "g\n", "h\n", "i\n", "\n"),
        "Error raised from handler method\n",
    ]
    assert json.loads(error)["errorType"] == "Function<RuntimeError>"
    assert error.startswith('{\n  "errorMessage": "boom",\n')


LOGS = """
require 'logger'
def handler(event:, context:)
  logger = Logger.new($stdout, progname: 'mine')
  logger.debug("fine")
  logger.warn("two\\nlines")
  begin; raise ArgumentError, 'bad'; rescue => e; logger.error(e); end
  Logger.new($stderr, level: :error).warn('unheard')
  Logger.new('/tmp/log').info('in a file')
  puts File.read('/tmp/log').lines.last
end
"""


def test_a_logger_of_stdout_names_the_request(ruby: Ruby) -> None:
    fine, two, error, in_file = ruby.logged(LOGS)
    head = r"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6} #\d+\]"
    ids = "[0-9a-f-]{36}"
    assert re.fullmatch(rf"D, {head} DEBUG {ids} -- mine: fine\n", fine)
    assert re.fullmatch(rf"W, {head}  WARN {ids} -- mine: two\nlines\n", two)
    assert re.match(
        rf"E, {head} ERROR {ids} -- mine: bad \(ArgumentError\)\n/var/task/app.rb", error
    )
    assert re.fullmatch(rf"I, {head}  INFO -- : in a file\n", in_file)


def test_a_logger_writes_json_from_the_level_on(ruby: Ruby) -> None:
    lines = ruby.logged(LOGS, log_format="JSON", application_log_level="WARN")
    records = [json.loads(line) for line in lines if line.startswith("{")]
    two, error = [each for each in records if each.get("logger") == "mine"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", two.pop("timestamp"))
    assert re.fullmatch("[0-9a-f-]{36}", two.pop("requestId"))
    assert two == {"level": "WARN", "message": "two\nlines", "logger": "mine"}
    assert (error["errorType"], error["errorMessage"]) == ("ArgumentError", "bad")
    assert error["location"] == "/var/task/app.rb:handler:7"
    assert error["stackTrace"][0] == "/var/task/app.rb:7:in `handler'"


def test_an_error_in_json_is_a_record_of_its_level(ruby: Ruby) -> None:
    for source, message in (
        ("def handler(event:, context:) = raise 'boom'\n", "Error raised from handler method"),
        ("raise 'boom'", "Init error when loading handler"),
    ):
        lines = ruby.logged(source, log_format="JSON", application_log_level="ERROR")
        record, *_ = [
            json.loads(line) for line in lines if "errorMessage" in line
        ]  # INIT is tried twice
        assert (record["level"], record["message"]) == ("ERROR", message)
        assert (record["errorMessage"], record["errorType"][-14:]) == ("boom", "<RuntimeError>")


def gem(name: str, where: str, body: str) -> dict[str, str]:
    """An installed gem below a directory of gems."""
    specification = (
        f"Gem::Specification.new {{ |s| s.name = '{name}'; s.version = '1.2.3'; s.summary = ''; "
        "s.authors = ['a']; s.files = []; s.require_paths = ['lib'] }\n"
    )
    return {
        f"{where}/specifications/{name}-1.2.3.gemspec": specification,
        f"{where}/gems/{name}-1.2.3/lib/{name}.rb": body,
    }


def test_gems_come_with_the_package_and_with_layers(ruby: Ruby, functions: Functions) -> None:
    source = """
require 'ours'
require 'theirs'
require 'loose'
gem 'ours', '1.2.3'
def handler(event:, context:) = [OURS, THEIRS, LOOSE, ENV['GEM_PATH'], ENV['RUBYLIB']]
"""
    spec = ruby.make(
        source,
        gem("ours", "vendor/bundle/ruby/3.3.0", "OURS = 1"),
        layer_files=[
            gem("theirs", "ruby/gems/3.3.0", "THEIRS = 2"),
            {"ruby/lib/loose.rb": "LOOSE = 3"},
        ],
    )
    *found, gems, library = functions.answer(spec)
    assert found == [1, 2, 3]
    assert gems == "/var/task/vendor/bundle/ruby/3.3.0:/opt/ruby/gems/3.3.0"
    assert library == "/var/task:/var/runtime/lib:/opt/ruby/lib"


def test_gems_of_the_version_that_stands_in_are_found_too(ruby: Ruby, functions: Functions) -> None:
    version = ".".join(functions.runtimes[RUNTIME]["version"].split(".")[:2])
    files = gem("ours", f"vendor/bundle/ruby/{version}.0", "OURS = 1")
    source = "require 'ours'\ndef handler(event:, context:) = OURS\n"
    assert functions.answer(ruby.make(source, files)) == 1


def test_gems_of_the_host_are_found_after_them(ruby: Ruby, functions: Functions) -> None:
    trees = functions.runtimes[RUNTIME]["prefixes"]
    source = """
require 'rexml/document'
def handler(event:, context:) = [REXML::Document.new('<a/>').root.name, event.all? { |each| Dir.exist?(each) }]
"""
    assert ruby.answer(source, trees) == ["a", True]


def test_variables_are_there_in_their_encoding(ruby: Ruby) -> None:
    source = """
def handler(event:, context:)
  [ENV['X'], ENV['X'].encoding, Encoding.default_external, ENV['AWS_EXECUTION_ENV'], Time.now.zone,
   `printenv X`.chomp, ENV.key?('LD_PRELOAD')]
end
"""
    expected = ["é", "UTF-8", "UTF-8", f"AWS_Lambda_{RUNTIME}", "UTC", "é", False]
    assert ruby.answer(source, environment={"X": "é"}) == expected


def test_what_acts_at_the_start_is_there_when_ruby_starts(ruby: Ruby) -> None:
    source = "def handler(event:, context:) = [$DEBUG, $LOADED_FEATURES.grep(/set/).any?, event]\n"
    answered = ruby.answer(source, 1, environment={"RUBYOPT": "-d -rset"})
    assert answered == [True, True, 1]


def test_a_wrapper_gets_rubys_command_line(ruby: Ruby) -> None:
    wrapper = '#!/bin/sh\nexport WRAPPED="$*" _HANDLER=app.other\nexec "$@"\n'
    source = "def other(event:, context:) = ENV['WRAPPED']\n"
    spec = ruby.make(
        source,
        {"wrapper": wrapper},
        environment={"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper"},
    )
    assert re.fullmatch(
        r"\S+/ruby[\d.]* -EUTF-8 /var/runtime/bootstrap.rb assigned",
        ruby._functions.answer(spec),
    )


def test_an_extension_runs_beside_it(ruby: Ruby, functions: Functions) -> None:
    extension = """#!/usr/bin/env python3
import http.client, json, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
def call(method, path, body="", **headers):
    api.request(method, "/2020-01-01/extension" + path, body, headers)
    answer = api.getresponse()
    answer.read()
    return answer.headers
ID, NAME = "Lambda-Extension-Identifier", "Lambda-Extension-Name"
me = {ID: call("POST", "/register", '{"events": ["INVOKE"]}', **{NAME: "side"})[ID]}
open("/tmp/side", "w").write("here")
while True:
    call("GET", "/event/next", **me)
"""
    source = "def handler(event:, context:) = [event, File.read('/tmp/side')]\n"
    spec = ruby.make(source, layer_files=[{"extensions/side": extension}])
    assert functions.answer(spec, 1) == [1, "here"]


def test_marshalling_may_be_replaced_and_a_stream_is_passed_as_it_is(ruby: Ruby) -> None:
    source = """
require 'stringio'
class AwsLambda::Marshaller
  def self.marshall_request(raw) = [raw['Content-Type'], JSON.parse(raw.body)]
end
def handler(event:, context:) = StringIO.new(event.to_json)
"""
    assert ruby.answer(source, {"a": 1}) == ["application/json", {"a": 1}]


def test_six_megabytes_go_in_and_out_and_more_is_refused(ruby: Ruby, functions: Functions) -> None:
    spec = ruby.make("def handler(event:, context:) = event.is_a?(Integer) ? 'x' * event : event\n")
    large = "é" * 3_000_000
    assert functions.answer(spec, large) == large
    error = functions.error(spec, 6_291_556)
    assert error["errorType"] == "Function.ResponseSizeTooLarge"
    assert functions.answer(spec, 1) == "x"


def test_threads_and_children_work_and_see_no_socket_of_ours(ruby: Ruby) -> None:
    source = """
def handler(event:, context:)
  sum = (1..4).map { |n| Thread.new { n * n } }.sum(&:value)
  [sum, `ls -l /proc/self/fd`.scan('socket').size, $?.exitstatus]
end
"""
    assert ruby.answer(source) == [30, 0, 0]
