package farthing.identity;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.not;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import jakarta.inject.Inject;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import farthing.TestChain;
import farthing.TestDatabase;
import farthing.chain.Address;
import farthing.chain.Keccak;
import farthing.chain.SigningKey;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.path.json.JsonPath;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;

/** What somebody does on /account: wallets, tokens, leaving; and what a token and an operator do by the API. */
@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class AccountPagesTest {

    @Inject
    Accounts accounts;
    @Inject
    Wallets wallets;
    @Inject
    Roles roles;
    @Inject
    PersonalTokens tokens;
    @Inject
    Demo demo;

    private final SigningKey wallet = fresh();
    private final Browser browser = new Browser();
    private AccountId account = new AccountId(0);

    @BeforeEach
    void signedIn() {
        browser.signIn(wallet);
        account = accounts.of(wallet.address());
    }

    @Test
    void anotherWalletIsLinkedByItsSignatureAndSignsInFromThenOn() {
        SigningKey other = fresh();
        JsonPath challenge = begin(browser, other.address());
        assertThat(challenge.getString("message")).contains("Link this wallet to the account " + accounts.handleOf(account))
                .contains("moves no money").containsPattern("\nRequest ID: \\S{22}$");
        finish(browser, challenge, other).statusCode(200).body("next", equalTo("/account?done=linked#wallets"));
        browser.request().get("/account?done=linked").then()
                .body(allOf(containsString(other.address().text()), containsString("The wallet is linked")));
        assertThat(accounts.walletsOf(account)).containsExactly(wallet.address(), other.address());
        assertThat(new Browser().signIn(other).request().get("/account").asString())
                .contains("value=\"" + accounts.handleOf(account) + "\"");
        finish(browser, begin(browser, other.address()), other).statusCode(409).body("code", equalTo("wallet_linked"));
    }

    @Test
    void aWalletOfAnotherAccountIsRefused() {
        SigningKey other = fresh();
        new Browser().signIn(other);
        finish(browser, begin(browser, other.address()), other).statusCode(409).body("code", equalTo("wallet_taken"))
                .body("detail", containsString("one account only"));
        assertThat(accounts.walletsOf(account)).containsExactly(wallet.address());
    }

    @Test
    void aMessageCountsForItsAccountItsSessionAndItsPurposeAlone() {
        SigningKey other = fresh();
        Browser elsewhere = new Browser().signIn(wallet);
        finish(elsewhere, begin(browser, other.address()), other).statusCode(401).body("code", equalTo("unknown_nonce"));
        Browser stranger = new Browser().signIn(fresh());
        finish(stranger, begin(browser, other.address()), other).statusCode(401).body("code", equalTo("unknown_nonce"));
        JsonPath link = begin(browser, other.address());
        browser.verify(link.getString("nonce"), Browser.sign(other, link.getString("message"))).then().statusCode(401)
                .body("code", equalTo("unknown_nonce"));
        JsonPath signIn = browser.challenge(other.address().text(), "/");
        finish(browser, signIn, other).statusCode(401).body("code", equalTo("unknown_nonce"));
        JsonPath forged = begin(browser, other.address());
        finish(browser, forged, fresh()).statusCode(401).body("code", equalTo("wrong_signer"));
        finish(browser, forged, other).statusCode(401).body("code", equalTo("reused_nonce"));
        assertThat(accounts.walletsOf(account)).containsExactly(wallet.address());
    }

    @Test
    void aWalletThatIsAContractIsLinkedToo() throws Exception {
        SigningKey owner = TestChain.fundedKey();
        Address contract = TestChain.deploy(owner, "/Wallet.json");
        JsonPath challenge = begin(browser, contract);
        byte[] message = challenge.getString("message").getBytes(StandardCharsets.UTF_8);
        byte[] digest = Keccak.hash(("\u0019Ethereum Signed Message:\n" + message.length)
                .getBytes(StandardCharsets.UTF_8), message);
        TestChain.send(owner, contract,
                HexFormat.of().formatHex(Keccak.hash("accept(bytes32)"), 0, 4) + HexFormat.of().formatHex(digest));
        browser.form("/account").accept("application/json").formParam("nonce", challenge.getString("nonce"))
                .formParam("signature", "0x" + "ab".repeat(200)).post("/account/wallets/verify").then().statusCode(200);
        assertThat(accounts.walletsOf(account)).contains(contract);
    }

    @Test
    void thePayoutWalletStaysUntilAnotherIsChosen() {
        Address other = fresh().address();
        wallets.link(account, other);
        Browser elsewhere = new Browser().signIn(wallet);
        String unlink = "/account/wallets/" + wallet.address() + "/unlink";
        browser.request().get(unlink).then().statusCode(200)
                .body(allOf(containsString("You are paid at this wallet"), not(containsString("Unlink wallet"))));
        browser.form("/account").post(unlink).then().statusCode(409).body(containsString("choose to be paid there"));

        browser.form("/account").post("/account/wallets/" + other + "/payout").then().statusCode(303);
        assertThat(accounts.walletOf(account)).isEqualTo(other);
        browser.request().get("/account?done=paid").then()
                .body(containsString("Versions published from now on pay this wallet"));
        browser.form(unlink).post(unlink).then().statusCode(303);
        assertThat(accounts.walletsOf(account)).containsExactly(other);
        browser.request().get("/account").then().statusCode(200);
        elsewhere.request().get("/account").then().statusCode(303);
        browser.request().get(unlink).then().statusCode(404).body(containsString("No such wallet is linked"));
        assertThat(accounts.of(wallet.address())).isNotEqualTo(account);
    }

    @Test
    void nobodyTouchesTheWalletsOfAnother() {
        Address other = fresh().address();
        wallets.link(account, other);
        Browser stranger = new Browser().signIn(fresh());
        for (String what : List.of("/payout", "/unlink")) {
            stranger.form("/account").post("/account/wallets/" + other + what).then().statusCode(404);
        }
        assertThat(accounts.walletsOf(account)).containsExactly(wallet.address(), other);
    }

    @Test
    void theFirstWalletOfAnAccountIsWhereItIsPaid() {
        AccountId organisation = accounts.create("ada");
        Address first = fresh().address();
        wallets.link(organisation, first);
        assertThat(accounts.walletOf(organisation)).isEqualTo(first);
    }

    @Test
    void aTokenIsShownOnceWithCommandsThatCarryIt() {
        String page = browser.form("/account").formParam("name", "build <server>").formParam("scopes", "read", "publish")
                .formParam("expires", "").post("/account/tokens").then().statusCode(200).header("Cache-Control", "no-store")
                .extract().asString();
        Matcher secret = Pattern.compile("fp_[0-9A-Za-z]{49}").matcher(page);
        assertThat(secret.find()).isTrue();
        assertThat(page).contains("/api/models").contains("./farthing publish wallet-").contains("build &lt;server&gt;");
        browser.request().get("/account").then()
                .body(allOf(not(containsString(secret.group())), containsString(secret.group().substring(0, 7)),
                        containsString("read, publish"), containsString("never")));
        bearer(secret.group()).get("/api/account").then().statusCode(200)
                .body("handle", equalTo(accounts.handleOf(account))).body("paidAt", equalTo(wallet.address().text()))
                .body("wallets", contains(wallet.address().text())).body("scopes", contains("read", "publish"))
                .body("roles", equalTo(List.of()));

        Matcher revoke = Pattern.compile("/account/tokens/\\d+/revoke").matcher(page);
        assertThat(revoke.find()).isTrue();
        browser.request().get(revoke.group()).then().body(containsString("cannot be undone"));
        new Browser().signIn(fresh()).request().get(revoke.group()).then().statusCode(404);
        browser.form(revoke.group()).post(revoke.group()).then().statusCode(303);
        browser.request().get("/account").then().body(containsString("1 revoked or expired token is not shown"));
        bearer(secret.group()).get("/api/account").then().statusCode(401).body("code", equalTo("ended_token"))
                .body("next.href", equalTo("/account"));
    }

    @Test
    void everyFieldOfATokenHasItsError() {
        String page = browser.form("/account").formParam("name", " ").formParam("expires", "2020-01-01").post("/account/tokens")
                .then().statusCode(422).extract().asString();
        assertThat(page).contains("Give the token a name.").contains("Choose at least one")
                .contains("Choose today or a later day.")
                .contains("No token was created");
        assertThat(tokens.of(account)).isEmpty();
    }

    @Test
    void anAccountLeavesByItselfAndAnOperatorBringsItBack() {
        browser.request().get("/account/deactivate").then().body(containsString("Only an operator"));
        browser.form("/account/deactivate").post("/account/deactivate").then().statusCode(303);
        browser.request().get("/account").then().statusCode(303);
        String handle = accounts.handleOf(account);
        String operator = tokens.create(demo.operator(), "operator", Set.of(Scope.READ, Scope.MANAGE), null).secret();
        bearer(operator).post("/api/accounts/" + handle + "/reactivate").then().statusCode(204);
        browser.signIn(wallet).request().get("/account").then().statusCode(200);
        new Browser().signIn(demo.key(Demo.Person.OPERATOR)).form("/account/deactivate").post("/account/deactivate").then()
                .statusCode(409).body(containsString("only operator"));
    }

    @Test
    void operatorsManageAccountsAndNobodyElse() {
        String handle = accounts.handleOf(account);
        String mine = tokens.create(account, "mine", Set.of(Scope.MANAGE), null).secret();
        bearer(mine).contentType("application/json").body("{\"why\": \"Spite.\"}").post("/api/accounts/wren/deactivate").then()
                .statusCode(403).body("code", equalTo("wrong_role"));
        String operator = tokens.create(demo.operator(), "operator", Set.of(Scope.MANAGE), null).secret();
        bearer(operator).put("/api/accounts/" + handle + "/roles/curator").then().statusCode(204);
        assertThat(roles.of(account)).isEqualTo(Set.of(Role.CURATOR));
        browser.request().accept("application/json").get("/api/account").then().body("roles", hasItem("curator"));
        bearer(operator).delete("/api/accounts/" + handle + "/roles/curator").then().statusCode(204);
        bearer(operator).put("/api/accounts/" + handle + "/roles/king").then().statusCode(404);
        bearer(operator).contentType("application/json").body("{}").post("/api/accounts/" + handle + "/deactivate").then()
                .statusCode(422).body("code", equalTo("reason_missing")).body("param", equalTo("why"));
        bearer(operator).contentType("application/json").body("{\"why\": \"Sold what was not its own.\"}")
                .post("/api/accounts/" + handle + "/deactivate").then().statusCode(204);
        bearer(mine).get("/api/account").then().statusCode(403).body("code", equalTo("account_deactivated"))
                .body("detail", containsString("Sold what"));
        bearer(operator).post("/api/accounts/nobody-at-all/reactivate").then().statusCode(404);
        given().post("/api/accounts/" + handle + "/reactivate").then().statusCode(401).body("code", equalTo("missing_token"));
    }

    @Test
    void theDescriptionNamesWhatProgramsUse() {
        JsonPath description = given().accept("application/json").get("/q/openapi").then().statusCode(200).extract().jsonPath();
        assertThat(description.getString("info.title")).isEqualTo("Farthing");
        assertThat(description.getMap("paths").keySet()).allMatch(path -> path.toString().matches("/(api|v1|v2)/.*"));
        assertThat(description.getMap("components.securitySchemes")).containsKeys("apiKey", "token");
        assertThat(description.getList("paths.'/api/account'.get.security").toString()).contains("token");
    }

    private static RequestSpecification bearer(String secret) {
        return given().header("Authorization", "Bearer " + secret);
    }

    private static SigningKey fresh() {
        return SigningKey.generate(new SecureRandom());
    }

    private static JsonPath begin(Browser browser, Address wallet) {
        return browser.form("/account").accept("application/json").formParam("address", wallet.text())
                .post("/account/wallets/challenge").then().statusCode(200).extract().jsonPath();
    }

    private static ValidatableResponse finish(Browser browser, JsonPath challenge, SigningKey wallet) {
        return browser.form("/account").accept("application/json").formParam("nonce", challenge.getString("nonce"))
                .formParam("signature", Browser.sign(wallet, challenge.getString("message"))).post("/account/wallets/verify")
                .then();
    }
}
