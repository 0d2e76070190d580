'use strict';
/*
 * One call of a handler, in any of the three styles: a promise, the callback, or context.succeed/fail/done.
 *
 * The answer is whatever comes first. A callback waits until the event loop has run empty, unless
 * context.callbackWaitsForEmptyEventLoop is false; a loop that runs empty without an answer answers null.
 */

class Invocation {
  /** `finish(error, hasFailed, result)` is called once. */
  constructor(request, assignment, finish) {
    this.finish = finish;
    this.isDone = false;
    this.whenEmpty = () => this.done(undefined, null);
    this.context = makeContext(this, request, assignment);
  }

  run(handler, event) {
    let returned;
    try {
      returned = handler(event, this.context, (error, result) => this.callback(error, result));
    } catch (error) {
      this.settle(error, true);
      return;
    }
    if (returned && typeof returned.then === 'function') {
      returned.then(
        (result) => this.settle(undefined, false, result),
        (error) => this.settle(error, true),
      );
    }
  }

  /** A handler that streams is done when its promise is and its stream has ended; it is ended for one that forgets to. */
  stream(handler, event, stream) {
    const finished = new Promise((resolve, reject) => {
      stream.once('finish', resolve);
      stream.once('error', reject);
    });
    finished.catch(() => {});
    this.whenEmpty = () => stream.end();
    let returned;
    try {
      returned = handler(event, stream, this.context);
    } catch (error) {
      this.settle(error, true);
      return;
    }
    if (!returned || typeof returned.then !== 'function') {
      this.settle(new Error('Streaming does not support non-async handlers.'), true);
      return;
    }
    Promise.all([returned, finished]).then(
      () => this.settle(undefined, false, null),
      (error) => this.settle(error, true),
    );
  }

  callback(error, result) {
    if (this.context.callbackWaitsForEmptyEventLoop === false) this.done(error, result);
    else this.whenEmpty = () => this.done(error, result);
  }

  done(error, result) {
    this.settle(error, error !== undefined && error !== null, result);
  }

  settle(error, hasFailed, result) {
    if (this.isDone) return;
    this.isDone = true;
    this.finish(error, hasFailed, result);
  }
}

function makeContext(invocation, request, assignment) {
  const context = {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: assignment.function_version,
    functionName: assignment.function_name,
    memoryLimitInMB: String(assignment.memory_mib),
    logGroupName: assignment.log_group,
    logStreamName: assignment.log_stream,
    clientContext: parseClientContext(request.metadata.client_context),
    identity: request.metadata.identity,
    invokedFunctionArn: request.metadata.invoked_function_arn || assignment.function_arn,
    awsRequestId: request.id,
    getRemainingTimeInMillis: () => Math.max(0, request.deadline - Date.now()),
    succeed: (result) => invocation.done(undefined, result),
    fail: (error) => invocation.settle(error === undefined ? null : error, true),
    done: (error, result) => invocation.done(error, result),
  };
  return context;
}

/** The client context as it was given to the SDK; core passes it as text. */
function parseClientContext(text) {
  if (!text) return undefined;
  for (const candidate of [text, Buffer.from(text, 'base64').toString()]) {
    try {
      return JSON.parse(candidate);
    } catch (notJson) {
      continue;
    }
  }
  return undefined;
}

module.exports = { Invocation };
