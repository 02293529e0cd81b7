package farthing.web;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

import jakarta.validation.constraints.Max;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;

import org.jspecify.annotations.Nullable;

/** Fails in every way there is, once under each kind of path. */
class FailingApi {

    record Body(@Nullable String model, int tokens, @Nullable List<Part> parts) {
    }

    record Part(int size) {
    }

    static class OutOfStock extends Problem {
        OutOfStock() {
            super(429, "out_of_stock", "There is none left. Try again in a minute.");
        }

        @Override
        public Optional<String> param() {
            return Optional.of("model");
        }

        @Override
        public Optional<Duration> retryAfter() {
            return Optional.of(Duration.ofMillis(59_001));
        }

        @Override
        public Optional<NextStep> nextStep() {
            return Optional.of(new NextStep("See others", "/models"));
        }
    }

    @Path("/v1/failing")
    public static class V1 extends Ways {
    }

    @Path("/api/failing")
    public static class Api extends Ways {
    }

    @Path("/failing")
    public static class Page extends Ways {
    }

    @Produces({ "text/html", "application/json" })
    public abstract static class Ways {

        @GET
        @Path("/problem")
        public String problem() {
            throw new OutOfStock();
        }

        @GET
        @Path("/wrapped")
        public String wrapped() {
            throw new IllegalStateException(new OutOfStock());
        }

        @GET
        @Path("/unexpected")
        public String unexpected() {
            throw new IllegalStateException("the secret is swordfish");
        }

        @GET
        @Path("/number")
        public String number(@QueryParam("n") @Max(5) int n) {
            return Integer.toString(n);
        }

        @GET
        @Path("/mine")
        public String mine() {
            throw new SignInFirst("/failing/mine?a=b");
        }

        @POST
        @Path("/body")
        @Consumes("application/json")
        public String body(Body body) {
            return String.valueOf(body.model());
        }
    }
}
