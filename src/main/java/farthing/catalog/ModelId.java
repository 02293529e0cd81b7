package farthing.catalog;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Names a listing: {@code owner/name}. */
public record ModelId(String owner, String name) {

    private static final String WORD = "[a-z0-9][a-z0-9._-]{0,63}";
    private static final Pattern MODEL = Pattern.compile("(" + WORD + ")/(" + WORD + ")");

    public ModelId {
        if (!owner.matches(WORD) || !name.matches(WORD)) {
            throw new IllegalArgumentException("the owner and the name of a model are each 1 to 64 of a-z, 0-9, '.', '_', '-',"
                    + " beginning with a letter or digit: " + owner + "/" + name);
        }
    }

    /** Reads {@code owner/name}, or {@code owner/name@version} without its version; empty for anything else. */
    public static Optional<ModelId> parse(String text) {
        int at = text.indexOf('@');
        Matcher matcher = MODEL.matcher(at < 0 ? text : text.substring(0, at));
        return matcher.matches() ? Optional.of(new ModelId(matcher.group(1), matcher.group(2))) : Optional.empty();
    }

    /** What stands after the {@code @} in {@code owner/name@version}, if there is one. */
    static Optional<String> parseVersion(String text) {
        int at = text.indexOf('@');
        return at < 0 ? Optional.empty() : Optional.of(text.substring(at + 1));
    }

    @Override
    public String toString() {
        return owner + "/" + name;
    }
}
