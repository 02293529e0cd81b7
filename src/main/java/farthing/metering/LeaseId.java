package farthing.metering;

import java.security.SecureRandom;

/** A random 64-bit number, so that instances need not agree on a sequence. */
record LeaseId(long value) {

    private static final SecureRandom RANDOM = new SecureRandom();

    static LeaseId random() {
        return new LeaseId(RANDOM.nextLong());
    }

    @Override
    public String toString() {
        return Long.toHexString(value);
    }
}
