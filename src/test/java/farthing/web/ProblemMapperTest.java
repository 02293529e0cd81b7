package farthing.web;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.startsWith;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import farthing.TestDatabase;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.ValidatableResponse;

@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class ProblemMapperTest {

    @Test
    void aProblemIsAPageForABrowser() {
        given().accept("text/html").get("/failing/problem").then().statusCode(429).contentType("text/html")
                .header("Retry-After", "60").body(allOf(containsString("Out of stock"), containsString("There is none left."),
                        containsString("href=\"/models\""), containsString("See others")));
    }

    @Test
    void aProblemIsProblemJsonForAProgram() {
        for (String[] who : new String[][] { { "/api", "*/*" }, { "", "application/json" } }) {
            given().accept(who[1]).get(who[0] + "/failing/problem").then().statusCode(429)
                    .contentType("application/problem+json").header("Retry-After", "60")
                    .body("type", equalTo("urn:farthing:problem:out_of_stock")).body("title", equalTo("Out of stock"))
                    .body("status", equalTo(429)).body("detail", startsWith("There is none left"))
                    .body("param", equalTo("model"));
        }
    }

    @Test
    void aProblemHasOpenAisShapeOnTheCallApi() {
        given().accept("text/html").get("/v1/failing/problem").then().statusCode(429).contentType("application/json")
                .body("error.message", startsWith("There is none left")).body("error.type", equalTo("rate_limit_error"))
                .body("error.param", equalTo("model")).body("error.code", equalTo("out_of_stock"));
        given().get("/v1/failing/wrapped").then().statusCode(429);
    }

    @Test
    void anUnexpectedFailureShowsAnIdAndNothingElse() {
        given().get("/v1/failing/unexpected").then().statusCode(500).body("error.type", equalTo("server_error"))
                .body("error.message", allOf(matchesPattern(".*logged as [0-9a-f]{8};.*"), not(containsString("swordfish"))));
        given().accept("text/html").get("/failing/unexpected").then().statusCode(500).contentType("text/html")
                .body(allOf(containsString("logged as"), not(containsString("swordfish")), not(containsString("Exception"))));
        given().get("/api/failing/unexpected").then().statusCode(500).body("code", equalTo("internal_error"));
    }

    @Test
    void anAddressThatIsNotThereIsAnsweredInItsShape() {
        given().accept("text/html").get("/nowhere").then().statusCode(404).contentType("text/html")
                .body(containsString("There is nothing at /nowhere."));
        given().get("/v1/nowhere").then().statusCode(404).body("error.code", equalTo("not_found"));
        given().get("/api/nowhere").then().statusCode(404).contentType("application/problem+json");
    }

    @Test
    void theWrongMethodNamesTheRightOne() {
        given().get("/v1/failing/body").then().statusCode(405)
                .body("error.code", equalTo("method_not_allowed")).body("error.message", containsString("POST"));
    }

    @Test
    void theWrongContentTypeIsNamed() {
        given().contentType("text/plain").body("x").post("/v1/failing/body").then().statusCode(415)
                .body("error.message", containsString("application/json"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"model":           | malformed_json       |          | line 1
            [1,2]               | malformed_json       |          | JSON object
            {"tokens":"many"}   | wrong_parameter_type | tokens   | a whole number
            {"tokens":{}}       | wrong_parameter_type | tokens   | a whole number
            {"model":[1]}       | wrong_parameter_type | model    | a string
            {"parts":3}         | wrong_parameter_type | parts    | a list
            {"parts":[{"size":1},{"size":"x"}]} | wrong_parameter_type | parts[1].size | a whole number
            """)
    void aBodyThatCannotBeReadIsAnsweredAtItsField(String body, String code, String param, String words) {
        ValidatableResponse answer = given().contentType("application/json").body(body).post("/v1/failing/body").then()
                .statusCode(400).body("error.code", equalTo(code)).body("error.message", containsString(words));
        answer.body("error.param", param == null ? nullValue() : equalTo(param));
    }

    @Test
    void aParameterOfTheWrongTypeOrOutOfRangeIs400() {
        given().get("/v1/failing/number?n=x").then().statusCode(400).body("error.code", equalTo("wrong_parameter_type"));
        given().get("/v1/failing/number?n=9").then().statusCode(400).body("error.code", equalTo("invalid_value"))
                .body("error.param", equalTo("n"));
    }

    @Test
    void aPageOfSomebodyLeadsThroughSignInAndBack() {
        given().redirects().follow(false).accept("text/html").get("/failing/mine").then().statusCode(303).header("Location",
                containsString("/sign-in?next=%2Ffailing%2Fmine%3Fa%3Db"));
        given().accept("application/json").get("/failing/mine").then().statusCode(401).body("code", equalTo("sign_in_first"));
    }

    @Test
    void aBodyBeyondTheLimitIs413InItsShape() {
        given().contentType("application/json").body("\"" + "x".repeat(11 << 20) + "\"").post("/v1/failing/body").then()
                .statusCode(413).body("error.code", equalTo("too_large"));
    }

    @Test
    void everyAnswerCarriesTheSecurityHeaders() {
        for (String path : new String[] { "/sign-in", "/failing/problem", "/assets/dist/app.css", "/v1/nowhere" }) {
            given().get(path).then().header("X-Content-Type-Options", "nosniff")
                    .header("Content-Security-Policy", containsString("frame-ancestors 'none'"))
                    .header("Content-Security-Policy", not(containsString("unsafe"))).header("Referrer-Policy", "same-origin")
                    .header("Strict-Transport-Security", nullValue());
        }
    }

    @Test
    void assetsAreServedForALongTime() {
        given().get("/assets/dist/app.css").then().statusCode(200).contentType("text/css").header("Cache-Control",
                containsString("immutable"));
        given().get("/assets/dist/none.css").then().statusCode(404).header("Cache-Control", not(containsString("immutable")));
        given().get("/sign-in").then().body(matchesPattern("(?s).*/assets/dist/app.css\\?v=[0-9a-f]{12}\".*"));
    }
}
