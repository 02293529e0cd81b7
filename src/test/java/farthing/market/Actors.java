package farthing.market;

import static io.restassured.RestAssured.given;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

import javax.sql.DataSource;

import jakarta.inject.Singleton;

import org.jspecify.annotations.Nullable;

import farthing.TestChain;
import farthing.TestLines;
import farthing.catalog.Listed;
import farthing.catalog.ModelId;
import farthing.chain.SigningKey;
import farthing.identity.AccountId;
import farthing.identity.Accounts;
import farthing.identity.ApiKeys;
import farthing.identity.Browser;
import farthing.identity.Demo;
import farthing.identity.KeyLimits;
import farthing.identity.LineBalances;
import farthing.identity.Lines;
import farthing.identity.PersonalTokens;
import farthing.identity.Role;
import farthing.identity.Roles;
import farthing.identity.Scope;
import farthing.ledger.LineId;
import farthing.settlement.Settling;
import io.restassured.config.EncoderConfig;
import io.restassured.config.RestAssuredConfig;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;

/** Five people with different rights, each with a browser, a token and an API key, and things that belong to one of them. */
@Singleton
class Actors {

    /** Without a charset behind the type of bytes. */
    private static final RestAssuredConfig PLAIN = RestAssuredConfig.config().encoderConfig(
            EncoderConfig.encoderConfig().appendDefaultContentCharsetToContentTypeIfUndefined(false));

    /**
     * @param browser signed in, but for nobody
     * @param token for {@code /api}
     * @param key for calls
     */
    record Actor(String name, @Nullable AccountId account, Browser browser, @Nullable String token, @Nullable String key) {

        boolean someone() {
            return account != null;
        }

        boolean owner() {
            return name.equals("owner");
        }

        boolean operator() {
            return name.equals("operator");
        }

        /** Asks as a page would, a program with a token, or a caller with a key, as the address has it. */
        Response ask(String method, String path) {
            boolean reads = method.equals("GET") || method.equals("HEAD") || method.equals("OPTIONS");
            if (path.startsWith("/api/")) {
                return send(bearing(token, given().accept("application/json, */*")), reads, method, path);
            }
            if (path.startsWith("/v1/")) {
                return send(bearing(key, given().accept("application/json, */*")), reads, method, path);
            }
            RequestSpecification page = reads ? browser.request() : browser.form("/sign-in");
            if (method.equals("PUT")) {
                // Sent by a page's script.
                page = browser.request().header("X-Csrf-Token", browser.csrf("/sign-in")).contentType("application/json")
                        .body("{}");
            }
            return page.accept("text/html, */*").request(method, path);
        }

        private static RequestSpecification bearing(@Nullable String secret, RequestSpecification request) {
            return secret == null ? request : request.header("Authorization", "Bearer " + secret);
        }

        private static Response send(RequestSpecification request, boolean reads, String method, String path) {
            if (path.startsWith("/api/uploads")) {
                request.header("Tus-Resumable", "1.0.0").header("Upload-Length", "3").header("Upload-Offset", "1");
                if (method.equals("PATCH") || path.length() > "/api/uploads".length() && method.equals("POST")) {
                    // The protocol's way round proxies that know no PATCH.
                    request.config(PLAIN).header("X-HTTP-Method-Override", "PATCH")
                            .contentType("application/offset+octet-stream")
                            .body("a".getBytes(StandardCharsets.UTF_8));
                }
                return request.request(method, path);
            }
            return (reads ? request : request.contentType("application/json").body("{}")).request(method, path);
        }
    }

    private final Demo demo;
    private final Accounts accounts;
    private final Roles roles;
    private final PersonalTokens tokens;
    private final ApiKeys keys;
    private final Lines lines;
    private final Listed listed;
    private final LineBalances balances;
    private final Settling settling;
    private final DataSource source;
    private final Map<String, Actor> actors = new HashMap<>();

    Actors(Demo demo, Accounts accounts, Roles roles, PersonalTokens tokens, ApiKeys keys, Lines lines, Listed listed,
            LineBalances balances, Settling settling, DataSource source) {
        this.demo = demo;
        this.accounts = accounts;
        this.roles = roles;
        this.tokens = tokens;
        this.keys = keys;
        this.lines = lines;
        this.listed = listed;
        this.balances = balances;
        this.settling = settling;
        this.source = source;
    }

    List<Actor> ownerLast() {
        return List.of(nobody(), actor("caller"), actor("other"), actor("operator"), actor("owner"));
    }

    private static Actor nobody() {
        return new Actor("nobody", null, new Browser(), null, null);
    }

    private Actor actor(String name) {
        return actors.computeIfAbsent(name, this::fresh);
    }

