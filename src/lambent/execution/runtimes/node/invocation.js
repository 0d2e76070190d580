'use strict';
/*
 * One call of a handler, in any of the three styles: a promise, the callback, or context.succeed/fail/done.
 *
 * Whichever is used first counts, and no other after it. A callback without an error waits until the event loop has run
 * empty, unless context.callbackWaitsForEmptyEventLoop is false; a loop that runs empty without an answer answers null.
 * From nodejs24.x on (`isModern`) there are no callbacks: what a handler returns, or its promise, is the answer.
 */

class Invocation {
  /** `finish(error, hasFailed, result)` is called once. */
  constructor(request, assignment, finish, isModern = false) {
    this.finish = finish;
    this.isModern = isModern;
    this.isTaken = false; // one of the ways to answer has been used
    this.isDone = false;
    // A modern process ends with its loop, without an answer.
    this.whenEmpty = isModern ? () => {} : () => this.settle(undefined, false, null);
    this.context = makeContext(this, request, assignment);
  }

  run(handler, event) {
    if (this.isModern) {
      this.runModern(handler, event);
      return;
    }
    const callback = (error, result) => this.callback(error, result);
    let returned;
    try {
      returned = handler(event, this.context, callback);
    } catch (error) {
      callback(error);
      return;
    }
    if (isPromise(returned)) {
      returned.then((result) => this.done(null, result), (error) => this.fail(error));
    }
  }

  runModern(handler, event) {
    let returned;
    try {
      returned = handler(event, this.context);
    } catch (error) {
      this.settle(error, true);
      return;
    }
    if (isPromise(returned)) {
      returned.then(
        (result) => this.settle(undefined, false, result),
        (error) => this.settle(error, true),
      );
    } else {
      this.settle(undefined, false, returned);
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
    if (!isPromise(returned)) {
      this.settle(new Error('Streaming does not support non-async handlers.'), true);
      return;
    }
    const ended = Promise.resolve(returned).then((value) => {
      if (value !== undefined) console.warn('Streaming handlers ignore return values.');
    });
    Promise.all([ended, finished]).then(
      () => this.settle(undefined, false, null),
      (error) => this.settle(error, true),
    );
  }

  callback(error, result) {
    if (this.isTaken) return;
    this.isTaken = true;
    const answer = () => this.settle(error, isGiven(error), result);
    if (isGiven(error) || this.context.callbackWaitsForEmptyEventLoop === false) answer();
    else this.whenEmpty = answer;
  }

  done(error, result) {
    if (this.isTaken) return;
    this.isTaken = true;
    this.settle(error, isGiven(error), result);
  }

  fail(error) {
    this.done(isGiven(error) ? error : 'handled');
  }

  settle(error, hasFailed, result) {
    if (this.isDone) return;
    this.isDone = true;
    this.finish(error, hasFailed, result);
  }
}

function makeContext(invocation, request, assignment) {
  const context = invocation.isModern ? {} : { callbackWaitsForEmptyEventLoop: true };
  Object.assign(context, {
    functionVersion: assignment.function_version,
    functionName: assignment.function_name,
    memoryLimitInMB: String(assignment.memory_mib),
    logGroupName: assignment.log_group,
    logStreamName: assignment.log_stream,
    clientContext: parseClientContext(request.metadata.client_context),
    identity: request.metadata.identity,
    invokedFunctionArn: request.metadata.invoked_function_arn || assignment.function_arn,
    awsRequestId: request.id,
    tenantId: request.metadata.tenant_id,
    getRemainingTimeInMillis: () => Math.max(0, request.deadline - Date.now()),
  });
  if (!invocation.isModern) {
    context.succeed = (result) => invocation.done(null, result);
    context.fail = (error) => invocation.fail(error);
    context.done = (error, result) => invocation.done(error, result);
  }
  return context;
}

function isPromise(value) {
  return Boolean(value) && typeof value.then === 'function';
}

/** Whether an error was given: null and undefined are none. */
function isGiven(error) {
  return error !== undefined && error !== null;
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
