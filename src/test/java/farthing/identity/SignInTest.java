package farthing.identity;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import jakarta.inject.Inject;

import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import farthing.TestChain;
import farthing.TestDatabase;
import farthing.TestLines;
import farthing.chain.Address;
import farthing.chain.ContractWallets;
import farthing.chain.Keccak;
import farthing.chain.SigningKey;
import farthing.ledger.LineId;
import farthing.web.Site;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.path.json.JsonPath;

@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class SignInTest {

    @Inject
    Accounts accounts;
    @Inject
    Lines lines;
    @Inject
    Demo demo;
    @Inject
    SignIn signIn;
    @Inject
    Site site;
    @Inject
    SignInConfig config;
    @Inject
    ContractWallets contracts;
    @Inject
    @ConfigProperty(name = "farthing.data")
    Path data;

    private final SigningKey wallet = SigningKey.generate(new SecureRandom());
    private final Browser browser = new Browser();

    @Test
    void theMessageIsThatOfEip4361() {
        String message = browser.challenge(wallet.address().text(), "/").getString("message");
        assertThat(message).matches("""
                127\\.0\\.0\\.1:8080 wants you to sign in with your Ethereum account:
                %s

                Sign in to Farthing\\. This costs nothing and moves no money\\.

                URI: http://127\\.0\\.0\\.1:8080
                Version: 1
                Chain ID: 31337
                Nonce: [0-9A-Za-z]{22}
                Issued At: 2[-0-9T:]+Z
                Expiration Time: 2[-0-9T:]+Z""".formatted(wallet.address()));
    }

    @Test
    void theFirstSignInMakesAnAccount() {
        JsonPath challenge = browser.challenge(wallet.address().text().toLowerCase(), "/keys");
        browser.verify(challenge.getString("nonce"), Browser.sign(wallet, challenge.getString("message"))).then()
                .statusCode(200).body("next", equalTo("/keys"));
        browser.request().get("/account").then().statusCode(200)
                .body(allOf(containsString(wallet.address().text()), containsString("No line yet"),
                        containsString("Sign out")));
        AccountId account = accounts.of(wallet.address());
        assertThat(new Browser().signIn(wallet).request().get("/account").statusCode()).isEqualTo(200);
        assertThat(accounts.of(wallet.address())).isEqualTo(account);
    }

    @Test
    void aLineAdoptedBeforeItsOwnerFirstSignsInIsThereThen() {
        LineId line = TestLines.adopted(lines, accounts.of(wallet.address()));
        browser.signIn(wallet).request().get("/account").then().body(containsString("test " + line));
        AccountId account = accounts.of(wallet.address());
        lines.adopt(line, demo.callerKey().address(), "somebody else's");
        assertThat(lines.labelsOf(account)).containsExactly(Map.entry(line, "test " + line));
    }

    @Test
    void aLineIsRenamedByItsOwnerAlone() {
        AccountId account = accounts.of(wallet.address());
        LineId one = TestLines.adopted(lines, account);
        LineId other = TestLines.adopted(lines, account);
        lines.rename(account, one, "search");
        assertThat(lines.labelsOf(account)).containsEntry(one, "search");
        assertThatThrownBy(() -> lines.rename(account, other, "search")).isInstanceOf(LabelRefused.class)
                .hasMessageContaining("Another line");
        assertThatThrownBy(() -> lines.rename(account, other, " ")).isInstanceOf(LabelRefused.class)
                .hasMessageContaining("at most 60");
        assertThatThrownBy(() -> lines.rename(demo.caller(), one, "mine")).isInstanceOf(LabelRefused.class)
                .hasMessageContaining("no such line");
    }

    @Test
    void theSessionCookieIsOutOfReachOfScripts() {
        JsonPath challenge = browser.challenge(wallet.address().text(), "/");
        String cookie = browser.verify(challenge.getString("nonce"), Browser.sign(wallet, challenge.getString("message")))
                .headers().getValues("Set-Cookie").stream().filter(c -> c.startsWith("farthing_session=")).findFirst()
                .orElseThrow();
        assertThat(cookie).contains("HTTPOnly").contains("SameSite=Lax").contains("Path=/").doesNotContain("Secure");
    }

    @Test
    void signingOutEndsTheSessionOnTheServer() {
        browser.signIn(wallet);
        browser.form("/account").post("/sign-out").then().statusCode(303);
        browser.request().get("/account").then().statusCode(303).header("Location", containsString("/sign-in?next=%2Faccount"));
    }

    @Test
    void aNonceCountsOnceEvenInParallel() throws Exception {
        JsonPath challenge = browser.challenge(wallet.address().text(), "/");
        String nonce = challenge.getString("nonce");
        String signature = Browser.sign(wallet, challenge.getString("message"));
        int signedIn = 0;
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            List<Future<Boolean>> attempts = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                attempts.add(threads.submit(() -> {
                    try {
                        signIn.finish(nonce, signature);
                        return true;
                    } catch (SignInRefused.ReusedNonce expected) {
                        return false;
                    }
                }));
            }
            for (Future<Boolean> attempt : attempts) {
                signedIn += attempt.get() ? 1 : 0;
            }
        }
        assertThat(signedIn).isEqualTo(1);
        browser.verify(nonce, signature).then().statusCode(401).contentType("application/problem+json")
                .body("code", equalTo("reused_nonce")).body("detail", containsString("again"));
    }

    @Test
    void anotherWalletsSignatureIsRefusedAndUsesTheNonceUp() {
        JsonPath challenge = browser.challenge(wallet.address().text(), "/");
        SigningKey other = SigningKey.generate(new SecureRandom());
        String nonce = challenge.getString("nonce");
        browser.verify(nonce, Browser.sign(other, challenge.getString("message"))).then().statusCode(401)
                .body("code", equalTo("wrong_signer")).body("detail", containsString(other.address().text()));
        browser.verify(nonce, Browser.sign(wallet, challenge.getString("message"))).then().statusCode(401)
                .body("code", equalTo("reused_nonce"));
    }

    @Test
    void aLateSignatureIsRefused() {
        SignIn late = new SignIn(Clock.offset(Clock.systemUTC(), Duration.ofMinutes(8)), site, config, accounts, contracts,
                31337);
        SignIn.Challenge challenge = signIn.begin(wallet.address(), "/");
        assertThatThrownBy(() -> late.finish(challenge.nonce(), Browser.sign(wallet, challenge.message())))
                .isInstanceOf(SignInRefused.Expired.class);
    }

    @Test
    void malformedInputIsNamed() {
        browser.form("/sign-in").accept("application/json").formParam("address", "wren.eth").post("/sign-in/challenge").then()
                .statusCode(400).body("code", equalTo("malformed_address")).body("param", equalTo("address"))
                .body("title", equalTo("Malformed address"));
        String nonce = browser.challenge(wallet.address().text(), "/").getString("nonce");
        browser.verify(nonce, "0x1234").then().statusCode(400).body("code", equalTo("malformed_signature"));
        browser.verify("never-given", "0x1234").then().statusCode(401).body("code", equalTo("unknown_nonce"));
    }

    @Test
    void aVisitThatANeighbourPlantedMakesNoFormOfASession() {
        var mallory = given().accept("text/html").get("/sign-in");
        String visit = mallory.getCookie("farthing_visit");
        String token = mallory.asString().replaceAll("(?s).*?(?:name=\"_csrf\" value|data-csrf)=\"([^\"]+)\".*", "$1");
        Browser victim = new Browser().signIn(wallet);
        victim.request().cookie("farthing_visit", visit).contentType("application/x-www-form-urlencoded")
                .formParam("_csrf", token).formParam("name", "Taken").post("/account").then().statusCode(403);
    }

    @Test
    void whatIsNoAddressLeadsToTheFirstPage() {
        assertThat(SignIn.ownAddress("/models?q=small%20ones")).hasToString("/models?q=small%20ones");
        assertThat(SignIn.ownAddress("/models?q=small ones")).hasToString("/");
        assertThat(SignIn.ownAddress("//example.org")).hasToString("/");
    }

    @Test
    void onlyPagesOfThisSiteComeNext() {
        for (String foreign : new String[] { "https://example.org/", "//example.org", "/\\example.org", "javascript:alert(1)",
                "" }) {
            SignIn.Challenge challenge = signIn.begin(wallet.address(), foreign);
            assertThat(signIn.finish(challenge.nonce(), Browser.sign(wallet, challenge.message())).next()).isEqualTo("/");
        }
    }

    @Test
    void aFormWithoutItsTokenDoesNothing() {
        browser.signIn(wallet);
        browser.request().contentType("application/x-www-form-urlencoded").formParam("name", "stolen").post("/account").then()
                .statusCode(403).contentType("text/html").body(containsString("did not carry the token"));
        String foreignToken = new Browser().csrf("/sign-in");
        browser.request().contentType("application/x-www-form-urlencoded").formParam("_csrf", foreignToken)
                .formParam("name", "stolen").post("/account").then().statusCode(403);
        given().accept("application/json").contentType("application/x-www-form-urlencoded").post("/sign-in/challenge").then()
                .statusCode(403).contentType("application/problem+json").body("code", equalTo("form_not_accepted"));
        browser.request().header("X-Csrf-Token", browser.csrf("/account")).post("/sign-out").then().statusCode(303);
        assertThat(accounts.handleOf(accounts.of(wallet.address()))).startsWith("wallet-");
    }

    @Test
    void aHandleFollowsItsRules() {
        browser.signIn(wallet);
        for (String[] bad : new String[][] { { "ab", "3 to 32" }, { "Big Name", "lower-case" }, { "-x-y", "lower-case" },
                { "admin", "reserved" }, { "wren", "Somebody else" } }) {
            browser.form("/account").formParam("name", bad[0]).post("/account").then().statusCode(422)
                    .body(containsString(bad[1]));
        }
        String handle = "finch-" + wallet.address().text().substring(2, 10).toLowerCase();
        browser.form("/account").formParam("name", handle).post("/account").then().statusCode(303);
        browser.request().get("/account?saved=true").then().body(allOf(containsString(handle), containsString("Saved.")));
        assertThat(accounts.byHandle(handle)).contains(accounts.of(wallet.address()));
    }

    @Test
    void theDemoPeopleCanSignInWithTheKeysOnThePage() throws Exception {
        String page = given().get("/sign-in").then().statusCode(200).extract().asString();
        assertThat(accounts.handleOf(demo.developer())).isEqualTo("wren");
        assertThat(List.of(demo.developer(), demo.contributor(), demo.caller())).doesNotHaveDuplicates();
        for (Demo.Person person : Demo.Person.values()) {
            SigningKey key = demo.key(person);
            assertThat(page).contains(key.secretHex()).contains("data-demo=\"" + key.address() + "\"");
            Path file = data.resolve("keys").resolve("demo-" + person.handle);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-------");
        }
        browser.signIn(demo.key(Demo.Person.DEVELOPER)).request().get("/account").then().body(containsString("value=\"wren\""));
        assertThat(accounts.of(demo.key(Demo.Person.DEVELOPER).address())).isEqualTo(demo.developer());
    }

    @Test
    void aSignedInPersonSeesWhoTheyAre() {
        browser.request().get("/sign-in").then().body(not(containsString("Sign out")));
        browser.signIn(wallet).request().get("/keys").then().statusCode(200).contentType(startsWith("text/html"))
                .body(containsString("Sign out"));
    }

    @Test
    void aWalletThatIsAContractSignsInWithASignatureOfItsOwnForm() throws Exception {
        SigningKey owner = TestChain.fundedKey();
        Address contract = TestChain.deploy(owner, "/Wallet.json");
        JsonPath challenge = browser.challenge(contract.text(), "/keys");
        byte[] message = challenge.getString("message").getBytes(StandardCharsets.UTF_8);
        byte[] digest = Keccak.hash(("\u0019Ethereum Signed Message:\n" + message.length).getBytes(StandardCharsets.UTF_8),
                message);
        String selector = HexFormat.of().formatHex(Keccak.hash("accept(bytes32)"), 0, 4);
        TestChain.send(owner, contract, selector + HexFormat.of().formatHex(digest));
        browser.verify(challenge.getString("nonce"), "0x" + "ab".repeat(200)).then().statusCode(200)
                .body("next", equalTo("/keys"));
        browser.request().get("/account").then().statusCode(200).body(containsString(contract.text()));
    }

    @Test
    void aContractThatDoesNotAcceptIsNotSignedIn() throws Exception {
        Address contract = TestChain.deploy(TestChain.fundedKey(), "/Wallet.json");
        JsonPath challenge = browser.challenge(contract.text(), "/");
        browser.verify(challenge.getString("nonce"), Browser.sign(wallet, challenge.getString("message"))).then()
                .statusCode(401).body("code", equalTo("wrong_signer"));
    }
}
