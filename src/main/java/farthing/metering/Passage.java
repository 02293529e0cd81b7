package farthing.metering;

import java.util.function.BiConsumer;

import org.jspecify.annotations.Nullable;

/** One call on its way through the limits of its key. One thread at a time; what is held is given back when it is closed. */
public final class Passage implements AutoCloseable {

    /** Of a key without such limits. */
    static final Passage FREE = new Passage();

    private final @Nullable KeyRates rates;
    private final @Nullable KeyRate rate;
    private final BiConsumer<String, String> header;
    private long heldTokens;
    private boolean streams;
    private boolean closed;

    private Passage() {
        this.rates = null;
        this.rate = null;
        this.header = (name, value) -> {
        };
    }

    Passage(KeyRates rates, KeyRate rate, BiConsumer<String, String> header) {
        this.rates = rates;
        this.rate = rate;
        this.header = header;
    }

    /** @throws RateLimitReached when the requests of a minute are used up */
    public void request() {
        telling(KeyRates::request);
    }

    /**
     * Before it begins.
     *
     * @throws RateLimitReached when as many are open as may be
     */
    public void stream() {
        if (rates != null && rate != null) {
            rates.stream(rate);
            streams = true;
        }
    }

    /** The stream is over. Said before its caller is told so, who may begin the next at once. */
    public void streamed() {
        if (rate != null && streams) {
            streams = false;
            rate.giveBack(rate.streams(), 1);
        }
    }

    /**
     * Holds what the call may take, as far as that is known before it runs.
     *
     * @throws RateLimitReached when less is left
     */
    public void tokens(long wanted) {
        telling((all, one) -> {
            all.tokens(one, wanted);
            heldTokens = wanted;
        });
    }

    /** What it took, more or less than was held. A call of which this is never said took nothing. */
    public void took(long tokens) {
        if (rate != null) {
            if (tokens > heldTokens) {
                rate.takeAnyway(rate.tokens(), tokens - heldTokens);
            } else if (tokens < heldTokens) {
                rate.giveBack(rate.tokens(), heldTokens - tokens);
            }
            heldTokens = 0;
        }
    }

    private void telling(BiConsumer<KeyRates, KeyRate> step) {
        if (rates != null && rate != null) {
            try {
                step.accept(rates, rate);
            } finally {
                rate.tell(header);
            }
        }
    }

    @Override
    public void close() {
        if (rate != null && !closed) {
            closed = true;
            if (heldTokens > 0) {
                rate.giveBack(rate.tokens(), heldTokens);
            }
            streamed();
            rate.leave();
        }
    }
}
