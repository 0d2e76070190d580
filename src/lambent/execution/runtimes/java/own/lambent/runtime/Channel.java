package lambent.runtime;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Frames on an inherited socket: blocking, one at a time. */
final class Channel {
    private static final int HEADER = 29;
    // An answer up to here goes out in one write together with its header.
    private static final int JOIN_LIMIT = 65_536;

    private final InputStream in;
    private final OutputStream out;

    private Channel(InputStream in, OutputStream out) {
        this.in = in;
        this.out = out;
    }

    /** Frames in memory, to rehearse with. */
    static Channel over(InputStream in, OutputStream out) {
        return new Channel(in, out);
    }

    static Channel of(int descriptor) throws ReflectiveOperationException {
        // Java opens files by name only, and a socket has none. The package is opened to us on the command line.
        FileDescriptor socket = new FileDescriptor();
        Field number = FileDescriptor.class.getDeclaredField("fd");
        number.setAccessible(true);
        number.setInt(socket, descriptor);
        return new Channel(new FileInputStream(socket), new FileOutputStream(socket));
    }

    /** The next frame, null at the end of file. */
    Frame receive() throws IOException {
        byte[] bytes = new byte[HEADER];
        if (in.readNBytes(bytes, 0, HEADER) < HEADER) {
            return null;
        }
        ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int length = header.getInt();
        int type = header.get();
        byte[] requestId = new byte[16];
        header.get(requestId);
        byte[] payload = new byte[length];
        if (in.readNBytes(payload, 0, length) < length) {
            return null;
        }
        return new Frame(type, requestId, header.getLong(), payload);
    }

    void send(int type, byte[] requestId, byte[] payload) throws IOException {
        boolean isJoined = payload.length <= JOIN_LIMIT;
        ByteBuffer buffer = ByteBuffer.allocate(HEADER + (isJoined ? payload.length : 0));
        buffer.order(ByteOrder.LITTLE_ENDIAN);
        buffer.putInt(payload.length).put((byte) type).put(requestId).putLong(0);
        if (isJoined) {
            buffer.put(payload);
        }
        out.write(buffer.array());
        if (!isJoined) {
            out.write(payload);
        }
    }
}
