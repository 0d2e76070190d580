"""Tools that deploy functions by the JavaScript SDK v2, which knows no endpoint, and the SDK v3: real runs of each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import execution_role, require

from lambent.execution.runtimes import libraries

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.clients.conftest import Lambent

pytestmark = [pytest.mark.clients, pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(120)]

# As the tutorials of 2016 write a handler.
INDEX = "exports.handler = (event, context) => context.succeed('%s ' + event.name);\n"

GULPFILE = """
const gulp = require('gulp');
const lambda = require('gulp-awslambda');
const zip = require('gulp-zip');

const params = { FunctionName: 'by-gulp', Role: '%s', Runtime: 'nodejs20.x', MemorySize: 256, Timeout: 9 };
const upload = (what, options) => () => gulp.src('index.js').pipe(zip('archive.zip')).pipe(lambda(what, options));

exports.deploy = upload(params, { publish: true, alias: { name: 'PROD', description: 'by gulp' } });
exports.code = upload('by-gulp');
exports.back = upload('by-gulp', { publish: true, alias: { name: 'PROD', version: 1 } });
"""

GRUNTFILE = """
module.exports = (grunt) => {
  const options = {
    enableVersioning: true, aliases: ['DEV', 'beta'], enablePackageVersionAlias: true, memory: 512, timeout: 9,
  };
  grunt.initConfig({
    lambda_package: { by: { options: { include_time: false } } },
    lambda_deploy: {
      by: { function: 'by-grunt', options },
      missing: { function: 'by-nobody', package: 'package.json' },
      stranger: { function: 'by-grunt', package: 'package.json',
        options: { accessKeyId: process.env.AWS_ACCESS_KEY_ID, secretAccessKey: 'guessed' } },
    },
  });
  grunt.loadNpmTasks('grunt-aws-lambda');
};
"""


@pytest.fixture
def said(lambent: Lambent) -> Callable[..., Any]:
    """What a function answers {"name": "world"}."""
    client = lambent.client()

    def invoke(name: str, **members: Any) -> Any:
        answer = client.invoke(FunctionName=name, Payload=b'{"name": "world"}', **members)
        text = answer["Payload"].read()
        assert "FunctionError" not in answer, text
        return json.loads(text)

    return invoke


def test_gulp_creates_a_function_and_moves_its_alias(
    lambent: Lambent, project: Path, said: Callable[..., Any]
) -> None:
    client = lambent.client()

    def gulp(task: str, code: str) -> str:
        (project / "index.js").write_text(INDEX % code)
        return lambent.succeed(project, require("node"), "node_modules/.bin/gulp", task)

    (project / "gulpfile.js").write_text(GULPFILE % execution_role(client))
    assert "created alias PROD for version 1" in gulp("deploy", "one")
    assert said("by-gulp", Qualifier="PROD") == "one world"
    alias = client.get_alias(FunctionName="by-gulp", Name="PROD")
    assert (alias["FunctionVersion"], alias["Description"]) == ("1", "by gulp")

    # UpdateFunctionCode and UpdateFunctionConfiguration, one right after the other.
    assert "updated alias PROD for version 2" in gulp("deploy", "two")
    assert (said("by-gulp", Qualifier="PROD"), said("by-gulp", Qualifier="1")) == (
        "two world",
        "one world",
    )
    settings = client.get_function_configuration(FunctionName="by-gulp")
    assert (settings["MemorySize"], settings["Timeout"]) == (256, 9)

    assert "successfully uploaded" in gulp("code", "three")
    assert (said("by-gulp"), said("by-gulp", Qualifier="PROD")) == ("three world", "two world")
    assert "updated alias PROD for version 1" in gulp("back", "three")
    assert said("by-gulp", Qualifier="PROD") == "one world"


def test_grunt_packages_deploys_publishes_and_points_aliases(
    lambent: Lambent, project: Path, said: Callable[..., Any], make_zip: Callable[..., bytes]
) -> None:
    client = lambent.client()

    def grunt(*tasks: str) -> tuple[int, str]:
        done = lambent.run(project, require("node"), "node_modules/.bin/grunt", *tasks)
        return done.returncode, done.stdout

    (project / "Gruntfile.js").write_text(GRUNTFILE)
    (project / "index.js").write_text(INDEX % "new")
    client.create_function(
        FunctionName="by-grunt",
        Runtime="nodejs4.3",
        Handler="index.handler",
        Role=execution_role(client),
        Code={"ZipFile": make_zip({"index.js": INDEX % "old"})},
        Publish=True,
    )
    client.create_alias(FunctionName="by-grunt", Name="DEV", FunctionVersion="1")

    status, printed = grunt("lambda_package:by", "lambda_deploy:by")
    assert (status, "Version 2 published." in printed) == (0, True), printed
    assert said("by-grunt", Qualifier="1") == "old world"
    # One of them was there, one is new, one is called after the package's version.
    for alias in ("DEV", "beta", "1-2-3"):
        assert said("by-grunt", Qualifier=alias) == "new world"
    version = client.get_function_configuration(FunctionName="by-grunt", Qualifier="2")
    assert (version["MemorySize"], version["Timeout"]) == (512, 9)
    assert version["Description"].startswith("Deployed package hello version 1.2.3 on ")

    status, printed = grunt("lambda_deploy:missing")
    assert (status, "Unable to find lambda function by-nobody" in printed) == (6, True), printed
    status, printed = grunt("lambda_deploy:stranger")
    assert (status, "failed with 403 - InvalidSignatureException" in printed) == (6, True), printed


def test_node_lambda_creates_and_updates(
    lambent: Lambent, project: Path, node_modules: Path, said: Callable[..., Any]
) -> None:
    client = lambent.client()
    (project / "node_modules").unlink()  # it would be packed
    (project / "deploy.env").write_text("GREETING=hello\n")
    (project / "index.js").write_text(
        "exports.handler = async ({ name }) => `${process.env.GREETING} ${name}`;\n"
    )

    def deploy(*options: str) -> None:
        lambent.succeed(
            project,
            *(require("node"), str(node_modules / ".bin" / "node-lambda"), "deploy"),
            *("-n", "by-node-lambda", "-e", "dev", "-r", "us-east-1", "-o", execution_role(client)),
            *("-u", "nodejs20.x", "-p", "true", "-f", "deploy.env", *options),
        )

    deploy("-A", "team=a,stage=dev")
    name = "by-node-lambda-dev"
    assert said(name) == said(name, Qualifier="1") == "hello world"

    (project / "deploy.env").write_text("GREETING=bye\n")
    deploy("-m", "256", "-t", "7", "-A", "team=b")
    assert (said(name), said(name, Qualifier="1")) == ("bye world", "hello world")
    assert said(name, Qualifier="2") == "bye world"
    found = client.get_function(FunctionName=name)
    settings = found["Configuration"]
    assert (settings["MemorySize"], settings["Timeout"]) == (256, 7)
    assert found["Tags"] == {"team": "b"}


SDK_3 = """
import { readFileSync } from 'node:fs';
import * as sdk from '@aws-sdk/client-lambda';

