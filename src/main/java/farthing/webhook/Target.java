package farthing.webhook;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;

import farthing.web.Outside;

/** The address of a webhook. */
final class Target {

    private static final int LONGEST = 500;
    private static final String EXAMPLE = "such as https://hooks.example.org/farthing";

    private Target() {
    }

    /**
     * @param allowPlain whether http will do
     * @throws WebhookRefused saying what is wrong with it
     */
    static URI of(String typed, boolean allowPlain, Outside outside) {
        String text = typed.strip();
        if (text.isEmpty()) {
            throw wrong("Give the address that events are sent to, " + EXAMPLE + ".");
        }
        if (text.length() > LONGEST) {
            throw wrong("The address has more than " + LONGEST + " characters.");
        }
        URI url = parsed(text);
        String scheme = String.valueOf(url.getScheme());
        if (!scheme.equals("https") && !(allowPlain && scheme.equals("http"))) {
            throw wrong("The address must begin with https://, so that nobody reads events on the way, " + EXAMPLE + ".");
        }
        if (url.getHost() == null || url.getPort() == 0 || url.getPort() > 65_535) {
            throw wrong("The address names no host that can be asked; write it " + EXAMPLE + ".");
        }
        if (url.getRawUserInfo() != null || url.getRawFragment() != null) {
            throw wrong("The address must have no user, no password and no #; events are signed instead.");
        }
        try {
            outside.addressesOf(url);
        } catch (UnknownHostException e) {
            throw wrong("The host " + url.getHost() + " leads nowhere. Correct its name, or add the webhook when it is there.");
        } catch (Outside.NotPublic e) {
            throw wrong("The host " + url.getHost() + " has " + e.getMessage() + ".");
        }
        return url;
    }

    private static URI parsed(String text) {
        try {
            return new URI(text);
        } catch (URISyntaxException e) {
            throw wrong("The address is no URL; write it " + EXAMPLE + ".");
        }
    }

    private static WebhookRefused wrong(String sentence) {
        return new WebhookRefused("url", sentence);
    }
}
