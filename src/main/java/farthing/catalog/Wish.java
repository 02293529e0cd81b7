package farthing.catalog;

import java.time.Instant;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import farthing.artefact.Role;
import farthing.engine.Pooling;
import farthing.engine.PromptTemplate;
import farthing.engine.Task;
import farthing.money.Price;
import farthing.money.Split;

/**
 * A version as its developer asks for it: everything that neither the files nor the server say. Kept as JSON until it is
 * listed.
 *
 * @param uploads by what they are for; empty for a remote endpoint
 * @param purpose one line
 * @param card Markdown
 * @param offerFrom null: from the listing on
 * @param visibility null: as it is
 */
record Wish(Map<Role, String> uploads, @Nullable Endpoint endpoint, Task task, String purpose, String card, String licence,
        String attribution, String provenance, Price price, @Nullable Instant offerFrom, Split split,
        @Nullable Visibility visibility,
        PromptTemplate template, Pooling pooling, boolean normalise) {

    /** @param model the upstream's name for it */
    record Endpoint(String url, String model) {
    }
}
