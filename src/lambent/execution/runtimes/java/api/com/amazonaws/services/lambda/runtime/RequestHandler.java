package com.amazonaws.services.lambda.runtime;

/** A handler of events of one type. */
public interface RequestHandler<I, O> {
    O handleRequest(I input, Context context);
}
