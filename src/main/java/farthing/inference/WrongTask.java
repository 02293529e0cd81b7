package farthing.inference;

import farthing.catalog.Listing;
import farthing.engine.Task;
import farthing.web.Problem;

/** The model exists and does something else than this address asks for. */
class WrongTask extends Problem {

    private WrongTask(String message) {
        super(400, "wrong_task", message);
    }

    static WrongTask of(Listing listing) {
        return new WrongTask(listing.model() + " is a model for " + listing.task().wireName() + "; call it at "
                + pathOf(listing.task()) + ".");
    }

    static WrongTask noChatTemplate(Listing listing) {
        return new WrongTask(
                listing.model() + " declares no prompt template, so it cannot chat; send its prompt to /v1/completions.");
    }

    private static String pathOf(Task task) {
        return switch (task) {
            case CHAT, COMPLETION -> "/v1/completions or /v1/chat/completions";
            case EMBEDDING -> "/v1/embeddings";
            case CLASSIFICATION, LANGUAGE_IDENTIFICATION -> "/v1/classify";
            default -> "the address that its page names";
        };
    }
}
