'use strict';
/*
 * What core would send to a small function: the frames of one environment's life, to rehearse with.
 */
const { HEADER_LENGTH, TYPES } = require('./channel');

const INVOCATIONS = 5;
const TRACE_ID = 'Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0';

/** ASSIGN, BOUND and some INVOKEs, for the handler of warm_up.js in `directory`. */
function frames(directory) {
  const call = JSON.stringify({ invoked_function_arn: 'arn', trace_id: TRACE_ID });
  const length = Buffer.alloc(2);
  length.writeUInt16LE(call.length, 0);
  const invoke = frame(TYPES.INVOKE, Buffer.concat([length, Buffer.from(`${call}{"name":"warm","list":[1,"é",null]}`)]));
  return Buffer.concat([
    frame(TYPES.ASSIGN, Buffer.from(JSON.stringify(assignment(directory)))),
    frame(TYPES.BOUND, Buffer.alloc(0)),
    ...Array(INVOCATIONS).fill(invoke),
  ]);
}

function assignment(directory) {
  const environment = { LAMBDA_TASK_ROOT: directory, TZ: ':UTC' };
  // As many as a function has.
  for (let number = 0; number < 20; number += 1) environment[`REHEARSAL_${number}`] = 'a value of usual length';
  return {
    environment,
    handler: 'warm_up.handler',
    task_root: directory,
    function_name: 'rehearsal',
    function_version: '$LATEST',
    function_arn: 'arn',
    memory_mib: 128,
    log_group: 'group',
    log_stream: 'stream',
  };
}

function frame(type, payload) {
  const head = Buffer.alloc(HEADER_LENGTH);
  head.writeUInt32LE(payload.length, 0);
  head[4] = type;
  return Buffer.concat([head, payload]);
}

module.exports = { frames };
