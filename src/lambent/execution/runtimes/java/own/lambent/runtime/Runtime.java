package lambent.runtime;

import com.amazonaws.services.lambda.runtime.LambdaRuntime;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.Field;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * The Java side of an execution environment: one function, one invocation at a time, over frames on descriptor 3.
 *
 * READY when warmed up -> ASSIGN: variables, class path, handler -> INIT_DONE or ERROR -> INVOKE, RESULT or ERROR, ...
 */
public final class Runtime {
    private static final int DESCRIPTOR = 3;
    static final String TRACE_PROPERTY = "com.amazonaws.xray.traceHeader";

    private final Channel channel;
    private final Json json;
    private final Surroundings surroundings;
    private final Consumer<Throwable> end;
    private final Logger logger = new Logger();
    private JsonNode function;
    private Handler handler;

    /** Args: `end` is called when all is said of what the process cannot go on with, and does not return. */
    Runtime(Channel channel, Json json, Surroundings surroundings, Consumer<Throwable> end) {
        this.channel = channel;
        this.json = json;
        this.surroundings = surroundings;
        this.end = end;
    }

    /** Never returns while core is there. */
    public static void start(boolean isAssigned) throws Exception {
        Channel channel = Channel.of(DESCRIPTOR);
        Json json = new Json();
        Surroundings surroundings = null;
        if (!isAssigned) {
            surroundings = new Surroundings();
            surroundings.rehearse();
            WarmUp.run(json, surroundings);
            channel.send(Frame.READY, Frame.NO_REQUEST, Frame.EMPTY);
        }
        new Runtime(channel, json, surroundings, error -> java.lang.Runtime.getRuntime().halt(1)).run(isAssigned);
        System.exit(0);
    }

    /** From ASSIGN to the end of the channel. */
    void run(boolean isAssigned) throws Exception {
        Frame assign = channel.receive();
        if (assign != null && assign.type() == Frame.ASSIGN) {
            initialise(assign.payload(), isAssigned);
            serve();
        }
    }

    private void initialise(byte[] assignment, boolean isAssigned) throws Exception {
        try {
            ObjectMapper mapper = json.plain();
            function = mapper.readTree(assignment);
            String name = function.get("handler").asText();
            if (isAssigned) {
                name = System.getenv().getOrDefault("_HANDLER", name);
                logger.configure(System.getenv(), mapper);
            } else {
                Map<String, String> variables = new HashMap<>();
                function.get("environment").fields().forEachRemaining(
                    each -> variables.put(each.getKey(), each.getValue().asText()));
                logger.configure(variables, mapper);
                surroundings.replaceVariables(variables);
                surroundings.enter(function.get("task_root").asText());
            }
            setLogger();
            ClassLoader loader = functionLoader(function.get("task_root").asText());
            Thread.currentThread().setContextClassLoader(loader);
            json.useSerializerOf(loader);
            handler = new Handlers(json).load(name, loader);
        } catch (Throwable error) {
            giveUp(error);
        }
        System.out.flush();
        channel.send(Frame.INIT_DONE, Frame.NO_REQUEST, Frame.EMPTY);
    }

    private void serve() throws IOException {
        while (true) {
            Frame frame = channel.receive();
            if (frame == null || frame.type() != Frame.INVOKE) {
                return;
            }
            invoke(frame);
        }
    }

    private void invoke(Frame frame) throws IOException {
        byte[] answer;
        try {
            answer = call(frame);
        } catch (VirtualMachineError | java.io.IOError fatal) {
            giveUp(fatal);
            return;
        } catch (Throwable error) {
            logger.logError(Fault.report(error));
            flush();
            channel.send(Frame.ERROR, frame.requestId(), json.plain().writeValueAsBytes(Fault.document(error)));
            return;
        }
        flush();
        channel.send(Frame.RESULT, frame.requestId(), answer);
    }

    private byte[] call(Frame frame) throws Throwable {
        byte[] payload = frame.payload();
        int length = (payload[0] & 0xFF) | (payload[1] & 0xFF) << 8;
        ObjectMapper mapper = json.plain();
        JsonNode call = length == 0 ? mapper.createObjectNode() : mapper.readTree(payload, 2, length);
        String trace = call.path("trace_id").asText("");
        if (trace.isEmpty()) {
            System.clearProperty(TRACE_PROPERTY);
        } else {
            System.setProperty(TRACE_PROPERTY, trace);
        }
        JsonNode client = call.get("client_context");
        if (client != null && client.isTextual()) {
            client = mapper.readTree(client.asText());
        }
        String requestId = uuid(frame.requestId());
        logger.begin(requestId, call.path("tenant_id").asText(null));
        return handler.handle(payload, 2 + length,
            new InvocationContext(function, call, client, requestId, frame.deadline(), logger));
    }

    /** The last thing this process says. */
    private void giveUp(Throwable error) throws IOException {
        logger.logError(Fault.report(error));
        flush();
        channel.send(Frame.ERROR, Frame.NO_REQUEST, json.plain().writeValueAsBytes(Fault.document(error)));
        end.accept(error);
    }

    private void setLogger() throws ReflectiveOperationException {
        Field field = LambdaRuntime.class.getDeclaredField("logger");
        field.setAccessible(true);
        field.set(null, logger);
    }

    /** The package first, then the jars it brings, then those of layers. */
    private static ClassLoader functionLoader(String taskRoot) throws MalformedURLException {
        List<URL> urls = new ArrayList<>();
        urls.add(new File(taskRoot).toURI().toURL());
        for (String directory : List.of(taskRoot + "/lib", "/opt/java/lib")) {
            File[] jars = new File(directory).listFiles((where, name) -> name.endsWith(".jar"));
            if (jars != null) {
                Arrays.sort(jars);
                for (File jar : jars) {
                    urls.add(jar.toURI().toURL());
                }
            }
        }
        return new URLClassLoader(urls.toArray(new URL[0]), LambdaRuntime.class.getClassLoader());
    }

    private static void flush() {
        System.out.flush();
        System.err.flush();
    }

    private static String uuid(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new UUID(buffer.getLong(), buffer.getLong()).toString();
    }
}
