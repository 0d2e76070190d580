package lambent.boot;

import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;

/**
 * The program of a Java sandbox. It and AWS's interfaces are all that a function's classes can see of us: the runtime,
 * and the Jackson that it uses, live in a class loader of their own, so that a function may bring any other Jackson.
 *
 * Arguments: the class path of the runtime, and `assigned` where ASSIGN lies in the socket already.
 */
public final class Main {
    private Main() {
    }

    public static void main(String[] arguments) throws Exception {
        ClassLoader own = new URLClassLoader(urls(arguments[0]), Main.class.getClassLoader());
        boolean isAssigned = arguments.length > 1 && arguments[1].equals("assigned");
        own.loadClass("lambent.runtime.Runtime").getMethod("start", boolean.class).invoke(null, isAssigned);
    }

    private static URL[] urls(String classPath) throws MalformedURLException {
        String[] entries = classPath.split(File.pathSeparator);
        URL[] urls = new URL[entries.length];
        for (int index = 0; index < entries.length; index++) {
            urls[index] = new File(entries[index]).toURI().toURL();
        }
        return urls;
    }
}
