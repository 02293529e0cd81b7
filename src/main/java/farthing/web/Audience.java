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

    /**
     * @param accept the request's Accept header, empty when there is none
     * @param authorization its Authorization header, empty when there is none: who brings a bearer token is no page of ours
     */
    static Audience of(String path, String accept, String authorization) {
        Audience byPath = ofPath(path);
        String wanted = accept.toLowerCase(Locale.ROOT);
        boolean program = wanted.contains("json") && !wanted.contains("text/html")
                || Visit.bearerToken(authorization).isPresent();
        return byPath == BROWSER && program ? PROGRAM : byPath;
    }
}
