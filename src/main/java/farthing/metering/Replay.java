package farthing.metering;

/**
 * A finished answer, encrypted under a key that only the holder of the API key can derive. Made by {@link Claim.Fresh#replay}.
 */
public record Replay(long claim, String contentType, byte[] encryptedAnswer) {

    /** Whether a retry can get the answer; one that is too large to keep is empty here. */
    boolean hasAnswer() {
        return encryptedAnswer.length > 0;
    }
}
