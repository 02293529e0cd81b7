package farthing.onchain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.nullValue;

import java.math.BigInteger;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

import jakarta.inject.Inject;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.web3j.crypto.Hash;
import org.web3j.crypto.StructuredDataEncoder;

import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.TestChain;
import farthing.TestDatabase;
import farthing.catalog.Catalog;
import farthing.catalog.VersionFacts;
import farthing.catalog.VersionId;
import farthing.chain.SigningKey;
import farthing.identity.Browser;
import farthing.identity.Demo;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.path.json.JsonPath;
import io.restassured.response.ValidatableResponse;

/** A developer signs as a wallet would, and the registry on a real chain takes it. */
@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class RecordsTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @Inject
    Catalog catalog;
    @Inject
    Demo demo;

    @Test
    void aVersionAndItsOfferAreStatedOnce() throws Exception {
        VersionId version = catalog.resolve("wren/langdetect").version();
        SigningKey wallet = demo.keyOf(demo.developer()).orElseThrow();
        Browser developer = new Browser().signIn(wallet);
        String page = "/records/" + version.value();
        new Browser().request().get(page).then().statusCode(404);
        developer.request().get(page).then().statusCode(200)
                .body(allOf(containsString("2 signatures"), containsString("Nothing is stated yet")));

        JsonPath asked = developer.request().accept("application/json").get("/api" + page).then().statusCode(200)
                .body("signer", equalTo(wallet.address().text())).extract().jsonPath();
        SigningKey other = SigningKey.generate(new SecureRandom());
        post(developer, page, signed(asked, other)).statusCode(422).body("detail",
                containsString("not by " + wallet.address()));
        Map<String, Object> late = signed(asked, wallet);
        late.put("deadline", 1_000_000);
        post(developer, page, late).statusCode(422).body("detail", containsString("deadline"));
        post(developer, page, signed(asked, wallet)).statusCode(202);
        post(developer, page, signed(asked, wallet)).statusCode(409).body("detail", containsString("stated already"));

        VersionFacts facts = catalog.facts(version).orElseThrow();
        String id = Hash.sha3(facts.payee().text() + HexFormat.of().formatHex("langdetect@1".getBytes("UTF-8")));
        await("the record and the offer", () -> {
            TestChain.mine(1);
            return number("offerOf(bytes32)", id).equals(BigInteger.ONE);
        });
        assertThat(word("recordOf(bytes32)", id, 0)).endsWith(facts.payee().text().substring(2).toLowerCase());
        assertThat(new BigInteger(word("offerOf(bytes32)", id, 4), 16))
                .isEqualTo(BigInteger.valueOf(facts.offers().getFirst().price().perItem()));
        await("the server to have seen it", () -> {
            TestChain.mine(1);
            return new Browser().request().get(page).asString().contains("final");
        });
        String shown = new Browser().request().get(page).then().statusCode(200).extract().asString();
        assertThat(shown).contains(id, "Offer 1", facts.payee().text()).doesNotContain("Sign and record");
        developer.request().accept("application/json").get("/api" + page).then().statusCode(200)
                .body("version", nullValue()).body("offers.size()", equalTo(0));
        assertThat(new Browser().request().get("/models/wren/langdetect?tab=versions").asString()).contains("href=\"" + page);
    }

    @Test
    void onlyItsDeveloperMayStateAVersion() {
        VersionId version = catalog.resolve("wren/kjv").version();
        Browser caller = new Browser().signIn(demo.keyOf(demo.caller()).orElseThrow());
        String page = "/records/" + version.value();
        caller.request().get(page).then().statusCode(404);
        caller.request().accept("application/json").get("/api" + page).then().statusCode(404);
        post(caller, page, Map.of("deadline", 1, "offers", List.of())).statusCode(404);
        new Browser().request().accept("application/json").get("/api" + page).then().statusCode(401);
    }

    private static ValidatableResponse post(Browser browser, String page, Map<String, Object> body) {
        return browser.request().accept("application/json").contentType("application/json")
                .header("X-Csrf-Token", browser.csrf("/account")).body(body).post("/api" + page).then();
    }

    /** From the typed data alone, by another library than the server's. */
    private static Map<String, Object> signed(JsonPath asked, SigningKey wallet) throws Exception {
        Map<String, Object> signed = new HashMap<>();
        signed.put("deadline", asked.getLong("deadline"));
        signed.put("version", sign(asked.getMap("version"), wallet));
        List<String> offers = new ArrayList<>();
        for (Map<String, Object> offer : asked.<Map<String, Object>> getList("offers")) {
            offers.add(sign(offer, wallet));
        }
        signed.put("offers", offers);
        return signed;
    }

    private static @Nullable String sign(@Nullable Map<String, Object> typed, SigningKey wallet) throws Exception {
        return typed == null ? null
                : "0x" + HexFormat.of().formatHex(
                        wallet.sign(new StructuredDataEncoder(JSON.writeValueAsString(typed)).hashStructuredData()));
    }

    private static BigInteger number(String function, String id) {
        return new BigInteger(word(function, id, 0), 16);
    }

    private static String word(String function, String id, int index) {
        String data = Hash.sha3String(function).substring(0, 10) + id.substring(2);
        String answer = TestChain
                .rpc("eth_call", Map.of("to", TestChain.deployment().registry().text(), "data", data), "latest")
                .asText();
        return answer.substring(2 + 64 * index, 2 + 64 * (index + 1));
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(String what, Condition condition) throws Exception {
        for (int i = 0; i < 300; i++) {
            if (condition.holds()) {
                return;
            }
            Thread.sleep(200);
        }
        throw new AssertionError("waited in vain for " + what);
    }
}
