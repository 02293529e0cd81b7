package farthing.inference;

import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

import jakarta.inject.Singleton;

import farthing.engine.OnBehalf;
import farthing.engine.Places;
import io.micrometer.core.instrument.MeterRegistry;

/**
 * Lets a few calls at a time be read, and a few be answered, those of the API keys in turn, so that nobody waits for the
 * processors behind the thousands of another. Only what computes takes a place: whoever waits for an engine, an upstream or a
 * commit holds none, so ten thousand streams may be open.
 */
@Singleton
class Admission {

    private static final String WHO = "This server";

    /** Fewer than there are connections to the database, which commits need, too. */
    private static final int CLAIMS_AT_ONCE = 8;

    private static final int UNBOUNDED = 1 << 30;

    private final Places reading;
    private final Places claiming;
    private final Places answering;

    Admission(AdmissionConfig config, MeterRegistry meters) {
        int atOnce = config.atOnce().orElse(Runtime.getRuntime().availableProcessors());
        Executor waker = Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("turns").factory());
        reading = new Places(WHO, atOnce, config.waiting(), config.waitingInAll(), config.waitTime(), waker);
        claiming = new Places(WHO, CLAIMS_AT_ONCE, config.waiting(), config.waitingInAll(), config.waitTime(), waker);
        // Who comes here has cost an engine's work: nobody is turned away.
        answering = new Places(WHO, atOnce, UNBOUNDED, UNBOUNDED, config.waitTime(), waker);
        meters.gauge("farthing.calls.read.or.waiting", reading, Places::busy);
    }

    /** Reads a call: nothing but computing. */
    <T> T read(OnBehalf who, Supplier<T> reader) {
        return reading.inTurn(who, reader);
    }

    /** Makes a whole answer of what an engine said: nothing but computing. */
    <T> T answer(OnBehalf who, Supplier<T> answerer) {
        return answering.inTurn(who, answerer);
    }

    /** Asks the database for an Idempotency-Key. */
    <T> T claim(OnBehalf who, Supplier<T> claim) {
        return claiming.inTurn(who, claim);
    }
}