    private Actor fresh(String name) {
        SigningKey wallet = name.equals("operator") ? demo.keyOf(demo.operator()).orElseThrow()
                : SigningKey.generate(new SecureRandom());
        Browser browser = new Browser().signIn(wallet);
        AccountId account = accounts.of(wallet.address());
        if (name.equals("owner") || name.equals("other")) {
            roles.grant(account, Role.DEVELOPER);
        }
        LineId line = TestLines.fresh();
        lines.adopt(line, wallet.address(), name);
        return new Actor(name, account, browser, tokens.create(account, "matrix", EnumSet.allOf(Scope.class), null).secret(),
                keys.create(account, line, "matrix", KeyLimits.NONE, null).secret());
    }

    /** What belongs to the owner, and what belongs to everybody, by the names that {@code access.txt} uses. */
    Map<String, String> things() {
        Actor owner = actor("owner");
        AccountId account = Objects.requireNonNull(owner.account());
        Map<String, String> things = new HashMap<>();
        String handle = accounts.handleOf(account);
        ModelId model = new ModelId(handle, "secret-model");
        things.put("owner", handle);
        // Whom an operator may deactivate without anybody here missing him.
        things.put("handle", accounts.handleOf(accounts.of(SigningKey.generate(new SecureRandom()).address())));
        things.put("name", model.name());
        things.put("model", model.toString());
        things.put("version", Integer.toString(listed.privately(account, accounts.walletOf(account), model).value()));
        LineId line = lines.of(account).getFirst();
        things.put("line", Integer.toString(line.value()));
        things.put("key", Long.toString(keys.create(account, line, "addressed", KeyLimits.NONE, null).id().value()));
        things.put("token", Long.toString(tokens.create(account, "addressed", EnumSet.of(Scope.READ), null).id()));
        things.put("address", accounts.walletOf(account).text());
        String upload = given().header("Authorization", "Bearer " + owner.token()).header("Tus-Resumable", "1.0.0")
                .header("Upload-Length", "3").header("Upload-Metadata", "filename YQ==").post("/api/uploads").then()
                .statusCode(201).extract().header("Location");
        things.put("upload", upload.substring(upload.lastIndexOf('/') + 1));
        things.put("publication", inserted("insert into publication (id, account, owner, name, state, wish, steps, because,"
                + " created_at, ended_at) values (?, " + account.value() + ", '" + handle
                + "', 'secret-model', 'REFUSED', '{}', '[]', 'A test.', now(), now())"));
        things.put("draft", inserted("insert into publish_draft (id, account, content, updated_at) values (?, "
                + account.value() + ", '{}', now())"));
        things.put("webhook", webhook(owner));
        things.put("otherWebhook", webhook(owner));
        String deliveries = given().header("Authorization", "Bearer " + owner.token())
                .post("/api/webhooks/" + things.get("webhook") + "/test").then().statusCode(202).extract().header("Location");
        things.put("delivery", Long.toString(given().header("Authorization", "Bearer " + owner.token()).get(deliveries)
                .jsonPath().getLong("data[0].id")));
        settled(things);
        return things;
    }

    private static String webhook(Actor owner) {
        return Long.toString(given().header("Authorization", "Bearer " + owner.token()).contentType("application/json").body("""
                {"url": "http://127.0.0.1:9/", "events": ["farthing.payout.paid.v1"]}""").post("/api/webhooks").then()
                .statusCode(201).extract().jsonPath().getLong("webhook.id"));
    }

    /** @return the id it was inserted under */
    private String inserted(String sql) {
        String id = UUID.randomUUID().toString().replace("-", "");
        try (Connection connection = source.getConnection(); PreparedStatement insert = connection.prepareStatement(sql)) {
            insert.setString(1, id);
            insert.executeUpdate();
            return id;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The line that the trial's caller has on the chain; other tests give it lines that no chain knows. */
    private LineId funded() {
        for (int i = 0; i < 300; i++) {
            Optional<LineId> found = balances.balances(demo.caller()).entrySet().stream()
                    .filter(each -> each.getKey().value() < 1_000_000 && !each.getValue().left().isZero())
                    .map(Map.Entry::getKey).findFirst();
            if (found.isPresent()) {
                return found.get();
            }
            TestChain.mine(1);
            pause();
        }
        throw new AssertionError("the trial's caller has no money");
    }

    private static void pause() {
        try {
            Thread.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** A receipt in a batch. */
    private void settled(Map<String, String> things) {
        String receipt = given()
                .header("Authorization",
                        "Bearer " + keys.create(demo.caller(), funded(), "settled", KeyLimits.NONE, null).secret())
                .contentType("application/json").body("""
                        {"model": "wren/langdetect", "input": "Ein kurzer Satz."}""").post("/v1/classify").then()
                .statusCode(200).extract().header("Farthing-Receipt");
        things.put("receipt", receipt);
        for (int i = 0; i < 100 && !things.containsKey("seq"); i++) {
            settling.settle();
            TestChain.mine(1);
            pause();
            JsonPath proof = given().get("/v1/receipts/" + receipt + "/proof").jsonPath();
            if (proof.getString("batch.seq") != null) {
                things.put("seq", proof.getString("batch.seq"));
                things.put("settledLine", proof.getString("line.line"));
            }
        }
    }
}
