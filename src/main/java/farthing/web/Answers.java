package farthing.web;

import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Map;

import jakarta.inject.Singleton;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

import org.jspecify.annotations.Nullable;

import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;

/** The three shapes of an error: a page, problem+json (RFC 9457), OpenAI's. */
@Singleton
class Answers {

    record ProblemPage(int status, String title, String detail, @Nullable String actionLabel, @Nullable String actionHref) {
    }

    @CheckedTemplate(basePath = "web")
    static class Templates {

        private Templates() {
        }

        static native TemplateInstance problem(ProblemPage page);
    }

    Response answer(Failure failure, Audience audience) {
        Response.ResponseBuilder response = switch (audience) {
            case BROWSER ->
                Response.status(failure.status()).type(MediaType.TEXT_HTML + ";charset=UTF-8").entity(page(failure));
            case PROGRAM -> Response.status(failure.status()).type("application/problem+json").entity(json(failure));
            case OPENAI_CLIENT -> Response.status(failure.status()).type(MediaType.APPLICATION_JSON)
                    .entity(OpenAiError.of(failure));
        };
        response.header(HttpHeaders.CACHE_CONTROL, "no-store");
        if (failure.retryAfter() != null) {
            // Rounded up: an earlier try would be refused again.
            response.header(HttpHeaders.RETRY_AFTER, Math.max(1, failure.retryAfter().plusMillis(999).toSeconds()));
        }
        if (failure.status() == 401 && audience != Audience.BROWSER) {
            response.header(HttpHeaders.WWW_AUTHENTICATE, "Bearer");
        }
        return response.build();
    }

    Response signIn(SignInFirst problem) {
        return Response.seeOther(URI.create(problem.signInPage())).build();
    }

    private static String page(Failure failure) {
        NextStep next = failure.nextStep();
        return Templates.problem(new ProblemPage(failure.status(), failure.title(), failure.detail(),
                next == null ? null : next.label(), next == null ? null : next.href())).render();
    }

    static Map<String, Object> json(Failure failure) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("type", "urn:farthing:problem:" + failure.code());
        json.put("title", failure.title());
        json.put("status", failure.status());
        json.put("detail", failure.detail());
        json.put("code", failure.code());
        if (failure.param() != null) {
            json.put("param", failure.param());
        }
        if (!failure.faults().isEmpty()) {
            json.put("errors", failure.faults().stream()
                    .map(fault -> Map.of("param", fault.param(), "detail", fault.detail())).toList());
        }
        if (failure.nextStep() != null) {
            json.put("next", Map.of("label", failure.nextStep().label(), "href", failure.nextStep().href()));
        }
        return json;
    }
}
