package farthing.webhook;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What a webhook's events are signed with, as standardwebhooks.com has it.
 *
 * @param text {@code whsec_} and 256 random bits in Base64
 */
record Secret(String text) {

    private static final String START = "whsec_";
    private static final int BYTES = 32;
    private static final SecureRandom RANDOM = new SecureRandom();

    static Secret fresh() {
        byte[] bytes = new byte[BYTES];
        RANDOM.nextBytes(bytes);
        return new Secret(START + Base64.getEncoder().encodeToString(bytes));
    }

    /** The header {@code webhook-signature}: one signature for each secret that holds. */
    static String signatures(List<Secret> secrets, String id, Instant at, byte[] body) {
        return secrets.stream().map(secret -> secret.signature(id, at, body)).collect(Collectors.joining(" "));
    }

    private String signature(String id, Instant at, byte[] body) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(Base64.getDecoder().decode(text.substring(START.length())), "HmacSHA256"));
            mac.update((id + "." + at.getEpochSecond() + ".").getBytes(StandardCharsets.UTF_8));
            return "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String toString() {
        return "Secret";
    }
}
