package lambent.runtime;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Goes through what a first call would otherwise be the first to use: classes are loaded, hot paths compiled. */
public final class WarmUp {
    private static final int ROUNDS = 30;
    private static final byte[] EVENT =
        "{\"name\":\"warm\",\"list\":[1,2.5,\"é\",null,true],\"map\":{\"a\":{\"b\":1}}}".getBytes(StandardCharsets.UTF_8);

    private WarmUp() {
    }

    static void run(Json json) throws Exception {
        try {
            Handlers handlers = new Handlers(json);
            ClassLoader loader = WarmUp.class.getClassLoader();
            JsonNode function = json.plain().readTree("{\"environment\":{\"A\":\"b\"},\"memory_mib\":128}");
            for (int round = 0; round < ROUNDS; round++) {
                InvocationContext context = new InvocationContext(function, function, null, "id", 0, new Logger());
                handlers.load(Echo.class.getName(), loader).handle(EVENT, 0, context);
                handlers.load(Typed.class.getName() + "::handle", loader).handle(EVENT, 0, context);
            }
            json.plain().writeValueAsBytes(Fault.document(new IllegalStateException("rehearsal")));
            Fault.report(new IllegalStateException("rehearsal"));
        } catch (Throwable failure) {
            throw new IllegalStateException("the rehearsal of an invocation failed", failure);
        }
    }

    /** Any JSON. */
    public static final class Echo implements RequestHandler<Map<String, Object>, Object> {
        @Override
        public Object handleRequest(Map<String, Object> input, Context context) {
            context.getRemainingTimeInMillis();
            return input;
        }
    }

    /** A class of its own. */
    public static final class Typed {
        public String name;

        public Typed handle(Typed input, Context context) {
            return input;
        }
    }
}
