package farthing.catalog;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;

import jakarta.inject.Singleton;

import farthing.chain.SigningKey;
import farthing.identity.AccountId;
import farthing.identity.Accounts;
import farthing.identity.PersonalTokens;
import farthing.identity.Scope;
import io.restassured.RestAssured;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;

/** Somebody who publishes by program. */
class Developer {

    @Singleton
    static class Maker {

        private final Accounts accounts;
        private final PersonalTokens tokens;

        Maker(Accounts accounts, PersonalTokens tokens) {
            this.accounts = accounts;
            this.tokens = tokens;
        }

        Developer fresh() {
            SigningKey wallet = SigningKey.generate(new SecureRandom());
            return of(wallet, accounts.of(wallet.address()));
        }

        Developer of(SigningKey wallet, AccountId account) {
            return new Developer(wallet, account, accounts.handleOf(account),
                    tokens.create(account, "test", EnumSet.allOf(Scope.class), null).secret());
        }
    }

    static final Path SEEDS = Path.of("target/seed");

    final SigningKey wallet;
    final AccountId account;
    final String handle;
    private final String token;

    private Developer(SigningKey wallet, AccountId account, String handle, String token) {
        this.wallet = wallet;
        this.account = account;
        this.handle = handle;
        this.token = token;
    }

    RequestSpecification api() {
        return given().header("Authorization", "Bearer " + token).contentType("application/json");
    }

    String upload(Path file) throws IOException, InterruptedException {
        return upload(file.getFileName().toString(), Files.readAllBytes(file));
    }

    String upload(String name, byte[] bytes) throws IOException, InterruptedException {
        String location = create(name, bytes.length, "").then().statusCode(201).extract().header("Location");
        assertThat(append(location, bytes).statusCode()).isEqualTo(204);
        return location.substring(location.lastIndexOf('/') + 1);
    }

    /** @param more metadata */
    Response create(String name, long size, String more) {
        return given().header("Authorization", "Bearer " + token).header("Tus-Resumable", "1.0.0").header("Upload-Length", size)
                .header("Upload-Metadata",
                        "filename " + Base64.getEncoder().encodeToString(name.getBytes(StandardCharsets.UTF_8)) + more)
                .post("/api/uploads");
    }

    // Not by the client of the other requests, which writes all of a file down when an expectation fails.
    HttpResponse<String> append(String location, byte[] bytes) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI uri = URI.create("http://127.0.0.1:" + RestAssured.port).resolve(location);
            return client.send(HttpRequest.newBuilder(uri)
                    .header("Authorization", "Bearer " + token).header("Tus-Resumable", "1.0.0").header("Upload-Offset", "0")
                    .header("Content-Type", "application/offset+octet-stream")
                    .method("PATCH", HttpRequest.BodyPublishers.ofByteArray(bytes)).build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }

    /** A version as it is right. */
    static Map<String, Object> version(String task, Map<String, String> files) {
        Map<String, Object> version = new HashMap<>();
        version.put("files", files);
        version.put("task", task);
        version.put("purpose", "Tries what publishing does.");
        version.put("card", "# A card\nStyle, not sense.");
        version.put("licence", "Apache-2.0");
        version.put("offer", Map.of("per_million_input_tokens", 100_000_000));
        version.put("split", Map.of("developer", 7000, "data_pool", 2000, "validators", 200));
        return version;
    }

    Response publish(String name, Map<String, Object> version) {
        return api().body(version).post("/api/models/" + handle + "/" + name + "/versions");
    }

    /** How the publication ended. */
    JsonPath published(String name, Map<String, Object> version) throws InterruptedException {
        return ended(publish(name, version).then().statusCode(202).extract().jsonPath().getString("id"));
    }

    JsonPath ended(String publication) throws InterruptedException {
        for (long until = System.nanoTime() + Duration.ofSeconds(40).toNanos(); System.nanoTime() < until;) {
            JsonPath now = api().get("/api/publications/" + publication).then().statusCode(200).extract().jsonPath();
            if (!now.getString("state").equals("running")) {
                return now;
            }
            Thread.sleep(50);
        }
        throw new AssertionError("publication " + publication + " does not end");
    }
}
