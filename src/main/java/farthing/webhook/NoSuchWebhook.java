package farthing.webhook;

import farthing.web.Problem;

/** The account has no such webhook, or the webhook no such delivery. */
final class NoSuchWebhook extends Problem {

    private NoSuchWebhook(String code, String message) {
        super(404, code, message);
    }

    static NoSuchWebhook webhook() {
        return new NoSuchWebhook("no_such_webhook", "Your account has no such webhook. It may belong to another account.");
    }

    static NoSuchWebhook delivery() {
        return new NoSuchWebhook("no_such_delivery",
                "This webhook has no such delivery. Deliveries are kept for some weeks only.");
    }
}
