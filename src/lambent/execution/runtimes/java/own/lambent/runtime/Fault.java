package lambent.runtime;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a function threw, as the client and the log see it: AWS's shape, without our own frames. */
final class Fault {
    private static final String OURS = "lambent.";
    private static final int DEEPEST_CAUSE = 20;

    private Fault() {
    }

    /** The error object. */
    static Map<String, Object> document(Throwable error) {
        return document(error, 0);
    }

    /** What the log says of it. */
    static String report(Throwable error) {
        for (Throwable each = error; each != null && each != each.getCause(); each = each.getCause()) {
            each.setStackTrace(theirs(each.getStackTrace()));
        }
        String message = error.getLocalizedMessage() == null ? error.getClass().getName() : error.getLocalizedMessage();
        StringWriter trace = new StringWriter();
        error.printStackTrace(new PrintWriter(trace, true));
        return message + ": " + error.getClass().getName() + "\n" + trace + "\n";
    }

    private static Map<String, Object> document(Throwable error, int depth) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("errorMessage", error.getLocalizedMessage());
        document.put("errorType", error.getClass().getName());
        List<String> trace = new ArrayList<>();
        for (StackTraceElement each : theirs(error.getStackTrace())) {
            trace.add(each.toString());
        }
        document.put("stackTrace", trace);
        Throwable cause = error.getCause();
        if (cause != null && cause != error && depth < DEEPEST_CAUSE) {
            document.put("cause", document(cause, depth + 1));
        }
        return document;
    }

    /** The frames above our own, and above the reflection through which we call. */
    private static StackTraceElement[] theirs(StackTraceElement[] trace) {
        int end = 0;
        while (end < trace.length && !trace[end].getClassName().startsWith(OURS)) {
            end++;
        }
        if (end < trace.length) {
            while (end > 0 && isReflection(trace[end - 1].getClassName())) {
                end--;
            }
        }
        StackTraceElement[] kept = new StackTraceElement[end];
        System.arraycopy(trace, 0, kept, 0, end);
        return kept;
    }

    private static boolean isReflection(String name) {
        return name.startsWith("jdk.internal.reflect.") || name.startsWith("java.lang.reflect.")
            || name.startsWith("java.lang.invoke.");
    }
}
