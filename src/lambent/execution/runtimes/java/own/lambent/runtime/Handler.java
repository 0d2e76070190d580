package lambent.runtime;

import com.amazonaws.services.lambda.runtime.Context;

/** A function's handler, whatever its shape: the event lies in `data` from `start` on; returns the answer's bytes. */
interface Handler {
    byte[] handle(byte[] data, int start, Context context) throws Throwable;
}
