package farthing.web;

/** Hashes, addresses and ids as pages show them: shortened in the middle. */
public final class Shortened {

    private static final int START = 8;
    private static final int END = 6;

    private Shortened() {
    }

    /** The first 8 and the last 6 characters; a text that this would not shorten stays whole. */
    public static String of(String text) {
        return text.length() <= START + END + 1 ? text
                : text.substring(0, START) + "…" + text.substring(text.length() - END);
    }
}
