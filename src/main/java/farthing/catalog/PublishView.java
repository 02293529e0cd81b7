package farthing.catalog;

import java.time.Instant;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import io.quarkus.qute.RawString;

/**
 * What /publish shows; see the head of its template.
 *
 * @param values of the form's fields, by name
 * @param uploadsJson of the draft, by field
 */
record PublishView(boolean signedIn, boolean payable, String handle, String command, @Nullable String version, String draft,
        Map<String, String> values, RawString uploadsJson, List<Choice> tasks, List<Choice> templates, List<Choice> poolings,
        List<Choice> visibilities, List<String> licences, List<RuleList> rules, List<Own> models, List<DraftLine> drafts,
        List<PublicationView> publications) {

    record Choice(String value, String label, boolean selected) {
    }

    record RuleList(String of, List<String> rules) {
    }

    record Own(String name, String href, String state, Instant at) {
    }

    record DraftLine(String href, String name, Instant at) {
    }

    public String value(String name) {
        return values.getOrDefault(name, "");
    }

    public String nameHint() {
        return "Callers write " + handle + "/ and this name. It stays.";
    }

    public boolean is(String name, String value) {
        return value(name).equals(value);
    }
}
