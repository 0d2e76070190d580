'use strict';
/*
 * console.* in AWS's two forms. Text: time, request id, level and message, set apart by tabs; a message of several lines
 * stays one event, because line feeds become carriage returns on the pipe, and core turns them back. JSON: one object a
 * line. Which one, and from which level on, is decided once, when the function is known (`configure`).
 */
const util = require('util');
const { writeAll } = require('./channel');

const METHODS = {
  trace: 'TRACE', debug: 'DEBUG', log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR', fatal: 'FATAL',
};
const SEVERITY = {
  TRACE: 1, DEBUG: 2, INFO: 3, WARN: 4, ERROR: 5, FATAL: 6,
};

const state = {
  // What AWS prints before the first request.
  requestId: 'undefined',
  // Of functions that keep tenants apart.
  tenantId: undefined,
  isJson: false,
  write: writeText,
};

function writeText(level, args) {
  const message = util.format(...args).replace(/\n/g, '\r');
  emit(`${new Date().toISOString()}\t${state.requestId}\t${level}\t${message}\n`);
}

/** One argument is the message as it is; several are put together as text, and the first error among them is shown. */
function writeJson(level, args) {
  const line = { timestamp: new Date().toISOString(), level, requestId: state.requestId };
  if (state.tenantId) line.tenantId = state.tenantId;
  if (args.length === 1) {
    [line.message] = args;
    try {
      emit(`${JSON.stringify(line, shown)}\n`);
      return;
    } catch (unserialisable) {
      line.message = util.format(args[0]);
    }
  } else {
    line.message = util.format(...args);
    const error = args.find((each) => each instanceof Error);
    if (error) Object.assign(line, basics(error));
  }
  emit(`${JSON.stringify(line)}\n`);
}

function emit(line) {
  try {
    writeAll(1, Buffer.from(line));
  } catch (error) {
    // The handler has closed its stdout; that is its right, and no reason to fail.
  }
}

function shown(key, value) {
  if (!(value instanceof Error)) return value;
  const own = { ...value };
  // Errors of the runtime carry their name, which AWS's have from their class.
  if (typeof own.name === 'string' && own.name.startsWith('Runtime.')) delete own.name;
  return { ...basics(value), ...own };
}

function basics(error) {
  return {
    errorType: (error.constructor && error.constructor.name) || 'UnknownError',
    errorMessage: error.message,
    stackTrace: typeof error.stack === 'string' ? error.stack.split('\n') : [],
  };
}

/** The line for an error that a call, or INIT, has ended with. `text` makes its form for text. */
function writeError(title, error, text) {
  if (!state.isJson) state.write('ERROR', [title, text(error)]);
  else state.write('ERROR', [error instanceof Error ? error : new Error(error)]);
}

function patchConsole() {
  for (const [method, level] of Object.entries(METHODS)) {
    console[method] = (...args) => state.write(level, args);
  }
  // What handlers write to the streams themselves must be out before the answer is, too.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () => {});
    if (stream._handle && stream._handle.setBlocking) stream._handle.setBlocking(true);
  }
}

/** Take over the format and the level that the function's variables say. */
function configure(variables) {
  state.isJson = String(variables.AWS_LAMBDA_LOG_FORMAT).toUpperCase() === 'JSON';
  if (state.isJson) state.write = writeJson;
  const least = SEVERITY[String(variables.AWS_LAMBDA_LOG_LEVEL).toUpperCase()] || SEVERITY.TRACE;
  for (const [method, level] of Object.entries(METHODS)) {
    if (SEVERITY[level] < least) console[method] = () => {};
  }
}

module.exports = {
  configure, patchConsole, state, writeError,
};
