'use strict';
/*
 * The Node side of an execution environment. Started in the sandbox as `node bootstrap.js` with the frame socket as
 * descriptor 3; stdout and stderr are the log. Node 12 and newer, nothing but Node's own modules.
 *
 * READY when warmed up -> ASSIGN: variables, directory, handler -> BOUND: the code is there -> INIT_DONE or ERROR ->
 * INVOKE, RESULT or ERROR, ...
 * With the argument `assigned` its variables are set, by a wrapper perhaps, and ASSIGN lies in the socket already.
 * An error that nobody caught ends the process, as on AWS; its ERROR frame carries no request id and says so to core.
 */
const path = require('path');
const Module = require('module');
const {
  Channel, NO_REQUEST, RehearsalChannel, TYPES,
} = require('./channel');
const { Invocation } = require('./invocation');
require('./aws_sdk_v2');
const errors = require('./errors');
const loader = require('./loader');
const logging = require('./logging');
const rehearsal = require('./rehearsal');
const streaming = require('./streaming');

// AWS's limit of an answer; core would refuse more, and need not be sent it.
const ANSWER_LIMIT = 6291556;
const TOO_LARGE = {
  errorType: 'Function.ResponseSizeTooLarge',
  errorMessage: `Response payload size exceeded maximum allowed payload size (${ANSWER_LIMIT} bytes).`,
};
const EMPTY = Buffer.alloc(0);
const isAssigned = process.argv.splice(2)[0] === 'assigned';
const REHEARSALS = 4;
// Exit codes of AWS's runtime client for the two ways to end by an error nobody caught.
const EXIT_REJECTION = 128;
const EXIT_EXCEPTION = 129;
// AWS's words, and the first runtime that they are for.
const NO_CALLBACKS = 'ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. '
  + 'You need to modify this function to use a supported handler signature to use Node.js 24 or later. '
  + 'For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.';
const MODERN = 24;

class Runtime {
  constructor(channel) {
    this.channel = channel;
    this.assignment = null;
    this.handler = null;
    this.isModern = false;
    this.current = null;
  }

  /** What needs no code: it is being bound meanwhile. */
  prepare(frame) {
    this.assignment = JSON.parse(frame.payload);
    if (isAssigned) this.assignment.handler = process.env._HANDLER;
    else setEnvironment(this.assignment.environment);
    logging.configure(process.env);
  }

  async init() {
    const taskRoot = this.assignment.task_root || process.env.LAMBDA_TASK_ROOT;
    process.chdir(taskRoot);
    this.handler = await loader.load(taskRoot, this.assignment.handler);
    // What the function asked for counts, not the version that stands in for it.
    const asked = /^AWS_Lambda_nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV);
    this.isModern = asked !== null && Number(asked[1]) >= MODERN;
    if (this.isModern && this.handler.length >= 3 && !streaming.doesStream(this.handler)) {
      throw new errors.CallbackHandlerDeprecated(NO_CALLBACKS);
    }
    this.channel.send(TYPES.INIT_DONE, NO_REQUEST, EMPTY);
  }

  /** Wait, with this thread stopped, for the next invocation, and start it. */
  next() {
    this.invoke(expect(this.channel, TYPES.INVOKE));
  }

  invoke(frame) {
    const { payload } = frame;
    const metadataEnd = 2 + payload.readUInt16LE(0);
    const metadataText = payload.toString('utf8', 2, metadataEnd);
    const request = {
      id: uuidText(frame.requestId),
      deadline: frame.deadline,
      metadata: metadataText ? JSON.parse(metadataText) : {},
    };
    logging.state.requestId = request.id;
    logging.state.tenantId = request.metadata.tenant_id;
    if (request.metadata.trace_id) process.env._X_AMZN_TRACE_ID = request.metadata.trace_id;
    else delete process.env._X_AMZN_TRACE_ID;
    this.current = new Invocation(request, this.assignment, (error, hasFailed, result) => {
      this.current = null;
      this.answer(frame.requestId, error, hasFailed, result);
      setImmediate(() => this.next());
    }, this.isModern);
    let event;
    try {
      event = JSON.parse(payload.toString('utf8', metadataEnd) || '{}');
    } catch (error) {
      this.current.settle(error, true);
      return;
    }
    if (streaming.doesStream(this.handler)) this.current.stream(this.handler, event, this.open(frame.requestId));
    else this.current.run(this.handler, event);
  }

  /** A stream for the answer to a request. */
  open(requestId) {
    return new streaming.ResponseStream((piece) => this.channel.send(TYPES.STREAM, requestId, piece));
  }

  answer(requestId, error, hasFailed, result) {
    if (hasFailed) {
      this.fail(requestId, 'Invoke Error', error);
      return;
    }
    let text;
    try {
      text = JSON.stringify(result === undefined ? null : result);
    } catch (unserialisable) {
      const Unserialisable = this.isModern ? errors.JSONStringifyError : Error;
      this.fail(requestId, 'Invoke Error', new Unserialisable('Unable to stringify response body'));
      return;
    }
    // A function or a symbol has no JSON at all.
    const payload = Buffer.from(text === undefined ? 'null' : text);
    if (payload.length > ANSWER_LIMIT) this.sendError(requestId, TOO_LARGE);
    else this.channel.send(TYPES.RESULT, requestId, payload);
  }

  fail(requestId, title, error) {
    logging.writeError(title, error, errors.toLog);
    this.sendError(requestId, errors.toClient(error));
  }

  sendError(requestId, document) {
    this.channel.send(TYPES.ERROR, requestId, Buffer.from(JSON.stringify(document)));
  }

  /** An error that nobody caught: the last thing this process says. */
  giveUp(title, error, status) {
    try {
      this.fail(NO_REQUEST, title, error);
    } finally {
      process.exit(status);
    }
  }

  loopIsEmpty() {
    if (this.current !== null) this.current.whenEmpty();
  }
}

