package farthing.market;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;

import farthing.chain.SigningKey;

/** Logins of an organisation beside wallets, with a real Keycloak. */
// The long ones first.
@Order(2)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class OrganisationLoginIT {

    private final Keycloak keycloak;
    private final Way way;
    private final FarthingProcess server;
    private final ObjectMapper json = new ObjectMapper();
    private boolean admitted;

    OrganisationLoginIT(@TempDir Path folder) {
        keycloak = Keycloak.begin();
        way = new Way(keycloak.port);
        way.cut();
        server = FarthingProcess.ready(folder, keycloak.settings(way.port));
    }

    /** While it starts there is something to see already. */
    private void keycloakAnswers() {
        keycloak.awaitReady();
        if (!admitted) {
            admitted = true;
            keycloak.admit(server);
            way.mend();
        }
    }

    @AfterAll
    void close() {
        server.close();
        way.close();
    }

    @Test
    @Order(1)
    void withoutKeycloakTheServerStartsWalletsSignInAndEverythingElseSaysSo() throws Exception {
        HttpResponse<String> bearer = api("GET", "/api/account", "eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmVk");
        assertThat(bearer.statusCode()).as(bearer.body()).isEqualTo(503);
        assertThat(bearer.headers().firstValue("Retry-After")).isPresent();
        assertThat(bearer.body()).contains("The login of Keycloak does not answer just now");
        HttpResponse<String> signIn = server.get("/sign-in/organisation?next=/");
        assertThat(signIn.statusCode()).isEqualTo(503);
        assertThat(signIn.headers().firstValue("Retry-After")).isPresent();
        assertThat(signIn.body()).contains("The login of Keycloak does not answer just now");
        assertThat(Visitor.signedIn(server, server.demoWallet("robin")).get("/account")).contains("robin");
    }

    @Test
    @ResourceLock(Chromium.ONE)
    void aMemberOfTheOrganisationSignsInByBrowserAndLinksTheLoginToAWalletAccount() throws Exception {
        keycloakAnswers();
        Keycloak.Person ada = keycloak.person("ada", "curator");
        Keycloak.Person ben = keycloak.person("ben");
        try (Chromium chromium = new Chromium()) {
            List<String> complaints = new ArrayList<>();
            try (BrowserContext browser = chromium.browser.newContext()) {
                browser.onConsoleMessage(message -> {
                    boolean refusedAsItShould = message.text().startsWith("Failed to load resource");
                    if (message.type().equals("error") && !refusedAsItShould && message.page().url().startsWith(url("/"))) {
                        complaints.add(message.page().url() + ": " + message.text());
                    }
                });
                Page page = browser.newPage();
                page.navigate(url("/account"));
                link(page, "Sign in with Keycloak").click();
                logIn(page, ada);
                assertThat(page).hasURL(url("/account"));
                assertThat(page.locator(".menu summary")).hasText("ada");
                assertThat(browser.cookies().stream().map(cookie -> cookie.name).toList()).as("only our own session is left")
                        .noneMatch(name -> name.startsWith("q_"));
                assertThat(page.locator("section[aria-labelledby=logins] table")).containsText("ada");
                assertThat(words(json.readTree(page.request().get(url("/api/account")).text()).get("roles")))
                        .containsExactly("curator");
                link(page, "Unlink ada").click();
                button(page, "Unlink login").click();
                assertThat(page.locator("main")).containsText("is the only way to sign in");

                page.navigate(url("/"));
                page.locator(".menu summary").click();
                button(page, "Sign out").click();
                assertThat(page).hasURL(url("/signed-out"));
                page.getByText("Sign out of Keycloak, too").click();
                page.locator("#kc-logout").click();
                assertThat(page).hasURL(url("/"));
                assertThat(page.locator(".top")).containsText("Sign in");

                page.navigate(url("/sign-in?next=/account"));
                button(page, "Sign in as Data contributor").click();
                assertThat(page).hasURL(url("/account"));
                link(page, "Link a login of Keycloak").click();
                logIn(page, ben);
                assertThat(page.locator("h1")).hasText("Link this login?");
                button(page, "Link ben").click();
                assertThat(page.locator("section[aria-labelledby=logins] table")).containsText("ben");
                assertThat(account(keycloak.token(ben, way.port)).get("handle").asText()).isEqualTo("linnet");
                page.navigate(url("/account"));
                link(page, "Unlink ben").click();
                button(page, "Unlink login").click();
                assertThat(page.locator("main")).containsText("None yet");
            }
            try (BrowserContext another = chromium.browser.newContext()) {
                Page page = another.newPage();
                page.navigate(url("/sign-in?next=/account"));
                button(page, "Sign in as Developer").click();
                assertThat(page).hasURL(url("/account"));
                link(page, "Link a login of Keycloak").click();
                logIn(page, ada);
                button(page, "Link ada").click();
                assertThat(page.locator("main")).containsText("The login ada belongs to another account here");

                keycloak.enable(ben, false);
                page.context().clearCookies();
                page.navigate(url("/sign-in/organisation"));
                logIn(page, ben);
                assertThat(page.locator("body")).containsText("disabled");
                page.navigate(url("/account"));
                assertThat(page).hasURL(Pattern.compile(".*/sign-in\\?next=.*"));
            }
            assertThat(complaints).isEmpty();
        }
    }

    @Test
    void aBearerTokenSaysWhoItIsAndWhatTheyMayDo() throws Exception {
        keycloakAnswers();
        Keycloak.Person cleo = keycloak.person("cleo", "curator", "operator");
        String brief = keycloak.briefToken(cleo, way.port);
        String token = keycloak.token(cleo, way.port);
        JsonNode account = account(token);
        assertThat(account.get("handle").asText()).isEqualTo("cleo");
        assertThat(words(account.get("roles"))).containsExactlyInAnyOrder("curator", "operator");
        assertThat(words(account.get("scopes"))).containsExactlyInAnyOrder("read", "publish", "manage");

        keycloak.revoke(cleo, "curator");
        assertThat(words(account(keycloak.token(cleo, way.port)).get("roles"))).containsExactly("operator");

        refused(keycloak.foreignToken(cleo, way.port), "its audience must hold 'farthing'");
        refused(token.substring(0, token.length() - 4) + "AAAA", "was not issued by Keycloak, was altered");
        refused("garbage", "was not issued by Keycloak, was altered");
        refused("fk_garbage", "not a whole personal access token");
        Thread.sleep(Duration.ofMillis(1500));
        refused(brief, "The bearer token has expired");
        HttpResponse<String> call = FarthingProcess.HTTP.send(server.call("/v1/completions", "{}", token).build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(call.statusCode()).as("calls take keys of ours").isEqualTo(401);
        assertThat(call.body()).contains("wrong_api_key");
    }

    @Test
    void keycloakIsToldOfRolesAndDeactivationsAndWhatItMissedWhileItWasAway() throws Exception {
        keycloakAnswers();
        Keycloak.Person dora = keycloak.person("dora");
        Keycloak.Person eve = keycloak.person("eve", "operator");
        String token = keycloak.token(dora, way.port);
        String operator = keycloak.token(eve, way.port);
        account(token);
        account(operator);

        assertThat(api("PUT", "/api/accounts/dora/roles/developer", operator).statusCode()).isEqualTo(204);
        server.await("Keycloak to know the developer", () -> keycloak.roles(dora).contains("developer"));

        way.cut();
        assertThat(account(token).get("handle").asText()).as("known keys still verify").isEqualTo("dora");
        assertThat(server.get("/sign-in/organisation").statusCode()).as("although it was there before").isEqualTo(503);
        HttpResponse<String> gone = FarthingProcess.HTTP.send(request("POST", "/api/accounts/dora/deactivate", operator)
                .method("POST", HttpRequest.BodyPublishers.ofString("{\"why\": \"Sold what was not hers.\"}")).build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(gone.statusCode()).as(gone.body()).isEqualTo(204);
        assertThat(api("GET", "/api/account", token).statusCode()).isEqualTo(403);
        assertThat(api("GET", "/api/account", token).body()).contains("Sold what was not hers.");
        assertThat(keycloak.enabled(dora)).isTrue();
        server.await("the server to say so", () -> server.output().contains("Keycloak at http"));

        way.mend();
        server.await("Keycloak to know of the deactivation", () -> !keycloak.enabled(dora));
        assertThat(api("POST", "/api/accounts/dora/reactivate", operator).statusCode()).isEqualTo(204);
        server.await("Keycloak to know of the reactivation", () -> keycloak.enabled(dora));
        assertThat(words(account(keycloak.token(dora, way.port)).get("roles"))).containsExactly("developer");
    }

    @Test
    @ResourceLock(Chromium.ONE)
    void aMemberLinksAWalletToBePaidAtAndPublishesWithABearerToken() throws Exception {
        keycloakAnswers();
        Keycloak.Person fay = keycloak.person("fay");
        SigningKey wallet = SigningKey.generate(new SecureRandom());
        String token = keycloak.token(fay, way.port);
        HttpResponse<String> unpaid = publish(token, "{}");
        assertThat(unpaid.statusCode()).as(unpaid.body()).isEqualTo(409);
        assertThat(unpaid.body()).contains("wallet");
        try (Chromium chromium = new Chromium(); BrowserContext browser = chromium.browser.newContext()) {
            BrowserWallet.install(browser, wallet);
            Page page = browser.newPage();
            page.navigate(url("/sign-in/organisation?next=/account"));
            logIn(page, fay);
            assertThat(page).hasURL(url("/account"));
            button(page, "Link with Test wallet").click();
            assertThat(page.locator("section[aria-labelledby=wallets] table")).containsText("paid here");

            Path model = Path.of("target/seed/kjv/kjv-q8_0.gguf");
            HttpResponse<String> upload = FarthingProcess.HTTP.send(HttpRequest.newBuilder(server.uri("/api/uploads"))
                    .header("Authorization", "Bearer " + token).header("Tus-Resumable", "1.0.0")
                    .header("Upload-Length", Long.toString(Files.size(model)))
                    .header("Content-Type", "application/offset+octet-stream")
                    .POST(HttpRequest.BodyPublishers.ofFile(model)).build(), HttpResponse.BodyHandlers.ofString());
            assertThat(upload.statusCode()).as(upload.body()).isEqualTo(201);
            String location = upload.headers().firstValue("Location").orElseThrow();
            HttpResponse<String> begun = publish(token, """
                    {"files": {"model": "%s"}, "task": "completion", "purpose": "Published with a bearer token.",
                     "card": "A test.", "licence": "Apache-2.0", "offer": {"per_million_output_tokens": 1000000000},
                     "split": {"developer": 9200, "platform": 800}}""".formatted(
                    location.substring(location.lastIndexOf('/') + 1)));
            assertThat(begun.statusCode()).as(begun.body()).isEqualTo(202);
            String publication = "/api/publications/" + json.readTree(begun.body()).get("id").asText();
            server.await("the version to be listed", () -> {
                JsonNode now = json.readTree(api("GET", publication, token).body());
                assertThat(now.get("state").asText()).as(now.toString()).isNotEqualTo("refused");
                return now.get("state").asText().equals("listed");
            });
            page.navigate(url("/models/fay/bearer"));
            assertThat(page.locator("h1")).containsText("bearer");
            assertThat(words(account(token).get("roles"))).containsExactly("developer");
            server.await("Keycloak to know the developer", () -> keycloak.roles(fay).contains("developer"));
        }
    }

    private HttpResponse<String> publish(String token, String body) throws IOException, InterruptedException {
        return FarthingProcess.HTTP.send(request("POST", "/api/models/fay/bearer/versions", token)
                .method("POST", HttpRequest.BodyPublishers.ofString(body)).build(), HttpResponse.BodyHandlers.ofString());
    }

    private void refused(String token, String sentence) throws IOException, InterruptedException {
        HttpResponse<String> answer = api("GET", "/api/account", token);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(401);
        assertThat(json.readTree(answer.body()).get("detail").asText()).contains(sentence);
    }

    private JsonNode account(String token) throws IOException, InterruptedException {
        HttpResponse<String> answer = api("GET", "/api/account", token);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return json.readTree(answer.body());
    }

    private HttpResponse<String> api(String method, String path, String token) throws IOException, InterruptedException {
        return FarthingProcess.HTTP.send(request(method, path, token).build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpRequest.Builder request(String method, String path, String token) {
        return HttpRequest.newBuilder(server.uri(path)).timeout(Duration.ofSeconds(20))
                .header("Authorization", "Bearer " + token).header("Content-Type", "application/json")
                .method(method, HttpRequest.BodyPublishers.noBody());
    }

    private static List<String> words(JsonNode list) {
        List<String> words = new ArrayList<>();
        list.forEach(word -> words.add(word.asText()));
        return words;
    }

    private static void logIn(Page page, Keycloak.Person person) {
        page.locator("#username").fill(person.name());
        page.locator("#password").fill(person.password());
        page.locator("#kc-login").click();
    }

    private static Locator button(Page page, String name) {
        return page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName(name).setExact(true));
    }

    private static Locator link(Page page, String name) {
        return page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName(name).setExact(true));
    }

    private String url(String path) {
        return server.uri(path).toString();
    }
}
