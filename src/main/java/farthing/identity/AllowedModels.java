package farthing.identity;

import java.util.List;
import java.util.regex.Pattern;

/**
 * The models that a key may call.
 *
 * @param patterns each {@code owner/name}, or {@code owner/*} for all models of an owner; empty: all models
 */
public record AllowedModels(List<String> patterns) {

    public static final AllowedModels ALL = new AllowedModels(List.of());

    static final int MOST = 50;

    private static final String WORD = "[a-z0-9][a-z0-9._-]{0,63}";
    private static final Pattern FORM = Pattern.compile(WORD + "/(?:" + WORD + "|\\*)");

    public AllowedModels {
        patterns = List.copyOf(patterns);
    }

    static boolean isPattern(String text) {
        return FORM.matcher(text).matches();
    }

    /** @param model {@code owner/name} */
    public boolean allows(String model) {
        if (patterns.isEmpty()) {
            return true;
        }
        for (String pattern : patterns) {
            if (pattern.endsWith("/*") ? model.startsWith(pattern.substring(0, pattern.length() - 1)) : pattern.equals(model)) {
                return true;
            }
        }
        return false;
    }

    /** Those that are named one by one, {@code owner/name}. */
    public List<String> named() {
        return patterns.stream().filter(pattern -> !pattern.endsWith("/*")).toList();
    }

    /** The owners whose models are all allowed. */
    public List<String> owners() {
        return patterns.stream().filter(pattern -> pattern.endsWith("/*"))
                .map(pattern -> pattern.substring(0, pattern.length() - 2)).toList();
    }

    @Override
    public String toString() {
        return String.join(", ", patterns);
    }
}
