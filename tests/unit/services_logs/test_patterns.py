"""The filter pattern language, with the examples of AWS's "Filter pattern syntax" among others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambent.services.logs.errors import InvalidParameter
from lambent.services.logs.patterns.language import compile_pattern

_APACHE = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        ("", "anything", True),
        ("   ", "anything", True),
        ('" "', "anything", True),
        ('" " ERROR', "anything", False),
        ("?ERROR ?ARGUMENTS REQUEST", "[INFO] REQUEST FAILED", True),
        ("%^starting|^initializing|^shutting down%", "initializing now", True),
        ("%^starting|^initializing|^shutting down%", "skipping initializing", False),
        (r"%\[.\]%", "a [7] b", True),
        ("%ab[0-9]*%", "ab129", True),
        ("ERROR", "[ERROR 400] BAD REQUEST", True),
        ("ERROR", "error", False),
        ("ERROR ARGUMENTS", "ARGUMENTS before ERROR", True),
        ("ERROR ARGUMENTS", "ERROR only", False),
        ('"INTERNAL SERVER ERROR"', "an INTERNAL SERVER ERROR", True),
        ('"INTERNAL SERVER ERROR"', "INTERNAL ERROR", False),
        ('"say \\"hi\\""', 'they say "hi" twice', True),
        ("?ERROR ?WARN", "WARN: low", True),
        ("?ERROR ?WARN", "INFO: fine", False),
        ("ERROR -EXIT", "ERROR at START", True),
        ("ERROR -EXIT", "ERROR at EXIT", False),
        ('-"the end"', "not yet", True),
        ('-"the end"', "at the end", False),
        ("ERROR ?WARN", "ERROR alone", True),
        ("%AUTHORIZED%", "[ERROR 401] UNAUTHORIZED REQUEST", True),
        ("%colou?r%", "color", True),
        ("%^[hc]at%", "that", False),
        ("-%colou?r%", "grey", True),
        (r"%\x28x\x29%", "a (x) b", True),
        ("Fehler_ä", "der Fehler_ä", True),
    ],
)
def test_terms(pattern: str, message: str, matches: bool) -> None:
    assert compile_pattern(pattern).matches(message) is matches


# What the tests of a public `json_filter` found AWS's TestMetricFilter to match.
_TRIED = """
{"someString": "111.111.111.111", "someInt": 123, "someFloat": 12.34, "someFloat2": 12.0, "someObject": {},
 "someArray": []}
"""


@pytest.mark.parametrize("form", ["{{ {} {} {} }}", '{{ {} {} "{}" }}'], ids=["bare", "quoted"])
@pytest.mark.parametrize(
    ("comparison", "values"),
    [
        ("$.someString =", "111.111.111.111 * *.111.111.111 111*"),
        ("$.someString !=", "222 222* *222"),
        ("$.someInt =", "123 * 1* 12* 123* *123 *23 *3"),
        ("$.someInt !=", "3* 32* 321* *321 *32 *1"),
        ("$.someFloat =", "12.34 * 1* 12* 12.* 12.3* 12.34* *12.34 *2.34 *.34 *34 *4"),
        ("$.someFloat !=", "43.21 4* 43* 43.* 43.2* 43.21* *43.21 *3.21 *.21 *21 *1 4*1"),
    ],
)
def test_comparisons_that_were_tried(form: str, comparison: str, values: str) -> None:
    selector, operator = comparison.split()
    for value in values.split():
        assert compile_pattern(form.format(selector, operator, value)).matches(_TRIED), value


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("{ $.someInt = 123.0 }", True),
        ('{ $.someInt != "123.0" }', True),
        ("{ $.someFloat2 = 12 }", True),
        ('{ $.someFloat2 != "12" }', True),
        ('{ $.someInt = "123.00" }', False),
        ('{ $.someInt != "123" }', False),
        ("{ $.someString >= 123 }", False),
        ('{ $.someArray = "someString" }', False),
        ('{ $.someArray != "someString" }', False),
        ('{ $.someObject != "someString" }', False),
    ],
)
def test_numbers_and_texts_that_were_tried(pattern: str, matches: bool) -> None:
    assert compile_pattern(pattern).matches(_TRIED) is matches


_EVENT = """
{"eventType": "UpdateTrail", "sourceIPAddress": "111.111.111.111", "arrayKey": ["value", "another value"],
 "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}], "SomeObject": null, "ThisFlag": true,
 "bandwidth": 75.5, "n": 4, "text": "4", "user": {"id": 1, "full name": "John Doe"}, "a.b": {"c-d": "x"}, "off": false}
