package lambent.runtime;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Finds the handler that `package.Class::method` or `package.Class` names, and makes it callable. */
final class Handlers {
    private static final String DEFAULT_METHOD = "handleRequest";

    private final Json json;

    Handlers(Json json) {
        this.json = json;
    }

    Handler load(String name, ClassLoader loader) throws Throwable {
        int separator = name.indexOf("::");
        String className = separator < 0 ? name : name.substring(0, separator);
        String methodName = separator < 0 ? DEFAULT_METHOD : name.substring(separator + 2);
        Class<?> type;
        try {
            type = Class.forName(className, true, loader);
        } catch (ClassNotFoundException missing) {
            throw new ClassNotFoundException("Class not found: " + className, missing);
        }
        if (methodName.equals(DEFAULT_METHOD) && RequestStreamHandler.class.isAssignableFrom(type)) {
            RequestStreamHandler handler = (RequestStreamHandler) instance(type);
            return (data, start, context) -> stream(data, start, (in, out) -> handler.handleRequest(in, out, context));
        }
        if (methodName.equals(DEFAULT_METHOD) && RequestHandler.class.isAssignableFrom(type)) {
            return requestHandler(type);
        }
        return plainMethod(type, methodName);
    }

    @SuppressWarnings("unchecked")
    private Handler requestHandler(Class<?> type) throws Throwable {
        RequestHandler<Object, Object> handler = (RequestHandler<Object, Object>) instance(type);
        Type[] types = argumentsOf(type);
        return (data, start, context) ->
            json.write(handler.handleRequest(json.read(data, start, types[0]), context), types[1]);
    }

    private Handler plainMethod(Class<?> type, String name) throws Throwable {
        Method method = Arrays.stream(type.getMethods())
            .filter(each -> each.getName().equals(name) && !each.isBridge() && isHandler(each))
            .max(Comparator.comparingInt(Handlers::preference))
            .orElseThrow(() -> new NoSuchMethodException(
                "No public method named " + name + " with appropriate method signature found on class "
                    + type.getName()));
        Object target = Modifier.isStatic(method.getModifiers()) ? null : instance(type);
        method.setAccessible(true);
        Class<?>[] parameters = method.getParameterTypes();
        boolean takesContext = parameters.length > 0 && parameters[parameters.length - 1] == Context.class;
        if (isStream(parameters)) {
            return (data, start, context) -> stream(data, start, (in, out) ->
                call(method, target, takesContext ? new Object[] {in, out, context} : new Object[] {in, out}));
        }
        int events = parameters.length - (takesContext ? 1 : 0);
        Type eventType = events > 0 ? method.getGenericParameterTypes()[0] : null;
        return (data, start, context) -> {
            Object[] arguments = new Object[parameters.length];
            if (events > 0) {
                arguments[0] = json.read(data, start, eventType);
            }
            if (takesContext) {
                arguments[parameters.length - 1] = context;
            }
            return json.write(call(method, target, arguments), method.getGenericReturnType());
        };
    }

    /** Nothing, an event, a context, both in this order, or two streams with or without a context. */
    private static boolean isHandler(Method method) {
        Class<?>[] parameters = method.getParameterTypes();
        return parameters.length < 2 || isStream(parameters)
            || (parameters.length == 2 && parameters[1] == Context.class);
    }

    private static boolean isStream(Class<?>[] parameters) {
        return parameters.length >= 2 && parameters[0] == InputStream.class && parameters[1] == OutputStream.class
            && (parameters.length == 2 || (parameters.length == 3 && parameters[2] == Context.class));
    }

    /** Of several methods of one name AWS takes the one with more parameters. */
    private static int preference(Method method) {
        return method.getParameterCount();
    }

    private static Object call(Method method, Object target, Object[] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
    }

    private static Object instance(Class<?> type) throws Throwable {
        try {
            return type.getConstructor().newInstance();
        } catch (NoSuchMethodException missing) {
            throw new NoSuchMethodException("Class " + type.getName() + " has no public zero-argument constructor");
        } catch (InstantiationException failure) {
            throw new InstantiationException("Class " + type.getName() + " cannot be instantiated");
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
    }

    private interface Piped {
        void run(InputStream input, OutputStream output) throws Throwable;
    }

    private static byte[] stream(byte[] data, int start, Piped handler) throws Throwable {
        ByteArrayOutputStream output = new ByteArrayOutputStream(1024);
        handler.run(new ByteArrayInputStream(data, start, data.length - start), output);
        return output.toByteArray();
    }

    /** What `type` has put for the two type parameters of RequestHandler; Object where it left them open. */
    private static Type[] argumentsOf(Class<?> type) {
        Map<TypeVariable<?>, Type> known = new HashMap<>();
        Type found = search(type, known);
        if (found instanceof ParameterizedType parameterized) {
            Type[] arguments = parameterized.getActualTypeArguments();
            return new Type[] {resolve(arguments[0], known), resolve(arguments[1], known)};
        }
        return new Type[] {Object.class, Object.class};
    }

    private static Type search(Type type, Map<TypeVariable<?>, Type> known) {
        Class<?> raw = type instanceof ParameterizedType parameterized
            ? (Class<?>) parameterized.getRawType() : (Class<?>) type;
        if (raw == RequestHandler.class) {
            return type;
        }
        if (type instanceof ParameterizedType parameterized) {
            TypeVariable<?>[] variables = raw.getTypeParameters();
            for (int index = 0; index < variables.length; index++) {
                known.put(variables[index], parameterized.getActualTypeArguments()[index]);
            }
        }
        for (Type each : List.of(raw.getGenericInterfaces())) {
            if (RequestHandler.class.isAssignableFrom(rawOf(each))) {
                return search(each, known);
            }
        }
        return search(raw.getGenericSuperclass(), known);
    }

    private static Class<?> rawOf(Type type) {
        return type instanceof ParameterizedType parameterized
            ? (Class<?>) parameterized.getRawType() : (Class<?>) type;
    }

    private static Type resolve(Type type, Map<TypeVariable<?>, Type> known) {
        Type resolved = type;
        while (resolved instanceof TypeVariable<?> variable) {
            resolved = known.getOrDefault(variable, Object.class);
        }
        return resolved;
    }
}
