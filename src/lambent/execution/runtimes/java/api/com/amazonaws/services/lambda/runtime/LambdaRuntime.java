package com.amazonaws.services.lambda.runtime;

/** Gives the logger to code that has no context at hand. */
public final class LambdaRuntime {
    // The runtime puts its own here before any code of a function runs.
    private static volatile LambdaLogger logger = new LambdaLogger() {
        @Override
        public void log(String message) {
            System.out.print(message);
        }

        @Override
        public void log(byte[] message) {
            System.out.write(message, 0, message.length);
        }
    };

    private LambdaRuntime() {
    }

    public static LambdaLogger getLogger() {
        return logger;
    }
}
