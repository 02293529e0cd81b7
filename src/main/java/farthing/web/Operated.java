package farthing.web;

import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * What a feature tells whoever runs the site. Each feature has one bean of this kind; {@code /operator} shows them all.
 */
public interface Operated {

    /**
     * Something that stands still until a person does something.
     *
     * @param id the same for as long as it lasts, and no other's
     * @param what one sentence
     * @param since null where nobody wrote it down
     * @param advice one sentence: what to do
     * @param href a page that tells more
     */
    record Concern(String id, String what, @Nullable Instant since, String advice, @Nullable String href) {
    }

    /**
     * How something is, whether or not that is as it should be.
     *
     * @param at when, where that is the point
     * @param href a page that tells more
     */
    record Fact(String label, String value, @Nullable Instant at, @Nullable String href) {

        public Fact(String label, String value) {
            this(label, value, null, null);
        }
    }

    /** What it is about, as a heading. */
    String title();

    List<Concern> concerns();

    List<Fact> facts();
}
