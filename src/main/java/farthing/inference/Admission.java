package farthing.inference;

import java.util.function.Supplier;

import jakarta.inject.Singleton;

import farthing.engine.OnBehalf;
import farthing.engine.Places;
import io.micrometer.core.instrument.MeterRegistry;

/**
 * Lets a few calls at a time be read, those of the API keys in turn, so that nobody waits behind the thousands of another. What
 * is let through is what the processors can finish: the rest of a call finds short queues everywhere. Only reading takes a
 * place.
 * Whoever waits for an engine, an upstream or a commit holds none, so ten thousand streams may be open.
 */
@Singleton
class Admission {

    private static final String WHO = "This server";

    /** Fewer than there are connections to the database, which commits need, too. */
    private static final int CLAIMS_AT_ONCE = 8;

    private final Places reading;
    private final Places claiming;

    Admission(AdmissionConfig config, MeterRegistry meters) {
        int atOnce = config.atOnce().orElse(2 * Runtime.getRuntime().availableProcessors());
        reading = new Places(WHO, atOnce, config.waiting(), config.waitingInAll(), config.waitTime());
        claiming = new Places(WHO, CLAIMS_AT_ONCE, config.waiting(), config.waitingInAll(), config.waitTime());
        meters.gauge("farthing.calls.read.or.waiting", reading, Places::busy);
    }

    /** Reads a call: nothing but computing. */
    <T> T read(OnBehalf who, Supplier<T> reader) {
        return reading.inTurn(who, reader);
    }

    /** Asks the database for an Idempotency-Key. */
    <T> T claim(OnBehalf who, Supplier<T> claim) {
        return claiming.inTurn(who, claim);
    }
}
