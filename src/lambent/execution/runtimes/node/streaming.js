'use strict';
/*
 * Handlers that stream their answer: the global `awslambda` with `streamifyResponse` and `HttpResponseStream`, as AWS's
 * Node runtimes have it, and the stream that such a handler writes to.
 *
 * Every write goes straight into a STREAM frame. When the reader at the other end is slow, the write waits, and with it
 * the handler: nothing piles up.
 */
const { Writable } = require('stream');

const STREAMS = Symbol.for('aws.lambda.runtime.handler.streaming');
const HTTP_TYPE = 'application/vnd.awslambda.http-integration-response';
const DEFAULT_TYPE = 'application/octet-stream';
// What core takes in one frame, with room for its header.
const PIECE = 512 * 1024;

class ResponseStream extends Writable {
  /** `send(buffer)` sends one frame; the first one is the head. */
  constructor(send) {
    super({ highWaterMark: PIECE });
    this.sendFrame = send;
    this.contentType = DEFAULT_TYPE;
    this.hasBegun = false;
  }

  setContentType(type) {
    if (this.hasBegun) throw new InvalidStreamingOperation('Cannot set content-type, too late.');
    this.contentType = String(type);
  }

  begin() {
    if (this.hasBegun) return;
    this.hasBegun = true;
    this.sendFrame(Buffer.from(JSON.stringify({ content_type: this.contentType })));
  }

  _write(chunk, encoding, callback) {
    try {
      this.begin();
      for (let start = 0; start < chunk.length; start += PIECE) {
        this.sendFrame(chunk.subarray(start, start + PIECE));
      }
      callback();
    } catch (error) {
      callback(error);
    }
  }

  _final(callback) {
    try {
      this.begin();
      callback();
    } catch (error) {
      callback(error);
    }
  }

  // What is no text or bytes is sent as JSON, as AWS's runtime does it.
  write(chunk, ...rest) {
    const isBytes = typeof chunk === 'string' || Buffer.isBuffer(chunk) || chunk instanceof Uint8Array;
    return super.write(isBytes ? chunk : JSON.stringify(chunk), ...rest);
  }
}

class InvalidStreamingOperation extends Error {
  constructor(message) {
    super(message);
    this.name = 'Runtime.InvalidStreamingOperation';
  }
}

function streamifyResponse(handler, options) {
  handler[STREAMS] = 'response';
  if (options && options.highWaterMark) handler[Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark')] = Number(options.highWaterMark);
  return handler;
}

class HttpResponseStream {
  /** Status, headers and cookies go first, as JSON, set apart from the body by eight zero bytes. */
  static from(stream, prelude) {
    stream.setContentType(HTTP_TYPE);
    stream.write(Buffer.concat([Buffer.from(JSON.stringify(prelude)), Buffer.alloc(8)]));
    return stream;
  }
}

function doesStream(handler) {
  return handler[STREAMS] === 'response';
}

function install() {
  globalThis.awslambda = { streamifyResponse, HttpResponseStream };
}

module.exports = { ResponseStream, doesStream, install };
