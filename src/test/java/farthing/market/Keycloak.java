package farthing.market;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.Ports;

/**
 * The real Keycloak with the realm of k8s/keycloak, one for all tests of a JVM; it ends with the JVM. It takes the first caller
 * half a minute, more where it was never started before, so begin with {@link #begin()} and do something else before
 * {@link #awaitReady()}.
 */
final class Keycloak {

    /** Who may sign in; each password is made up at the start. */
    record Person(String name, String password) {
    }

    private static final Path HOME = Path.of("target/keycloak/keycloak-26.7.3").toAbsolutePath();
    private static final Path LOG = HOME.resolveSibling("keycloak.log");
    private static final Path REALM = Path.of("k8s/keycloak/farthing-realm.json");
    private static final Duration PATIENCE = Duration.ofMinutes(4);
    /** It works for a minute at most: the JVM's second compiler would cost more than it saves. */
    private static final String JVM = "-Xms128m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dfile.encoding=UTF-8";
    private static final ObjectMapper JSON = new ObjectMapper();

    final int port = Ports.free();
    private final String clientSecret = secret();
    private final String adminPassword = secret();

    private final CompletableFuture<Void> started = new CompletableFuture<>();

    private Keycloak() {
        Thread.ofPlatform().name("keycloak").daemon().start(() -> {
            try {
                start();
                started.complete(null);
            } catch (Throwable e) {
                started.completeExceptionally(e);
            }
        });
    }

    private static final class One {
        static final Keycloak KEYCLOAK = new Keycloak();
    }

    /** Starts it, unless somebody has already, and waits for nothing; only its port and settings are good yet. */
    static Keycloak begin() {
        return One.KEYCLOAK;
    }

    static Keycloak ready() {
        Keycloak keycloak = begin();
        keycloak.awaitReady();
        return keycloak;
    }

