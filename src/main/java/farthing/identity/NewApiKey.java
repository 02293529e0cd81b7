package farthing.identity;

/**
 * A key just made.
 *
 * @param secret the only time it is known to the server; its text form hides it
 */
public record NewApiKey(ApiKeyId id, String secret) {

    @Override
    public String toString() {
        return "NewApiKey[" + id + "]";
    }
}
