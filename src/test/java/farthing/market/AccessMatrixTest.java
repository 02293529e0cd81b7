package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

import jakarta.inject.Inject;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Path;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;

import farthing.TestDatabase;
import farthing.market.Actors.Actor;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.Response;
import io.vertx.ext.web.Router;

/**
 * Every address of the server, asked by everybody. The rules stand in {@code access.txt}; the addresses come from the code, so
 * that one without a rule fails.
 */
@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class AccessMatrixTest {

    /** Who gets in. */
    enum Rule {
        /** Everybody. */
        PUBLIC,
        /** Everybody who is signed in. */
        SIGNED_IN,
        /** Whoever owns the thing that is addressed; for all others it is not there, or not theirs. */
        OWN,
        OPERATOR,
        /** Whoever brings an API key. */
        KEY,
        /** Nobody for being who he is. */
        NOBODY;

        boolean letsIn(Actor actor) {
            return switch (this) {
                case PUBLIC -> true;
                case SIGNED_IN, KEY -> actor.someone();
                case OWN -> actor.owner();
                case OPERATOR -> actor.operator();
                case NOBODY -> false;
            };
        }
    }

    /** @param path with parameters in braces */
    record Route(String method, String path) {

        @Override
        public String toString() {
            return method + " " + path;
        }
    }

    /** @param values of the path's parameters that are not those of everybody */
    record Entry(Rule rule, Route route, Map<String, String> values) {
    }

    @Inject
    Router router;
    @Inject
    Actors actors;

    @Test
    void everyAddressHasARule() throws IOException {
        Set<String> ruled = new TreeSet<>(entries().stream().map(entry -> entry.route().toString()).toList());
        Set<String> there = new TreeSet<>(Stream.concat(resources().stream(), calls().stream()).map(Route::toString).toList());
        Set<String> without = new TreeSet<>(there);
        without.removeAll(ruled);
        assertThat(without).as("addresses without a rule").isEmpty();
        ruled.removeAll(there);
        assertThat(ruled).as("rules without an address").isEmpty();
    }

    @Test
    void everybodyGetsWhatTheRulesSay() throws Exception {
        Map<String, String> things = actors.things();
        List<String> wrong = new ArrayList<>();
        int asked = 0;
        for (Entry entry : entries()) {
            // Its owner last: what is asked may end what is addressed.
            for (Actor actor : actors.ownerLast()) {
                Map<String, String> values = new HashMap<>(things);
                entry.values().forEach((parameter, thing) -> values.put(parameter, things.getOrDefault(thing, thing)));
                Response answer = actor.ask(entry.route().method(), filled(entry.route().path(), values));
                asked++;
                boolean in = !refused(answer);
                if (answer.statusCode() >= 500 || answer.statusCode() == 405 || answer.statusCode() == 406
                        || in != entry.rule().letsIn(actor)) {
                    wrong.add(entry.rule() + " " + entry.route() + " as " + actor.name() + ": " + answer.statusCode());
                }
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(asked).isGreaterThan(250);
    }

    private static boolean refused(Response answer) {
        String location = answer.header("Location");
        return switch (answer.statusCode()) {
            case 401, 403, 404 -> true;
            default -> location != null && location.contains("/sign-in?");
        };
    }

    private static String filled(String path, Map<String, String> values) {
        String filled = path;
        for (Map.Entry<String, String> value : values.entrySet()) {
            filled = filled.replace("{" + value.getKey() + "}", value.getValue());
        }
        assertThat(filled).as("each parameter of " + path + " has a value").doesNotContain("{");
        return filled;
    }

    private static List<Entry> entries() throws IOException {
        try (var in = AccessMatrixTest.class.getResourceAsStream("/access.txt")) {
            List<Entry> entries = new ArrayList<>();
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList()) {
                if (line.isBlank() || line.startsWith("#")) {
                    continue;
                }
                String[] words = line.strip().split("\\s+");
                Map<String, String> values = new HashMap<>();
                for (int i = 3; i < words.length; i++) {
                    String[] parts = words[i].split("=", 2);
                    values.put(parts[0], parts[1]);
                }
                entries.add(new Entry(Rule.valueOf(words[0].toUpperCase().replace('-', '_')), new Route(words[1], words[2]),
                        values));
            }
            return entries;
        }
    }

    /** What JAX-RS serves. */
    private static Set<Route> resources() {
        Set<Route> routes = new LinkedHashSet<>();
        for (JavaClass each : new ClassFileImporter().withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("farthing")) {
            if (!each.isAnnotatedWith(Path.class)) {
                continue;
            }
            Class<?> resource = each.reflect();
            for (Method method : resource.getDeclaredMethods()) {
                for (Annotation annotation : method.getAnnotations()) {
                    HttpMethod http = annotation.annotationType().getAnnotation(HttpMethod.class);
                    if (http != null) {
                        routes.add(new Route(http.value(),
                                path(resource.getAnnotation(Path.class), method.getAnnotation(Path.class))));
                    }
                }
            }
        }
        return routes;
    }

    private static String path(Path resource, Path method) {
        String whole = "/" + resource.value() + (method == null ? "" : "/" + method.value());
        String plain = whole.replaceAll("\\{\\s*(\\w+)\\s*:[^}]*\\}", "{$1}").replaceAll("/+", "/");
        return plain.length() > 1 && plain.endsWith("/") ? plain.substring(0, plain.length() - 1) : plain;
    }

    /** What is served without JAX-RS: calls. */
    private Set<Route> calls() {
        Set<Route> routes = new HashSet<>();
        router.getRoutes().forEach(route -> {
            String path = route.getPath();
            if (path != null && route.methods() != null && path.matches("/(v1|v2|api)/.*")) {
                route.methods().forEach(method -> routes.add(new Route(method.name(), path.replaceAll(":(\\w+)", "{$1}"))));
            }
        });
        return routes;
    }
}