    void awaitReady() {
        try {
            started.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new AssertionError("Keycloak did not start", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** What a server needs to let people of this realm in; reached through another port where a test wants to cut the way. */
    Map<String, String> settings(int through) {
        return Map.of("FARTHING_OIDC_URL", "http://127.0.0.1:" + through + "/realms/farthing", "FARTHING_OIDC_CLIENT_SECRET",
                clientSecret, "FARTHING_OIDC_LABEL", "Keycloak", "FARTHING_OIDC_ADMIN", "true");
    }

    Map<String, String> settings() {
        return settings(port);
    }

    /** Lets the server's addresses be led back to. */
    void admit(FarthingProcess server) {
        JsonNode client = client("farthing");
        List<String> addresses = texts(client.get("redirectUris"));
        addresses.add(server.uri("/sign-in/organisation").toString());
        JsonNode changed = JSON.valueToTree(Map.of("redirectUris", addresses, "attributes",
                Map.of("post.logout.redirect.uris", server.uri("/").toString())));
        admin("PUT", "/clients/" + client.get("id").asText(), changed);
    }

    /** A new person with these roles of the realm. */
    Person person(String name, String... roles) {
        Person person = new Person(name, secret());
        admin("POST", "/users",
                Map.of("username", name, "enabled", true, "email", name + "@example.org", "emailVerified", true, "firstName",
                        name, "lastName", "Example", "credentials",
                        List.of(Map.of("type", "password", "value", person.password, "temporary", false))));
        grant(person, roles);
        return person;
    }

    void grant(Person person, String... roles) {
        admin("POST", "/users/" + id(person) + "/role-mappings/realm", representations(roles));
    }

    void revoke(Person person, String... roles) {
        admin("DELETE", "/users/" + id(person) + "/role-mappings/realm", representations(roles));
    }

    void enable(Person person, boolean enabled) {
        admin("PUT", "/users/" + id(person), Map.of("enabled", enabled));
    }

    boolean enabled(Person person) {
        return admin("GET", "/users/" + id(person), null).get("enabled").asBoolean();
    }

    List<String> roles(Person person) {
        return StreamSupport.stream(admin("GET", "/users/" + id(person) + "/role-mappings/realm", null).spliterator(), false)
                .map(role -> role.get("name").asText()).collect(Collectors.toCollection(ArrayList::new));
    }

    /** A bearer token for our /api, good for five minutes. */
    String token(Person person) {
        return token(person, port);
    }

    String token(Person person, int through) {
        return token(person, "farthing-cli", through);
    }

    /** One of a client whose tokens are not for us. */
    String foreignToken(Person person, int through) {
        return token(person, "admin-cli", through);
    }

    /** One that is for us, for a second. */
    String briefToken(Person person, int through) {
        return token(person, "brief", through);
    }

    private String token(Person person, String client, int through) {
        return grant("http://127.0.0.1:" + through + "/realms/farthing", client, person.name, person.password);
    }

    private static String grant(String realm, String client, String user, String password) {
        String form = Map.of("grant_type", "password", "client_id", client, "username", user, "password", password, "scope",
                "openid").entrySet().stream()
                .map(field -> field.getKey() + "=" + URLEncoder.encode(field.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
        return send(HttpRequest.newBuilder(URI.create(realm + "/protocol/openid-connect/token"))
                .header("Content-Type", "application/x-www-form-urlencoded").POST(HttpRequest.BodyPublishers.ofString(form)))
                .get("access_token").asText();
    }

    /** What it takes to do once in a clean checkout: some tens of seconds of both processors. */
    static synchronized void prepare() throws IOException, InterruptedException {
        if (!Files.isExecutable(HOME.resolve("bin/kc.sh"))) {
            throw new AssertionError(HOME + " is missing; Maven unpacks it in the phase process-test-resources.");
        }
        Files.createDirectories(HOME.resolve("data/import"));
        Files.copy(REALM, HOME.resolve("data/import").resolve(REALM.getFileName()), StandardCopyOption.REPLACE_EXISTING);
        Path built = HOME.resolve("built");
        if (!Files.exists(built)) {
            System.out.println("preparing Keycloak for its first start");
            Process build = kc("build", "--db=dev-mem").start();
            if (!build.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS) || build.exitValue() != 0) {
                build.destroyForcibly();
                throw new AssertionError("Keycloak could not be prepared:\n" + Files.readString(LOG));
            }
            Files.createFile(built);
        }
    }

    private void start() throws IOException, InterruptedException {
        prepare();
        ProcessBuilder server = kc("start", "--optimized", "--import-realm", "--cache=local", "--http-enabled=true",
                "--hostname-strict=false", "--http-host=127.0.0.1", "--http-port=" + port);
        server.environment().putAll(Map.of("KC_BOOTSTRAP_ADMIN_USERNAME", "admin", "KC_BOOTSTRAP_ADMIN_PASSWORD", adminPassword,
                "FARTHING_OIDC_CLIENT_SECRET", clientSecret, "FARTHING_PUBLIC_URL", "http://127.0.0.1:1"));
        Process process = server.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(process)));
        await(process);
        admin("PUT", "/clients/" + client("farthing-cli").get("id").asText(), Map.of("directAccessGrantsEnabled", true));
        JsonNode cli = client("farthing-cli");
        admin("POST", "/clients", Map.of("clientId", "brief", "publicClient", true, "directAccessGrantsEnabled", true,
                "attributes", Map.of("access.token.lifespan", "1"), "protocolMappers", withoutIds(cli.get("protocolMappers"))));
    }

    private static ProcessBuilder kc(String... arguments) {
        List<String> command = new ArrayList<>(List.of(HOME.resolve("bin/kc.sh").toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(LOG.toFile()));
        builder.environment().keySet().removeIf(name -> name.startsWith("KC_") || name.startsWith("FARTHING_"));
        builder.environment().putAll(Map.of("JAVA_HOME", System.getProperty("java.home"), "JAVA_OPTS", JVM));
        return builder;
    }

    private void await(Process process) throws IOException, InterruptedException {
        long begun = System.nanoTime();
        long said = 0;
        while (!answers()) {
            long seconds = Duration.ofNanos(System.nanoTime() - begun).toSeconds();
            if (!process.isAlive() || seconds > PATIENCE.toSeconds()) {
                end(process);
                throw new AssertionError("Keycloak did not start:\n" + Files.readString(LOG));
            }
            if (seconds >= said + 15) {
                said = seconds;
                System.out.println("still waiting for Keycloak, " + seconds + " s");
            }
            Thread.sleep(100);
        }
    }

    private boolean answers() throws InterruptedException {
        try {
            return FarthingProcess.HTTP.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/realms/farthing")).build(),
                    HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException notYet) {
            return false;
        }
    }

    /** The script hands the signal on and waits for its JVM. */
    private static void end(Process process) {
        List<ProcessHandle> children = process.descendants().toList();
        process.destroy();
        try {
            process.waitFor(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
        children.forEach(ProcessHandle::destroyForcibly);
    }

    private String id(Person person) {
        return admin("GET", "/users?exact=true&username=" + person.name, null).get(0).get("id").asText();
    }

    private JsonNode client(String name) {
        return admin("GET", "/clients?clientId=" + name, null).get(0);
    }

    private List<JsonNode> representations(String... roles) {
        return List.of(roles).stream().map(role -> admin("GET", "/roles/" + role, null)).toList();
    }

    private static List<Map<String, Object>> withoutIds(JsonNode mappers) {
        List<Map<String, Object>> plain = new ArrayList<>();
        mappers.forEach(mapper -> plain.add(Map.of("name", mapper.get("name").asText(), "protocol", "openid-connect",
                "protocolMapper", mapper.get("protocolMapper").asText(), "config",
                JSON.convertValue(mapper.get("config"), Map.class))));
        return plain;
    }

    private static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(text -> texts.add(text.asText()));
        return texts;
    }

    private JsonNode admin(String method, String path, @Nullable Object body) {
        String base = "http://127.0.0.1:" + port;
        String token = grant(base + "/realms/master", "admin-cli", "admin", adminPassword);
        try {
            HttpRequest.BodyPublisher content = body == null ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(body));
            return send(HttpRequest.newBuilder(URI.create(base + "/admin/realms/farthing" + path))
                    .header("Authorization", "Bearer " + token).header("Content-Type", "application/json")
                    .method(method, content));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode send(HttpRequest.Builder request) {
        try {
            HttpResponse<String> answer = FarthingProcess.HTTP.send(request.timeout(Duration.ofSeconds(30)).build(),
                    HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() >= 300) {
                throw new AssertionError(answer.request().uri() + " answered " + answer.statusCode() + ": " + answer.body());
            }
            return JSON.readTree(answer.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static String secret() {
        byte[] bytes = new byte[20];
        new SecureRandom().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
