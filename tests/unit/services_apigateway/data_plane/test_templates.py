"""Velocity templates."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from lambent.services.apigateway.data_plane.vtl.render import Inputs, TemplateFault, render

INPUTS = Inputs(
    body='{"a": {"b": [1, 2.5, {"c": "x"}], "t": true, "n": null}, "s": "it\'s", "l": [{"v": 1}, {"v": 2}]}',
    path={"id": "7"},
    query={"q": "1", "id": "query"},
    headers={"Content-Type": "application/json"},
    context={"httpMethod": "GET", "identity": {"sourceIp": "192.0.2.1", "user": None}},
    stage_variables={"name": "value"},
)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain {} text", "plain {} text"),
        ("$input.json('$.a.b')", '[1,2.5,{"c":"x"}]'),
        ("$input.json('$.s')", '"it\'s"'),
        ("$input.json('$.missing')", '""'),
        ("$input.json('$..c')", '["x"]'),
        ("$input.json('$.l[?(@.v>1)]')", '[{"v":2}]'),
        ("$input.path('$.a.b')", '[1,2.5,{"c":"x"}]'),
        ("$input.path('$.a.b[2]')", "{c=x}"),
        ("$input.path('$.a.t') $input.path('$.s')", "true it's"),
        ("<$input.path('$.a.n')><$input.path('$.none')>", "<><>"),
        ("#set($r = $input.path('$'))$r.a.b[2].c $r.a.b.size()", "x 3"),
        ("#set($r = $input.path('$'))$r.none.more $!r.none.more", "$r.none.more "),
        ("$input.params('id') $input.params('q')", "7 1"),
        ("$input.params('content-type')<$input.params('none')>", "application/json<>"),
        ("$input.params().path $input.params().querystring.q", "{id=7} 1"),
        ("$input.params().header.get('Content-Type')", "application/json"),
        ("$context.httpMethod $context.identity.sourceIp", "GET 192.0.2.1"),
        ("<$context.identity.user><$context.none.none><$stageVariables.none>", "<><><>"),
        ("${stageVariables.name}s", "values"),
        ("$unknown ${unknown} $!unknown $!{unknown}", "$unknown ${unknown}  "),
        ("$5 #fff a#b", "$5 #fff a#b"),
        ("a ## comment\nb #* more *#c", "a b c"),
        ("#if(true)a#else b#end", "a"),
        ("#if($none)a#elseif('')b#{else}c#end", "b"),
        ("#if(!$none && 1 < 2)a#end", "a"),
        ("#if($input.params('none') == '')a#end", "a"),
        ("#if('1' == 1)a#end#if('a' != 'b')b#end", "ab"),
        ("#set($x = 2 + 3 * 4)$x", "14"),
        ("#set($x = (2 + 3) * 4)$x", "20"),
        ("#set($x = 7 / 2)$x #set($x = -7 / 2)$x #set($x = 7 % 4)$x", "3 -3 3"),
        ("#set($x = 'a' + 1)$x", "a1"),
        ("#set($x = 1)#set($y = \"<$x>\")$y #set($y = '<$x>')$y", "<1> <$x>"),
        ("#foreach($i in [1..3])$i#if($foreach.hasNext),#end#end", "1,2,3"),
        ("#foreach($i in [3..1])$foreach.index$i #end", "03 12 21 "),
        ("#foreach($i in ['a','b'])#if($i == 'b')#break#end$i#end", "a"),
        ("#foreach($k in $input.path('$.a').keySet())$k #end", "b t n "),
        ("#foreach($v in {'x': 1, 'y': 2})$v#end", "12"),
        ("#set($m = {'x': 1})#foreach($e in $m.entrySet())$e.key=$e.value#end", "x=1"),
        ("#set($m = {})#set($d = $m.put('k', [1]))$m $m.k", "{k=[1]} [1]"),
        ("#set($l = [])#set($d = $l.add('x'))$l.size()$l.get(0)$l[0]", "1xx"),
        ("#macro(hi $n)<$n>#end#hi('a')#hi('b')", "<a><b>"),
        ("a#stop b", "a"),
        (
            "#set($m = {})#set($m['a-b'] = 1)#set($k = 'c')#set($m[$k] = 2)$m $m.a-b",
            "{a-b=1, c=2} 1",
        ),
        ("#set($l = [1, 2])#set($l[1] = 3)$l", "[1, 3]"),
        ("#set($x-y = 1)$x-y", "1"),
        ("$util.escapeJavaScript('\"a/b')", '\\"a\\/b'),
        (
            "#set($e = $util.parseJson('{\"é\": [1]}'))$util.escapeJavaScript($e.keySet())",
            "[\\u00E9]",
        ),
        ("$util.urlEncode('a b&c') $util.urlDecode('a+b%26c')", "a+b%26c a b&c"),
        ("$util.base64Encode('hi') $util.base64Decode('aGk=')", "aGk= hi"),
        ("$util.parseJson('{\"x\": [1]}').x[0]", "1"),
        ("$util.escapeJavaScript($input.path('$.s')).replaceAll(\"\\\\'\",\"'\")", "it's"),
        ("#set($s = 'a,b,,')$s.split(',').size() $s.substring(2, 3) $s.toUpperCase()", "2 b A,B,,"),
        ("#set($s = 'a1b22')$s.replaceAll('([0-9]+)', '<$1>')", "a<1>b<22>"),
    ],
)
def test_templates_render(template: str, expected: str) -> None:
    assert render(template, INPUTS).text == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("$input.__class__", ""),
        ("$input.methods", ""),
        ("$util.escapeJavaScript.__globals__", ""),
        ("#set($s = 'x')$!s.__class__.__base__.__subclasses__()", ""),
        ("#set($s = '{0.__class__}')$!s.format($input)", ""),
        ("#set($m = {})$!m.setdefault.__self__", ""),
        ("#set($l = [])$!l.append.__self__", ""),
        ("$context.getClass().forName('java.lang.Runtime')", ""),
    ],
)
def test_templates_reach_nothing_of_the_interpreter(template: str, expected: str) -> None:
    assert render(template, INPUTS).text == expected


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("#if(true)", "cannot be read"),
        ("#foreach($i in [1..2])", "cannot be read"),
        ("$input.json('$[')", "JSON path"),
        ("#include('/etc/passwd')", "not supported"),
        ("#parse('/etc/passwd')", "not supported"),
        ("#evaluate('$x')", "not supported"),
        ("#nosuch()", "no macro"),
        ("#set($x = 'a')#set($y = $x * 2)$y", "no number"),
        ("$util.base64Decode('%')", "base64"),
        ("$util.parseJson('{')", "parseJson"),
        ("#set($x = 'abc')$x.substring(9)", "substring"),
        ("#set($none.x = 1)", "cannot be set"),
        ("#set($l = [])#set($l[5] = 1)", "cannot be set"),
        ("#macro(m)#m()#end#m()", "nested too deeply"),
        ("#set($x = 9223372036854775807)#set($y = $x * $x)#set($z = $y * $y)", "too large"),
    ],
)
def test_templates_that_cannot_be_rendered_say_why(template: str, why: str) -> None:
    with pytest.raises(TemplateFault, match=why):
        render(template, INPUTS)


def test_body_that_is_no_json_is_said_to_be_the_fault() -> None:
    with pytest.raises(TemplateFault) as fault:
        render("$input.json('$.a')", Inputs(body="no json"))

    assert fault.value.is_about_body
    assert render("$input.body", Inputs(body="no json")).text == "no json"
    assert render("$input.json('$')", Inputs(body="")).text == "{}"


def test_loops_end_after_a_thousand_turns() -> None:
    assert render("#foreach($i in [1..2000000000])x#end", INPUTS).text == "x" * 1000


@pytest.mark.timeout(10)
def test_output_is_bounded() -> None:
    nested = "#foreach($i in [1..1000])" * 2 + "0123456789abcdef" + "#end" * 2

    with pytest.raises(TemplateFault, match="more than 10 MB"):
        render(nested, INPUTS)


def test_texts_that_double_are_bounded() -> None:
    template = "#set($x = 'abcdefgh')#foreach($i in [1..100])#set($x = $x + $x)#end"

    with pytest.raises(TemplateFault, match="too large"):
        render(template, INPUTS)


def test_overrides_are_handed_back() -> None:
    rendered = render(
        "#set($context.requestOverride.header.X = 'h')"
        "#set($context.requestOverride.path.id = 'p')"
        "#set($context.responseOverride.status = 418)",
        INPUTS,
    )

    assert rendered.request_override == {
        "header": {"X": "h"},
        "path": {"id": "p"},
        "querystring": {},
    }
    assert rendered.response_override["status"] == 418


@pytest.mark.parametrize(
    "place", ["requestOverride.header.X", "requestOverride.path.id", "responseOverride.status"]
)
def test_overrides_are_final(place: str) -> None:
    """ "Trying to override the same parameter multiple times will result in 5XX responses." """
    twice = f"#set($context.{place} = '1')#set($context.{place} = '2')"

    with pytest.raises(TemplateFault, match="overridden twice"):
        render(twice, INPUTS)


def test_overrides_of_a_template_before_may_be_changed() -> None:
    """A request's template may have set them."""
    context = {"responseOverride": {"status": 418, "header": {"X": "a"}}}
    inputs = replace(INPUTS, context=context)
    template = "#set($context.responseOverride.header.X = 'b')$context.responseOverride.header"

    rendered = render(template + "#set($context.responseOverride.status = 419)", inputs)

    assert rendered.text == "{X=b}"
    assert rendered.response_override == {
        "status": 419,
        "header": {"X": "b"},
        "path": {},
        "querystring": {},
    }


def test_template_of_the_starter_renders_to_json() -> None:
    """D16: maps of parameters, written out with keySet and get."""
    template = """#set($params = $input.params())
{"method": "$context.httpMethod", "body": $input.json('$'),
#foreach($type in $params.keySet())
"$type": {#foreach($name in $params.get($type).keySet())
"$name": "$util.escapeJavaScript($params.get($type).get($name))"#if($foreach.hasNext),#end
#end}#if($foreach.hasNext),#end
#end}"""

    rendered = json.loads(render(template, Inputs(body='{"x": 1}', path={"id": "7"})).text)

    assert rendered == {
        "method": "",
        "body": {"x": 1},
        "path": {"id": "7"},
        "querystring": {},
        "header": {},
    }