const FunctionName = 'by-sdk-3';
const client = new sdk.LambdaClient();
const send = (name, members) => client.send(new sdk[`${name}Command`]({ FunctionName, ...members }));
const text = (bytes) => Buffer.from(bytes).toString();
const ready = { client, minDelay: 0.05, maxWaitTime: 20 };
const said = [];
const call = async (Qualifier) => {
  const { Payload, ExecutedVersion } = await send('Invoke', { Qualifier, Payload: '{"name": "wörld"}' });
  said.push([text(Payload), ExecutedVersion]);
};

await send('CreateFunction', {
  Runtime: 'nodejs20.x', Handler: 'index.handler', Role: process.argv[2],
  Code: { ZipFile: readFileSync('one.zip') }, Publish: true,
});
await sdk.waitUntilFunctionActiveV2(ready, { FunctionName });
await send('CreateAlias', { Name: 'PROD', FunctionVersion: '1' });
await call('PROD');

const updated = await send('UpdateFunctionCode', { ZipFile: readFileSync('two.zip') });
await sdk.waitUntilFunctionUpdatedV2(ready, { FunctionName });
const { Version } = await send('PublishVersion', { CodeSha256: updated.CodeSha256 });
const RoutingConfig = { AdditionalVersionWeights: { 1: 0 } };
await send('UpdateAlias', { Name: 'PROD', FunctionVersion: Version, RoutingConfig });
await call('PROD');
await call('1');

const streamed = await send('InvokeWithResponseStream', { Payload: '{"name": "stream"}' });
let pieces = '';
for await (const event of streamed.EventStream) if (event.PayloadChunk) pieces += text(event.PayloadChunk.Payload);
said.push(pieces);

const versions = [];
for await (const page of sdk.paginateListVersionsByFunction({ client, pageSize: 1 }, { FunctionName })) {
  versions.push(...page.Versions.map((each) => each.Version));
}
said.push(versions);

await send('DeleteFunction');
try {
  await send('Invoke');
} catch (error) {
  said.push([error instanceof sdk.ResourceNotFoundException, error.$metadata.httpStatusCode, error.message]);
}
console.log(JSON.stringify(said));
"""


def test_the_sdk_v3_takes_a_function_through_its_life(
    lambent: Lambent, tmp_path: Path, make_zip: Callable[..., bytes]
) -> None:
    if libraries.lacks("node"):
        require("the AWS SDKs for Node (scripts/setup)")
    project = tmp_path / "project"
    project.mkdir()
    (project / "node_modules").symlink_to(libraries.libraries("node", "")[0][0])
    (project / "life.mjs").write_text(SDK_3)
    for name in ("one", "two"):
        (project / f"{name}.zip").write_bytes(make_zip({"index.js": INDEX % name}))
    printed = lambent.succeed(
        project,
        require("node"),
        "--preserve-symlinks-main",
        "--preserve-symlinks",
        "life.mjs",
        execution_role(lambent.client()),
    )
    arn = "arn:aws:lambda:us-east-1:000000000000:function:by-sdk-3"
    assert json.loads(printed) == [
        ['"one wörld"', "1"],
        ['"two wörld"', "2"],
        ['"one wörld"', "1"],
        '"two stream"',
        ["$LATEST", "1", "2"],
        [True, 404, f"Function not found: {arn}:$LATEST"],
    ]
