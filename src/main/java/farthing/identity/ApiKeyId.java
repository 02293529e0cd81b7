package farthing.identity;

/** One API key; not its secret. */
public record ApiKeyId(long value) {
}
