package farthing.web;

import java.util.Locale;

/** Who reads an answer, and so in which shape an error reaches it. */
enum Audience {
    BROWSER,
    PROGRAM,
    OPENAI_CLIENT;

    static Audience ofPath(String path) {
        if (path.startsWith("/v1/") || path.startsWith("/v2/") || path.equals("/v1") || path.equals("/v2")) {
            return OPENAI_CLIENT;
        }
        return path.startsWith("/api/") || path.equals("/api") ? PROGRAM : BROWSER;
    }

    /** @param accept the request's Accept header, empty when there is none */
    static Audience of(String path, String accept) {
        Audience byPath = ofPath(path);
        String wanted = accept.toLowerCase(Locale.ROOT);
        return byPath == BROWSER && wanted.contains("json") && !wanted.contains("text/html") ? PROGRAM : byPath;
    }
}
