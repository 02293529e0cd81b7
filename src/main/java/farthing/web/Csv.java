package farthing.web;

/** How texts of others go into a CSV file. */
public final class Csv {

    private Csv() {
    }

    /** Quoted as RFC 4180 says; a leading =, +, - or @ is defused, because spreadsheets would run it. */
    public static String quoted(String text) {
        String harmless = text.matches("(?s)[=+\\-@\\t\\r\\n].*") ? "'" + text : text;
        return "\"" + harmless.replace("\"", "\"\"") + "\"";
    }
}
