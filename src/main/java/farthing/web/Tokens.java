package farthing.web;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Optional;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import org.eclipse.microprofile.config.inject.ConfigProperty;

import io.quarkus.runtime.StartupEvent;

/** Random tokens, and texts only this site can have made from them. */
@Singleton
class Tokens {

    private static final int LEAST_SECRET = 32;

    private final SecureRandom random = new SecureRandom();
    private final SecretKeySpec secret;

    /** @param configured at least 32 characters; the trial makes its own */
    Tokens(@ConfigProperty(name = "farthing.session-secret") Optional<String> configured, Site site, KeyFolder keys) {
        String text = configured.orElseGet(() -> {
            if (site.production()) {
                throw new IllegalStateException("production needs FARTHING_SESSION_SECRET: at least 32 random characters, the"
                        + " same on every server");
            }
            return keys.get("session-secret", this::fresh);
        });
        if (text.length() < LEAST_SECRET) {
            throw new IllegalStateException("FARTHING_SESSION_SECRET has " + text.length() + " characters; it needs at least "
                    + LEAST_SECRET);
        }
        secret = new SecretKeySpec(text.getBytes(StandardCharsets.UTF_8), "HmacSHA256");
    }

    /** A missing or weak secret ends the start, not the first page. */
    void start(@Observes StartupEvent event) {
    }

    /** 256 random bits. */
    String fresh() {
        byte[] bytes = new byte[32];
        random.nextBytes(bytes);
        return base64(bytes);
    }

    /** @param purpose keeps what is signed for one use from passing in another */
    String sign(String purpose, String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(secret);
            return base64(mac.doFinal((purpose + "\n" + text).getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    boolean signed(String purpose, String text, String signature) {
        return same(sign(purpose, text), signature);
    }

    static boolean same(String a, String b) {
        return MessageDigest.isEqual(a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));
    }

    static String hash(String token) {
        try {
            return base64(MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String base64(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
