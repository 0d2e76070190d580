package lambent.runtime;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.HashMap;
import java.util.Map;
import java.util.TimeZone;

/**
 * Working directory and environment variables of a JVM that had started before it heard of its function.
 *
 * Java cannot change either. The map that System.getenv shows is changed by reflection; what child processes and native
 * libraries see belongs to the C library, which is called through JNA.
 */
final class Surroundings {
    private static final int ROUNDS = 60;
    private static final String LIBRARY_PATH = "jna.boot.library.path";

    private final Function chdir;
    private final Function clearenv;
    private final Function setenv;

    Surroundings() {
        NativeLibrary library = NativeLibrary.getInstance("c");
        // The function may bring a JNA of another version, which must not find this one's library.
        System.clearProperty(LIBRARY_PATH);
        chdir = library.getFunction("chdir");
        clearenv = library.getFunction("clearenv");
        setenv = library.getFunction("setenv");
    }

    /** Go through it all, so that the first function finds it loaded and compiled: 10 ms become less than one. */
    void rehearse() throws IOException, ReflectiveOperationException {
        for (int round = 0; round < ROUNDS; round++) {
            replaceVariables(new HashMap<>(System.getenv()));
            enter("/");
        }
    }

    void enter(String directory) throws IOException {
        if (chdir.invokeInt(new Object[] {directory}) != 0) {
            throw new IOException("cannot enter " + directory);
        }
        System.setProperty("user.dir", directory);
    }

    /** Exactly `variables`. */
    void replaceVariables(Map<String, String> variables) throws ReflectiveOperationException {
        clearenv.invokeInt(new Object[0]);
        for (Map.Entry<String, String> each : variables.entrySet()) {
            setenv.invokeInt(new Object[] {each.getKey(), each.getValue(), 1});
        }
        replaceMap(variables);
        applyTimeZone(variables.getOrDefault("TZ", ""));
    }

    @SuppressWarnings("unchecked")
    private static void replaceMap(Map<String, String> variables) throws ReflectiveOperationException {
        // System.getenv() shows this map, and ProcessBuilder copies it; java.lang is opened on the command line.
        Field field = Class.forName("java.lang.ProcessEnvironment").getDeclaredField("theEnvironment");
        field.setAccessible(true);
        Map<Object, Object> live = (Map<Object, Object>) field.get(null);
        Method name = valueOf("java.lang.ProcessEnvironment$Variable");
        Method value = valueOf("java.lang.ProcessEnvironment$Value");
        live.clear();
        for (Map.Entry<String, String> each : variables.entrySet()) {
            live.put(name.invoke(null, each.getKey()), value.invoke(null, each.getValue()));
        }
    }

    private static Method valueOf(String type) throws ReflectiveOperationException {
        Method method = Class.forName(type).getMethod("valueOf", String.class);
        method.setAccessible(true);
        return method;
    }

    private static void applyTimeZone(String name) {
        String plain = name.startsWith(":") ? name.substring(1) : name;
        TimeZone.setDefault(TimeZone.getTimeZone(plain.isEmpty() ? "UTC" : plain));
    }
}
