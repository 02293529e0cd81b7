package farthing.identity;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

import farthing.chain.Address;

/** The rules of handles, the first part of a model's name. */
class Handles {

    private static final Pattern FORM = Pattern.compile("[a-z0-9]+(-[a-z0-9]+)*");
    private static final int SHORTEST = 3;
    private static final int LONGEST = 32;
    /** Names that would pass for the site itself. */
    private static final Set<String> RESERVED = Set.of("admin", "api", "assets", "docs", "farthing", "help", "models",
            "official",
            "operator", "root", "settings", "sign-in", "sign-out", "support", "system");

    private Handles() {
    }

    /** What is wrong with a handle, for the field that it was typed in. */
    static Optional<String> fault(String handle) {
        if (handle.length() < SHORTEST || handle.length() > LONGEST) {
            return Optional.of("Use " + SHORTEST + " to " + LONGEST + " characters.");
        }
        if (!FORM.matcher(handle).matches()) {
            return Optional.of("Use lower-case letters and digits, with single hyphens between them.");
        }
        return RESERVED.contains(handle) ? Optional.of("This name is reserved. Choose another.") : Optional.empty();
    }

    /** For somebody who came with a name: that, or one made from it. */
    static String near(String wanted, Predicate<String> taken) {
        String name = wanted.toLowerCase(Locale.ROOT).replaceAll("@.*", "").replaceAll("[^a-z0-9]+", "-")
                .replaceAll("^-|-$", "");
        String start = name.substring(0, Math.min(name.length(), LONGEST - 7)).replaceAll("-$", "");
        if (fault(start).isEmpty() && !taken.test(start)) {
            return start;
        }
        String stem = start.isEmpty() ? "account" : start;
        for (int number = 2; number < 1_000_000; number++) {
            String handle = stem + "-" + number;
            if (fault(handle).isEmpty() && !taken.test(handle)) {
                return handle;
            }
        }
        throw new IllegalStateException("no handle left near " + stem);
    }

    /** For a first sign-in: so many digits of the address as nobody else's handle has. */
    static String fresh(Address wallet, Predicate<String> taken) {
        String digits = wallet.text().substring(2).toLowerCase(Locale.ROOT);
        for (int length = 8; length < LONGEST - 7; length++) {
            String handle = "wallet-" + digits.substring(0, length);
            if (!taken.test(handle)) {
                return handle;
            }
        }
        throw new IllegalStateException("no handle left for " + wallet);
    }
}
