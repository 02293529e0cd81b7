package farthing.engine;

import java.io.IOException;
import java.nio.channels.SocketChannel;

/** A version's worker that invocations can be connected to. */
sealed interface Running permits WorkerProcess, RemoteWorker {

    SocketChannel connect() throws IOException;

    boolean alive();

    /** Ends it for everybody who uses it. */
    void kill(String why);

    /** This server needs it no more. */
    void drop(String why);

    /** Why it is gone, for people. */
    String ending();

    /** The end of what it wrote to standard error, for the log. */
    String complaints();
}