"""


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ $.eventType = "UpdateTrail" }', True),
        ("{ $.eventType = UpdateTrail }", True),
        ("{$.eventType=UpdateTrail}", True),
        ('{ $.eventType = "Update*" }', True),
        ('{ $.eventType = "*Trail" }', True),
        ('{ $.eventType = "*dateT*" }', True),
        ('{ $.eventType = "update*" }', False),
        ("{ $.eventType = %Trail% }", True),
        ("{ $.eventType != %Trail% }", False),
        ("{ $.sourceIPAddress != 123.123.* }", True),
        ("{ $.sourceIPAddress = 111.111.* }", True),
        ('{ $.arrayKey[0] = "value" }', True),
        ('{ $.arrayKey[1] = "value" }', False),
        ('{ $.arrayKey[7] = "value" }', False),
        ('{ $.arrayKey[*] = "another value" }', True),
        ('{ $.objectList[1].name = "b" }', True),
        ("{ $.objectList[*].id = 2 }", True),
        ("{ $.objectList[*].id > 2 }", False),
        ("{ $.SomeObject IS NULL }", True),
        ("{ $.eventType IS NULL }", False),
        ("{ $.absent IS NULL }", False),
        ("{ $.absent NOT EXISTS }", True),
        ("{ $.SomeObject NOT EXISTS }", False),
        ("{ $.ThisFlag IS TRUE }", True),
        ("{ $.off IS TRUE }", False),
        ("{ $.off IS FALSE }", True),
        ("{ $.bandwidth > 75 }", True),
        ("{ $.bandwidth = 75.5 }", True),
        ("{ $.bandwidth <= 75 }", False),
        ("{ $.n = 4 }", True),
        ("{ $.n = 4.0 }", True),
        ('{ $.n = "4" }', True),
        ("{ $.n != 5 }", True),
        ("{ $.text = 4 }", True),
        ("{ $.absent = 1 }", False),
        ("{ $.absent != 1 }", False),
        ('{ ($.user.id = 1) && ($.user["full name"] = "John*") }', True),
        ("{ $.user.id = 2 || $.n = 4 && $.bandwidth > 100 }", False),
        ("{ ($.user.id = 1 || $.n = 0) && $.bandwidth > 70 }", True),
        ("{ $.user.id = 1 || $.n = 0 && $.bandwidth > 100 }", True),
        ("{ $['a.b'].c-d = x }", True),
        ("{ $.user.* = 1 }", True),
    ],
)
def test_json(pattern: str, matches: bool) -> None:
    assert compile_pattern(pattern).matches(_EVENT) is matches


@pytest.mark.parametrize("message", ["", "text", "{broken", '"a string"', "12"])
def test_a_message_that_is_no_object_matches_no_json_pattern(message: str) -> None:
    assert not compile_pattern("{ $.x NOT EXISTS }").matches(message)


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("[ip, id, user, timestamp, request, status_code, bytes]", True),
        ("[ip, id, user, timestamp, request, status_code]", False),
        ("[ip, id, user, timestamp, request, status_code = 4*, bytes]", True),
        ("[ip, id, user, timestamp, request =*.html*, status_code = 4*, bytes]", True),
        ("[ip, id, user, timestamp, request, status_code = 404 || status_code = 410, bytes]", True),
        ("[ip, id, user, timestamp, request, status_code != 404 && status_code != 410, x]", False),
        ("[ip, id, user, timestamp, request, status_code, bytes > 1500]", True),
        ("[ip, id, user, timestamp, request, status_code, bytes < 1500]", False),
        ("[..., status_code = 404, bytes]", True),
        ("[ip, ..., bytes = 1534]", True),
        ("[ip = %127\\.0\\.0\\.[0-9]%, ...]", True),
        ("[ip, ...]", True),
        ("[ip = 10.*, ...]", False),
        ('[ip, id, user = "frank", ...]', True),
        ("[a, b, c, d, e, f, g, h, ...]", False),
        ("[,,,,,,]", True),
    ],
)
def test_space_delimited(pattern: str, matches: bool) -> None:
    assert compile_pattern(pattern).matches(_APACHE) is matches


def test_the_values_of_fields_that_a_pattern_names() -> None:
    """The three kinds of answers in the examples of TestMetricFilter (API reference)."""
    named = "[ip, identity, user_id, timestamp, request, status_code, size]"
    assert compile_pattern(named).extract(_APACHE) == {
        "$ip": "127.0.0.1",
        "$identity": "-",
        "$user_id": "frank",
        "$timestamp": "10/Oct/2000:13:25:15 -0700",
        "$request": "GET /index.html HTTP/1.0",
        "$status_code": "404",
        "$size": "1534",
    }
    assert compile_pattern("[..., size]").extract(_APACHE) == {
        "$1": "127.0.0.1",
        "$2": "-",
        "$3": "frank",
        "$4": "10/Oct/2000:13:25:15 -0700",
        "$5": "GET /index.html HTTP/1.0",
        "$6": "404",
        "$size": "1534",
    }
    assert compile_pattern('{ $.n > 1 && $.eventType = "U*" }').extract(_EVENT) == {
        "$.n": "4",
        "$.eventType": "UpdateTrail",
    }
    assert compile_pattern("frank").extract(_APACHE) == {}
    assert compile_pattern("fred").extract(_APACHE) is None


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("a(b", "Invalid character(s) in term 'a(b'"),
        ("error:", "Invalid character(s) in term 'error:'"),
        ('""', "Invalid character(s) in term '\"\"'"),
        ('"open', "Invalid character(s) in term '\"open'"),
        ("%a(b)%", "Invalid character(s) in term 'a(b)'"),
        ("%[a%", "Invalid regular expression in term '[a'"),
        ("{ $.x = 1", "If a filter pattern starts with '{' it must end with '}'"),
        ("[a, b", "If a filter pattern starts with '[' it must end with ']'"),
        ("{ }", "Invalid filter pattern"),
        ("{ x = 1 }", "Invalid filter pattern"),
        ("{ $.x }", "Invalid filter pattern"),
        ("{ $.x = }", "Invalid filter pattern"),
        ("{ $.x > abc }", "Invalid filter pattern"),
        ('{ $.x >= "abc" }', "Invalid character(s) in term '\"abc\"'"),
        ("{ ($.x = 1 }", "Invalid filter pattern"),
        ("{ $.x = 1 $.y = 2 }", "Invalid filter pattern"),
        ("{ $.x = %a% && $.x = %b% && $.x = %c% }", "Invalid filter pattern"),
        ("{ $.a[*].b[*] = 1 }", "Invalid filter pattern"),
        (
            "{ $.a.* = 1 && $.b.* = 1 && $.c.* = 1 && $.d.* = 1 }",
            "Invalid filter pattern",
        ),
        ("[..., ...]", "Invalid filter pattern"),
        ("[a = 1 && b = 2]", "Invalid filter pattern"),
        ("[a b]", "Invalid filter pattern"),
    ],
)
def test_what_is_no_pattern(pattern: str, message: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        compile_pattern(pattern)
    assert refused.value.message == message


def test_a_pattern_that_is_nested_too_deeply() -> None:
    with pytest.raises(InvalidParameter):
        compile_pattern("{" + "(" * 5000 + "$.x = 1" + ")" * 5000 + "}")


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_written_is_matched_or_refused(pattern: str, message: str) -> None:
    for text in (pattern, f"{{{pattern}}}", f"[{pattern}]"):
        try:
            compiled = compile_pattern(text)
        except InvalidParameter:
            continue
        if not compiled.has_regex:
            assert (compiled.extract(message) is not None) is compiled.matches(message)


@given(st.lists(st.sampled_from("ab* "), max_size=12), st.text("ab ", max_size=20))
def test_stars_stand_for_anything(parts: list[str], message: str) -> None:
    import fnmatch
    import json

    text = "".join(parts)
    pattern = compile_pattern(f'{{ $.x = "{text}" }}')
    assert pattern.matches(json.dumps({"x": message})) is fnmatch.fnmatchcase(message, text)
