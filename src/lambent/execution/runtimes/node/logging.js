'use strict';
/*
 * console.* in AWS's form: time, request id, level and message, set apart by tabs. A message of several lines stays one
 * event: line feeds become carriage returns on the pipe, and core turns them back.
 */
const util = require('util');
const { writeAll } = require('./channel');

const LEVELS = {
  trace: 'TRACE', debug: 'DEBUG', log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR',
};

// What AWS prints before the first request.
const state = { requestId: 'undefined' };

function write(level, args) {
  const message = util.format(...args).replace(/\n/g, '\r');
  const line = `${new Date().toISOString()}\t${state.requestId}\t${level}\t${message}\n`;
  try {
    writeAll(1, Buffer.from(line));
  } catch (error) {
    // The handler has closed its stdout; that is its right, and no reason to fail.
  }
}

function patchConsole() {
  for (const [method, level] of Object.entries(LEVELS)) {
    console[method] = (...args) => write(level, args);
  }
  // What handlers write to the streams themselves must be out before the answer is, too.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () => {});
    if (stream._handle && stream._handle.setBlocking) stream._handle.setBlocking(true);
  }
}

module.exports = { patchConsole, state, write };
