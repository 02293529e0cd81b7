package farthing.metering;

/** What an Idempotency-Key stands for: a request that runs now, or one that was answered before. */
public sealed interface Claim {

    /** The first call with this key. Close it when the call has ended; unless it was charged, the key is free again. */
    final class Fresh implements Claim, AutoCloseable {

        private final Claims claims;
        private final Claims.Key key;

        Fresh(Claims claims, Claims.Key key) {
            this.claims = claims;
            this.key = key;
        }

        /** The answer to keep, together with the charge. */
        public Replay replay(String contentType, byte[] answer) {
            return claims.seal(key, contentType, answer);
        }

        @Override
        public void close() {
            claims.release(key);
        }
    }

    /** The call was answered and charged before; this is that answer. */
    record Answered(Charged charged, String contentType, byte[] answer) implements Claim {
    }
}
