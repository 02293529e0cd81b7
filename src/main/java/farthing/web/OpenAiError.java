package farthing.web;

import java.util.LinkedHashMap;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/** A {@link Problem} in the shape that OpenAI clients read: {@code {"error":{"message","type","param","code"}}}. */
public final class OpenAiError {

    private OpenAiError() {
    }

    public static Map<String, Object> of(Problem problem) {
        return of(problem.status(), problem.code(), problem.detail(), problem.param().orElse(null));
    }

    static Map<String, Object> of(int status, String code, String message, @Nullable String param) {
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("message", message);
        error.put("type", type(status));
        error.put("param", param);
        error.put("code", code);
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
