package lambent.runtime;

/** One frame (docs/design.md, section 4.1). `deadline` is in calendar milliseconds, 0 for none. */
record Frame(int type, byte[] requestId, long deadline, byte[] payload) {
    static final int READY = 0;
    static final int ASSIGN = 1;
    static final int INIT_DONE = 2;
    static final int INVOKE = 3;
    static final int RESULT = 4;
    static final int ERROR = 5;
    static final byte[] NO_REQUEST = new byte[16];
    static final byte[] EMPTY = new byte[0];
}
