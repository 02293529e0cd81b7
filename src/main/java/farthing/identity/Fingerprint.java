package farthing.identity;

import java.nio.ByteBuffer;

/** The SHA-256 of a secret. It tells secrets apart and nothing about any of them. */
record Fingerprint(long a, long b, long c, long d) {

    static Fingerprint of(String secret) {
        ByteBuffer hash = ByteBuffer.wrap(SecretForm.hash(secret));
        return new Fingerprint(hash.getLong(), hash.getLong(), hash.getLong(), hash.getLong());
    }

    byte[] bytes() {
        return ByteBuffer.allocate(32).putLong(a).putLong(b).putLong(c).putLong(d).array();
    }

    @Override
    public int hashCode() {
        return Long.hashCode(a);
    }
}
