package farthing.catalog;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

import jakarta.enterprise.context.ApplicationScoped;

/** The SPDX licence list, as the front-end build takes it from its package. */
@ApplicationScoped
class Licences {

    private static final String LIST = "/META-INF/resources/assets/dist/licences.txt";
    private static final Pattern OWN = Pattern.compile("LicenseRef-[A-Za-z0-9.-]{1,60}");
    private static final int MOST_EDITS = 3;

    private final List<String> ids;

    Licences() {
        try (InputStream in = Licences.class.getResourceAsStream(LIST)) {
            if (in == null) {
                throw new IllegalStateException("the front-end build has made no list of licences");
            }
            ids = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().sorted(String.CASE_INSENSITIVE_ORDER).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<String> ids() {
        return ids;
    }

    /** Why this is no licence identifier, with what may have been meant; empty if it is one. */
    Optional<String> fault(String licence) {
        if (licence.isEmpty()) {
            return Optional.of("Name the licence by its SPDX identifier, such as Apache-2.0 or MIT.");
        }
        if (ids.contains(licence) || OWN.matcher(licence).matches()) {
            return Optional.empty();
        }
        String meant = key(licence);
        List<String> like = ids.stream().map(id -> new Guess(id, distance(meant, key(id))))
                .filter(guess -> guess.edits <= MOST_EDITS)
                .sorted(Comparator.comparingInt(Guess::edits)).limit(3).map(Guess::id).toList();
        String shown = licence.length() <= 60 ? licence : licence.substring(0, 60) + "…";
        return Optional.of("SPDX has no licence '" + shown + "'. " + (like.isEmpty()
                ? "Choose one from https://spdx.org/licenses, or write LicenseRef- and a name of your own."
                : "Did you mean " + String.join(" or ", like) + "?"));
    }

    private record Guess(String id, int edits) {
    }

    private static String key(String id) {
        String key = id.toLowerCase(Locale.ROOT).replaceAll("licen[cs]e|[^a-z0-9]|version", "");
        return key.substring(0, Math.min(key.length(), 60));
    }

    /** Levenshtein's. */
    private static int distance(String from, String to) {
        int[] row = IntStream.rangeClosed(0, to.length()).toArray();
        for (int i = 1; i <= from.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[to.length()];
    }
}
