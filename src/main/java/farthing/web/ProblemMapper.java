package farthing.web;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

import jakarta.inject.Singleton;
import jakarta.validation.ConstraintViolation;
import jakarta.validation.ConstraintViolationException;
import jakarta.validation.Path;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;

import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;
import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamReadException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;

import io.quarkus.runtime.BlockingOperationControl;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.infrastructure.Infrastructure;

/** The one place where whatever went wrong becomes an answer. */
@Singleton
class ProblemMapper {

    private static final Logger LOG = Logger.getLogger(ProblemMapper.class);

    private final Answers answers;
    private final SecureRandom random = new SecureRandom();

    ProblemMapper(Answers answers) {
        this.answers = answers;
    }

    @ServerExceptionMapper
    public Uni<Response> problem(Problem problem, UriInfo uri, HttpHeaders headers) {
        if (problem instanceof SignInFirst signIn && audience(uri, headers) == Audience.BROWSER) {
            return Uni.createFrom().item(answers.signIn(signIn));
        }
        return answer(Failure.of(problem), uri, headers);
    }

    @ServerExceptionMapper
    public Uni<Response> json(MismatchedInputException cause, UriInfo uri, HttpHeaders headers) {
        return answer(malformed(cause), uri, headers);
    }

    @ServerExceptionMapper
    public Uni<Response> json(StreamReadException cause, UriInfo uri, HttpHeaders headers) {
        return answer(malformed(cause), uri, headers);
    }

    @ServerExceptionMapper
    public Uni<Response> invalid(ConstraintViolationException cause, UriInfo uri, HttpHeaders headers) {
        ConstraintViolation<?> first = cause.getConstraintViolations().stream()
                .min((a, b) -> a.getPropertyPath().toString().compareTo(b.getPropertyPath().toString())).orElseThrow();
        String param = lastName(first.getPropertyPath());
        return answer(Failure.of(400, "invalid_value", "'" + param + "' " + first.getMessage() + ".", param), uri, headers);
    }

    @ServerExceptionMapper
    public Uni<Response> framework(WebApplicationException cause, UriInfo uri, HttpHeaders headers) {
        int status = cause.getResponse().getStatus();
        if (status < 400) {
            return Uni.createFrom().item(cause.getResponse());
        }
        JsonProcessingException json = causeOf(cause, JsonProcessingException.class);
        if (json != null) {
            return answer(malformed(json), uri, headers);
        }
        if (status >= 500) {
            return answer(unexpected(cause, uri), uri, headers);
        }
        return answer(framework(status, cause, uri), uri, headers);
    }

    @ServerExceptionMapper
    public Uni<Response> unexpected(Throwable cause, UriInfo uri, HttpHeaders headers) {
        Problem problem = causeOf(cause, Problem.class);
        return answer(problem != null ? Failure.of(problem) : unexpected(cause, uri), uri, headers);
    }

    private static Failure framework(int status, WebApplicationException cause, UriInfo uri) {
        String path = uri.getRequestUri().getPath();
        // The framework answers a query parameter of the wrong type as if there were no such address.
        if (cause instanceof NotFoundException && cause.getCause() instanceof IllegalArgumentException wrong) {
            return Failure.of(400, "wrong_parameter_type",
                    "A parameter of this address has the wrong type: " + wrong.getMessage() + ". Correct it and send it again.",
                    null);
        }
        return switch (status) {
            case 404 -> Failure.of(404, "not_found", "There is nothing at " + path + ". Check the address.", null);
            case 405 -> Failure.of(405, "method_not_allowed",
                    path + " is there, but not for that method; use POST to send something and GET to read.", null);
            case 406 -> Failure.of(406, "not_acceptable",
                    "This address cannot answer in the format that the Accept header asks for; leave the header out.", null);
            case 413 -> Failure.of(413, "too_large", "The request is larger than this address takes; send less at once.", null);
            case 415 -> Failure.of(415, "unsupported_media_type",
                    "This address does not read that Content-Type; for JSON send Content-Type: application/json.", null);
            case 400 -> Failure.of(400, "bad_request",
                    "The request cannot be read: a field or parameter is missing or has the wrong form.", null);
            default -> Failure.of(status, "refused", "The request was refused with status " + status + ".", null);
        };
    }

    private static Failure malformed(JsonProcessingException cause) {
        if (!(cause instanceof JsonMappingException mapping)) {
            var at = cause.getLocation();
            String where = at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
            return Failure.of(400, "malformed_json", "The body is not JSON: it breaks off or goes wrong" + where + ".", null);
        }
        String field = mapping.getPath().stream()
                .map(step -> step.getFieldName() == null ? "[" + step.getIndex() + "]" : step.getFieldName())
                .collect(Collectors.joining(".")).replace(".[", "[");
        if (field.isEmpty()) {
            return Failure.of(400, "malformed_json", "The body is not the JSON object that this address reads.", null);
        }
        String wanted = mapping instanceof MismatchedInputException mismatch && mismatch.getTargetType() != null
                ? "; it must be " + kind(mismatch.getTargetType())
                : "";
        return Failure.of(400, "wrong_parameter_type", "'" + field + "' has the wrong type" + wanted + ".", field);
    }

    private static String kind(Class<?> type) {
        if (type == boolean.class || type == Boolean.class) {
            return "true or false";
        }
        if (type == int.class || type == Integer.class || type == long.class || type == Long.class) {
            return "a whole number";
        }
        if (type.isPrimitive() || Number.class.isAssignableFrom(type)) {
            return "a number";
        }
        if (CharSequence.class.isAssignableFrom(type)) {
            return "a string";
        }
        return List.class.isAssignableFrom(type) || type.isArray() ? "a list" : "an object";
    }

    /** Logged here once; the person gets only the id under which an operator finds it. */
    private Failure unexpected(Throwable cause, UriInfo uri) {
        byte[] bytes = new byte[4];
        random.nextBytes(bytes);
        String id = HexFormat.of().formatHex(bytes);
        LOG.errorf(cause, "error %s at %s", id, uri.getRequestUri().getPath());
        return Failure.of(500, "internal_error", "Something failed on our side. It is logged as " + id
                + "; name that to the operator if it happens again.", null);
    }

    private Uni<Response> answer(Failure failure, UriInfo uri, HttpHeaders headers) {
        Audience audience = audience(uri, headers);
        if (BlockingOperationControl.isBlockingAllowed()) {
            return Uni.createFrom().item(answers.answer(failure, audience));
        }
        // A page shows who is signed in, which takes a query, and some errors arise on an event loop.
        return Uni.createFrom().item(() -> answers.answer(failure, audience))
                .runSubscriptionOn(Infrastructure.getDefaultWorkerPool());
    }

    private static Audience audience(UriInfo uri, HttpHeaders headers) {
        return Audience.of(uri.getRequestUri().getPath(), header(headers, HttpHeaders.ACCEPT),
                header(headers, HttpHeaders.AUTHORIZATION));
    }

    private static String header(HttpHeaders headers, String name) {
        return Optional.ofNullable(headers.getHeaderString(name)).orElse("");
    }

    private static String lastName(Path path) {
        String name = "";
        for (Path.Node node : path) {
            name = node.getName() == null ? name : node.getName();
        }
        return name;
    }

    private static <T extends Throwable> @Nullable T causeOf(Throwable thrown, Class<T> wanted) {
        Throwable at = thrown;
        for (int depth = 0; at != null && depth < 8; depth++, at = at.getCause()) {
            if (wanted.isInstance(at)) {
                return wanted.cast(at);
            }
        }
        return null;
    }
}
