package lambent.runtime;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Goes through all that a function's first call would otherwise be the first to use: classes are loaded, call sites
 * linked, hot paths compiled. Whole runtimes, from ASSIGN to the last RESULT, are run over frames in memory.
 */
final class WarmUp {
    // From 200 calls on, code is compiled.
    private static final int INVOCATIONS = 20;
    private static final int ASSIGNMENTS = 6;
    private static final List<String> HANDLERS = List.of(
        Echo.class.getName(), Typed.class.getName() + "::handle", Texts.class.getName() + "::handle",
        Bytes.class.getName());
    private static final String EVENT =
        "{\"name\":\"warm\",\"list\":[1,2.5,\"é\",null,true],\"map\":{\"a\":{\"b\":1}}}";

    private WarmUp() {
    }

    /** Changes variables and working directory. */
    static void run(Json json, Surroundings surroundings) throws Exception {
        PrintStream log = System.out;
        ClassLoader loader = Thread.currentThread().getContextClassLoader();
        System.setOut(new PrintStream(OutputStream.nullOutputStream()));
        try {
            for (int round = 0; round < ASSIGNMENTS; round++) {
                for (String handler : HANDLERS) {
                    rehearse(json, surroundings, handler);
                }
            }
            json.plain().writeValueAsBytes(Fault.document(new IllegalStateException("rehearsal")));
            Fault.report(new IllegalStateException("rehearsal"));
        } finally {
            System.setOut(log);
            Thread.currentThread().setContextClassLoader(loader);
            System.clearProperty(Runtime.TRACE_PROPERTY);
            surroundings.enter("/");
        }
    }

    private static void rehearse(Json json, Surroundings surroundings, String handler) throws Exception {
        ByteArrayOutputStream script = new ByteArrayOutputStream();
        Channel writer = Channel.over(InputStream.nullInputStream(), script);
        writer.send(Frame.ASSIGN, Frame.NO_REQUEST, assignment(json.plain(), handler));
        for (int call = 0; call < INVOCATIONS; call++) {
            writer.send(Frame.INVOKE, Frame.NO_REQUEST, invocation());
        }
        ByteArrayOutputStream answers = new ByteArrayOutputStream();
        Channel frames = Channel.over(new ByteArrayInputStream(script.toByteArray()), answers);
        new Runtime(frames, json, surroundings, WarmUp::fail).run(false);
        Channel reader = Channel.over(new ByteArrayInputStream(answers.toByteArray()), OutputStream.nullOutputStream());
        if (reader.receive().type() != Frame.INIT_DONE || reader.receive().type() != Frame.RESULT) {
            throw new IllegalStateException("the rehearsal of " + handler + " failed");
        }
    }

    private static void fail(Throwable error) {
        throw new IllegalStateException("the rehearsal of a function failed", error);
    }

    private static byte[] assignment(ObjectMapper mapper, String handler) throws Exception {
        Path classes = Path.of(WarmUp.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        Map<String, Object> function = new LinkedHashMap<>();
        function.put("handler", handler);
        function.put("environment", new HashMap<>(System.getenv()));
        function.put("task_root", classes.toString());
        function.put("memory_mib", 128);
        function.put("function_name", "warm");
        return mapper.writeValueAsBytes(function);
    }

    private static byte[] invocation() {
        String call = "{\"invoked_function_arn\":\"arn\",\"trace_id\":\"Root=1-0-0\"}";
        byte[] both = ("  " + call + EVENT).getBytes(StandardCharsets.UTF_8);
        both[0] = (byte) call.length();
        both[1] = 0;
        return both;
    }

    /** Any JSON. */
    public static final class Echo implements RequestHandler<Map<String, Object>, Object> {
        @Override
        public Object handleRequest(Map<String, Object> input, Context context) {
            context.getLogger().log("warm " + context.getRemainingTimeInMillis());
            return input;
        }
    }

    /** A class of its own. */
    public static final class Typed {
        public String name;
        public List<Object> list;

        public Typed handle(Typed input, Context context) {
            return input;
        }
    }

    /** What small functions are made of. */
    public static final class Texts {
        public Map<String, Object> handle(Map<String, Object> event) {
            List<String> names = new ArrayList<>(event.keySet());
            return Map.of(
                "greeting", "Hello, " + event.get("name"),
                "count", names.size() + " of " + System.currentTimeMillis(),
                "names", names.stream().map(each -> "<" + each + ">").collect(Collectors.toList()),
                "list", List.of(1, "two"));
        }
    }

    /** Bytes in, bytes out. */
    public static final class Bytes implements RequestStreamHandler {
        @Override
        public void handleRequest(InputStream input, OutputStream output, Context context) throws java.io.IOException {
            input.transferTo(output);
        }
    }
}
