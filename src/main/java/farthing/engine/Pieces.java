package farthing.engine;

import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

import io.vertx.core.Context;

/** Takes the text of an answer piece by piece. */
public interface Pieces extends Consumer<String> {

    /**
     * The event loop on which an answer that comes over the network is best read. There {@link #accept} may not block, so it is
     * asked whether there is room. Null: any.
     */
    default @Nullable Context loop() {
        return null;
    }

    /** Whether nothing more should come for now. */
    default boolean full() {
        return false;
    }

    /** Runs the action once, on the loop, when there is room again. */
    default void onRoom(Runnable action) {
        action.run();
    }
}
