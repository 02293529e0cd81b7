package farthing.engine;

import java.io.IOException;

/** A loaded version, within a worker. Its methods are called by many threads at once. */
interface Model {

    /** Counts the input. @throws farthing.web.Problem if it cannot be worked on */
    Job prepare(Input input);

    /** One invocation. */
    abstract class Job {

        private final int inputTokens;
        private final int maxOutputTokens;
        private volatile boolean cancelled;

        Job(int inputTokens, int maxOutputTokens) {
            this.inputTokens = inputTokens;
            this.maxOutputTokens = maxOutputTokens;
        }

        final int inputTokens() {
            return inputTokens;
        }

        final int maxOutputTokens() {
            return maxOutputTokens;
        }

        final void cancel() {
            cancelled = true;
        }

        final boolean cancelled() {
            return cancelled;
        }

        /** Answers the request; frames that cannot be delivered end it with an {@link IOException}. */
        abstract void run(Frame request, Outlet out) throws IOException, InterruptedException;
    }

    interface Outlet {
        void send(byte type, Frame.Fields fields) throws IOException;
    }
}