function setEnvironment(variables) {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, variables);
  // NODE_PATH has been read at start; read it again.
  Module._initPaths();
}

function uuidText(bytes) {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Go through everything that a first call would otherwise be the first to use: V8 compiles what runs. */
async function warmUp() {
  const variables = { ...process.env };
  const directory = process.cwd();
  for (let round = 0; round < REHEARSALS; round += 1) await rehearse();
  process.chdir(directory);
  setEnvironment(variables);
  logging.state.requestId = 'undefined';
  await import('./warm_up.mjs');
  errors.toLog(new Error('rehearsal'));
  new Date().toISOString();
}

/** One function from ASSIGN to its last answer, over frames in memory. */
async function rehearse() {
  const channel = new RehearsalChannel(rehearsal.frames(__dirname));
  const runtime = new Runtime(channel);
  try {
    runtime.prepare(expect(channel, TYPES.ASSIGN));
    expect(channel, TYPES.BOUND);
    await runtime.init();
    await new Promise((resolve) => {
      runtime.next = () => (channel.isAtEnd ? resolve() : Runtime.prototype.next.call(runtime));
      setImmediate(() => runtime.next());
    });
  } finally {
    channel.close();
    delete require.cache[path.join(__dirname, 'warm_up.js')];
  }
  if (channel.sent.some((type) => type !== TYPES.INIT_DONE && type !== TYPES.RESULT)) {
    throw new Error('the rehearsal of an invocation failed');
  }
}

/** The next frame; the end where another one comes, or none. */
function expect(channel, type) {
  const frame = channel.read();
  if (frame === null || frame.type !== type) process.exit(0);
  return frame;
}

async function main() {
  const runtime = new Runtime(new Channel(3));
  logging.patchConsole();
  streaming.install();
  if (!isAssigned) await warmUp();
  process.on('uncaughtException', (error) => runtime.giveUp('Uncaught Exception', error, EXIT_EXCEPTION));
  process.on('unhandledRejection', (reason, promise) => runtime.giveUp(
    'Unhandled Promise Rejection',
    new errors.UnhandledPromiseRejection(reason, promise),
    EXIT_REJECTION,
  ));
  process.on('beforeExit', () => runtime.loopIsEmpty());
  if (!isAssigned) runtime.channel.send(TYPES.READY, NO_REQUEST, EMPTY);
  runtime.prepare(expect(runtime.channel, TYPES.ASSIGN));
  if (!isAssigned) expect(runtime.channel, TYPES.BOUND);
  try {
    await runtime.init();
  } catch (error) {
    runtime.giveUp('Uncaught Exception', error, EXIT_EXCEPTION);
  }
  setImmediate(() => runtime.next());
}

main();
