package farthing.identity;

/** Replay keys for tests of other packages, which have no API keys. */
public final class ReplayKeys {

    private ReplayKeys() {
    }

    public static ReplayKey of(String secret) {
        return ReplayKey.of(secret);
    }
}
