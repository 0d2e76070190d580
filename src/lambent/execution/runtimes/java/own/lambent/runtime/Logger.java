package lambent.runtime;

import com.amazonaws.services.lambda.runtime.LambdaLogger;
import java.nio.charset.StandardCharsets;

/** The log. An event of several lines goes out with carriage returns inside; core turns them back. */
final class Logger implements LambdaLogger {
    @Override
    public void log(String message) {
        log(message.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void log(byte[] message) {
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
