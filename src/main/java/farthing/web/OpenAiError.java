package farthing.web;

import java.util.LinkedHashMap;
import java.util.Map;

/** A {@link Problem} in the shape that OpenAI clients read: {@code {"error":{"message","type","param","code"}}}. */
public final class OpenAiError {

    private OpenAiError() {
    }

    public static Map<String, Object> of(Problem problem) {
        return of(Failure.of(problem));
    }

    static Map<String, Object> of(Failure failure) {
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("message", failure.detail());
        error.put("type", type(failure.status()));
        error.put("param", failure.param());
        error.put("code", failure.code());
        return Map.of("error", error);
    }

    private static String type(int status) {
        return switch (status) {
            case 401 -> "authentication_error";
            case 402 -> "insufficient_quota";
            case 403 -> "permission_error";
            case 429 -> "rate_limit_error";
            default -> status >= 500 ? "server_error" : "invalid_request_error";
        };
    }
}
