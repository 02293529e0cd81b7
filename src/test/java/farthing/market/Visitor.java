package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.CookieManager;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.chain.SigningKey;

/** A browser without script. */
final class Visitor {

    private static final Pattern TOKEN = Pattern.compile("(?:name=\"_csrf\" value|data-csrf)=\"([^\"]+)\"");

    private final HttpClient http = HttpClient.newBuilder().cookieHandler(new CookieManager()).build();
    private final URI server;

    Visitor(URI server) {
        this.server = server;
    }

    /** Signs in with a wallet as the sign-in page does. */
    static Visitor signedIn(FarthingProcess server, SigningKey wallet) throws IOException, InterruptedException {
        Visitor visitor = new Visitor(server.uri("/"));
        String challenge = visitor
                .post("/sign-in", "/sign-in/challenge", Map.of("address", wallet.address().text(), "next", "/"))
                .body();
        visitor.post("/sign-in", "/sign-in/verify", Map.of("nonce", json(challenge, "nonce"), "signature",
                "0x" + HexFormat.of().formatHex(wallet.signPersonal(json(challenge, "message")))));
        return visitor;
    }

    String get(String path) throws IOException, InterruptedException {
        HttpResponse<String> answer = http.send(
                HttpRequest.newBuilder(server.resolve(path)).header("Accept", "text/html,application/json").build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(path + ": " + answer.body()).isEqualTo(200);
        return answer.body();
    }

    /** Sends a form with the token of the page it stands on. */
    HttpResponse<String> post(String page, String path, Map<String, String> fields) throws IOException, InterruptedException {
        Matcher token = TOKEN.matcher(get(page));
        assertThat(token.find()).as("a form on " + page).isTrue();
        Map<String, String> all = new HashMap<>(fields);
        all.put("_csrf", token.group(1));
        String body = all.entrySet().stream()
                .map(e -> e.getKey() + "=" + URLEncoder.encode(e.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
        HttpResponse<String> answer = http.send(HttpRequest.newBuilder(server.resolve(path))
                .header("Content-Type", "application/x-www-form-urlencoded").header("Accept", "text/html, application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body)).build(), HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(path + ": " + answer.body()).isIn(200, 303);
        return answer;
    }

    /** A new key on the line. */
    String key(int line) throws IOException, InterruptedException {
        return key(line, Map.of());
    }

    /** @param limits the fields of the form that are not empty */
    String key(int line, Map<String, String> limits) throws IOException, InterruptedException {
        Map<String, String> form = new HashMap<>(
                Map.of("name", "story", "line", Integer.toString(line), "total", "", "daily", "", "expires", ""));
        form.putAll(limits);
        Matcher secret = Pattern.compile("fk_\\w+").matcher(post("/keys", "/keys", form).body());
        assertThat(secret.find()).isTrue();
        return secret.group();
    }

    /** What the top bar shows as budget left; −1 without a budget. */
    long budgetNanos() throws IOException, InterruptedException {
        Matcher left = Pattern.compile("(?s)class=\"budget\".*?value=\"(\\d+)\"").matcher(get("/account"));
        return left.find() ? Long.parseLong(left.group(1)) : -1;
    }

    private static String json(String body, String field) throws IOException {
        return new ObjectMapper().readTree(body).get(field).asText();
    }
}
