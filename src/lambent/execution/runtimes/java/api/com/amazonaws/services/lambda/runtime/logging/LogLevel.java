package com.amazonaws.services.lambda.runtime.logging;

import java.util.Locale;

/** How grave an event of the log is. */
public enum LogLevel {
    UNDEFINED, TRACE, DEBUG, INFO, WARN, ERROR, FATAL;

    /** Throws IllegalArgumentException for a level that does not exist. */
    public static LogLevel fromString(String name) {
        try {
            return valueOf(name.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException unknown) {
            throw new IllegalArgumentException("Invalid log level: '" + name + "' expected one of "
                + "[TRACE, DEBUG, INFO, WARN, ERROR, FATAL]");
        }
    }
}
