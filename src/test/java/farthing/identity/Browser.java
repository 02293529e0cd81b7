package farthing.identity;

import static io.restassured.RestAssured.given;

import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import farthing.chain.SigningKey;
import io.restassured.filter.cookie.CookieFilter;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;

/** A browser with a wallet, as far as the server can tell. */
public class Browser {

    private static final Pattern TOKEN = Pattern.compile("(?:name=\"_csrf\" value|data-csrf)=\"([^\"]+)\"");

    private final CookieFilter cookies = new CookieFilter();

    public RequestSpecification request() {
        return given().filter(cookies).redirects().follow(false).accept("text/html");
    }

    /** The token that a form of the page carries. */
    public String csrf(String page) {
        Matcher found = TOKEN.matcher(request().get(page).then().statusCode(200).extract().asString());
        if (!found.find()) {
            throw new AssertionError("no form on " + page);
        }
        return found.group(1);
    }

    public RequestSpecification form(String page) {
        return request().contentType("application/x-www-form-urlencoded; charset=UTF-8").formParam("_csrf", csrf(page));
    }

    JsonPath challenge(String address, String next) {
        return form("/sign-in").accept("application/json").formParam("address", address).formParam("next", next)
                .post("/sign-in/challenge").then().statusCode(200).extract().jsonPath();
    }

    Response verify(String nonce, String signature) {
        return form("/sign-in").accept("application/json").formParam("nonce", nonce).formParam("signature", signature)
                .post("/sign-in/verify");
    }

    public Browser signIn(SigningKey wallet) {
        JsonPath challenge = challenge(wallet.address().text(), "/");
        verify(challenge.getString("nonce"), sign(wallet, challenge.getString("message"))).then().statusCode(200);
        return this;
    }

    /** Links another wallet to the account that is signed in. */
    public Browser link(SigningKey wallet) {
        JsonPath challenge = form("/account").accept("application/json").formParam("address", wallet.address().text())
                .post("/account/wallets/challenge").then().statusCode(200).extract().jsonPath();
        form("/account").accept("application/json").formParam("nonce", challenge.getString("nonce"))
                .formParam("signature", sign(wallet, challenge.getString("message"))).post("/account/wallets/verify").then()
                .statusCode(200);
        return this;
    }

    static String sign(SigningKey wallet, String message) {
        return "0x" + HexFormat.of().formatHex(wallet.signPersonal(message));
    }
}
