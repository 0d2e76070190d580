'use strict';
/*
 * What an error looks like to the client ({errorType, errorMessage, trace}) and in the log (with `stack` and whatever
 * else the error carries): the shapes that AWS's Node runtimes give.
 */
const util = require('util');

/** An error of the runtime; its name is `Runtime.` and the class. */
class RuntimeError extends Error {
  constructor(reason) {
    super(typeof reason === 'string' ? reason : String(reason));
    this.name = `Runtime.${this.constructor.name}`;
    // The stack begins with the name, which was not set yet when it was taken.
    this.stack = `${this.name}: ${this.message}\n${callers(this.stack)}`;
  }
}

class CallbackHandlerDeprecated extends RuntimeError {}
class JSONStringifyError extends RuntimeError {}
class ImportModuleError extends RuntimeError {}
class HandlerNotFound extends RuntimeError {}
class MalformedHandlerName extends RuntimeError {}
class UserCodeSyntaxError extends RuntimeError {
  constructor(reason) {
    super(reason);
    this.stack = reason.stack;
  }
}
class UnhandledPromiseRejection extends RuntimeError {
  constructor(reason, promise) {
    super(reason);
    this.reason = reason;
    this.promise = promise;
  }
}

function callers(stack) {
  return String(stack).split('\n').filter((line) => line.startsWith('    at ')).join('\n');
}

function isError(value) {
  return util.types.isNativeError(value)
    || Boolean(value && value.name && value.message && value.stack);
}

/** The error object of the Invoke API. Anything may be thrown; what is no error has its type as its name. */
function toClient(error) {
  try {
    if (isError(error)) {
      return {
        errorType: String(error.name),
        errorMessage: String(error.message),
        trace: String(error.stack).split('\n'),
      };
    }
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  } catch (unreadable) {
    return { errorType: 'handled', errorMessage: 'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack', trace: [] };
  }
}

/** For the log: a tab and the error as JSON. What is no error becomes one, as AWS's runtimes do it. */
function toLog(error) {
  const whole = isError(error) ? error : new Error(error);
  try {
    return `\t${JSON.stringify(whole, (key, value) => loggable(value))}`;
  } catch (unserialisable) {
    return `\t${JSON.stringify(toClient(error))}`;
  }
}

function loggable(value) {
  if (!isError(value)) return value;
  const shown = { errorType: value.name, errorMessage: value.message, code: value.code, ...value };
  // Our own classes set `name` on the instance, AWS shows it as errorType alone.
  delete shown.name;
  if (typeof value.stack === 'string') shown.stack = value.stack.split('\n');
  return shown;
}

module.exports = {
  CallbackHandlerDeprecated,
  HandlerNotFound,
  ImportModuleError,
  JSONStringifyError,
  MalformedHandlerName,
  UnhandledPromiseRejection,
  UserCodeSyntaxError,
  toClient,
  toLog,
};
