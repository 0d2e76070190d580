package com.amazonaws.services.lambda.runtime.logging;

import java.util.Locale;

/** How events of the log are written. */
public enum LogFormat {
    JSON, TEXT;

    /** Throws IllegalArgumentException for a format that does not exist. */
    public static LogFormat fromString(String name) {
        try {
            return valueOf(name.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException unknown) {
            throw new IllegalArgumentException("Invalid log format: '" + name + "' expected one of [JSON, TEXT]");
        }
    }
}
