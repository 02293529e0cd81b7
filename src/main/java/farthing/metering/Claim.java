package farthing.metering;

/** What an Idempotency-Key stands for: a request that runs now, or one that was answered before. */
public sealed interface Claim {

    /** The first call with this key. Close it when the call has ended; unless it was charged, the key is free again. */
    final class Fresh implements Claim, AutoCloseable {

        private static final int LARGEST_ANSWER = 1 << 20;

        private final Claims claims;
        private final long id;
        private final AnswerCipher cipher;

        Fresh(Claims claims, long id, AnswerCipher cipher) {
            this.claims = claims;
            this.id = id;
            this.cipher = cipher;
        }

        /** The answer to keep, together with the charge. */
        public Replay replay(String contentType, byte[] answer) {
            byte[] kept = answer.length <= LARGEST_ANSWER ? cipher.encrypt(answer) : new byte[0];
            return new Replay(id, contentType, kept);
        }

        @Override
        public void close() {
            claims.release(id);
        }
    }

    /** The call was answered and charged before; this is that answer. */
    record Answered(Charged charged, String contentType, byte[] answer) implements Claim {
    }
}
