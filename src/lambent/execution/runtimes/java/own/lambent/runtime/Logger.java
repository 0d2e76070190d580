package lambent.runtime;

import com.amazonaws.services.lambda.runtime.LambdaLogger;
import com.amazonaws.services.lambda.runtime.logging.LogLevel;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The log, in text until the function is known, which may want JSON. An event of several lines goes out with carriage
 * returns inside; core turns them back.
 */
final class Logger implements LambdaLogger {
    // Both are for JSON alone.
    private ObjectMapper mapper;
    private DateTimeFormatter times;
    private LogLevel least = LogLevel.UNDEFINED;
    private String requestId;
    private String tenantId;

    /** Take over the format and the level that the function's variables say. */
    void configure(Map<String, String> variables, ObjectMapper plain) {
        if ("JSON".equalsIgnoreCase(variables.get("AWS_LAMBDA_LOG_FORMAT"))) {
            mapper = plain;
            times = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);
        }
        try {
            least = LogLevel.fromString(variables.getOrDefault("AWS_LAMBDA_LOG_LEVEL", least.name()));
        } catch (IllegalArgumentException unknown) {
            least = LogLevel.UNDEFINED;
        }
    }

    /** From now on lines in JSON belong to this request, of this tenant if there is one. */
    void begin(String request, String tenant) {
        requestId = request;
        tenantId = tenant;
    }

    /** What the function, or its INIT, has ended with. It has a level in JSON alone. */
    void logError(String report) {
        write(mapper == null ? report : line(report, LogLevel.ERROR));
    }

    @Override
    public void log(String message) {
        log(message, LogLevel.UNDEFINED);
    }

    @Override
    public void log(String message, LogLevel level) {
        if (isLeftOut(level)) {
            return;
        }
        if (mapper != null) {
            write(line(message, level));
        } else {
            write(level == LogLevel.UNDEFINED ? message : "[" + level + "] " + message);
        }
    }

    /** Bytes go out as they are, whatever the format. */
    @Override
    public void log(byte[] message) {
        write(message);
    }

    @Override
    public void log(byte[] message, LogLevel level) {
        if (!isLeftOut(level)) {
            write(message);
        }
    }

    private boolean isLeftOut(LogLevel level) {
        return level != LogLevel.UNDEFINED && level.compareTo(least) < 0;
    }

    private String line(String message, LogLevel level) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("timestamp", times.format(Instant.now()));
        line.put("message", message);
        line.put("level", level.name());
        if (requestId != null) {
            line.put("AWSRequestId", requestId);
        }
        if (tenantId != null) {
            line.put("tenantId", tenantId);
        }
        try {
            return mapper.writeValueAsString(line);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    private static void write(String message) {
        write(message.getBytes(StandardCharsets.UTF_8));
    }

    private static void write(byte[] message) {
        int length = message.length;
        if (length > 0 && message[length - 1] == '\n') {
            length--;
        }
        byte[] event = new byte[length + 1];
        for (int index = 0; index < length; index++) {
            event[index] = message[index] == '\n' ? (byte) '\r' : message[index];
        }
        event[length] = '\n';
        System.out.write(event, 0, event.length);
        System.out.flush();
    }
}
