package farthing.inference;

import java.util.Optional;

import org.jspecify.annotations.Nullable;

import farthing.web.Problem;

/** The request cannot be understood as it is. */
class InvalidRequest extends Problem {

    private final @Nullable String param;

    InvalidRequest(String message) {
        this(null, "invalid_request", message);
    }

    private InvalidRequest(@Nullable String param, String code, String message) {
        super(400, code, message);
        this.param = param;
    }

    static InvalidRequest missing(String param, String wanted) {
        return new InvalidRequest(param, "missing_parameter", "'" + param + "' is missing; it must be " + wanted + ".");
    }

    static InvalidRequest wrongType(String param, String wanted, String found) {
        return new InvalidRequest(param, "wrong_parameter_type", "'" + param + "' must be " + wanted + ", not " + found + ".");
    }

    static InvalidRequest outOfRange(String param, String wanted) {
        return new InvalidRequest(param, "value_out_of_range", "'" + param + "' must be " + wanted + ".");
    }

    static InvalidRequest unsupported(String param, String instead) {
        return new InvalidRequest(param, "unsupported_parameter", "'" + param + "' is not supported here; " + instead + ".");
    }

    @Override
    public Optional<String> param() {
        return Optional.ofNullable(param);
    }
}
