package farthing.catalog;

import static farthing.catalog.Examples.DEVELOPER;
import static farthing.catalog.Examples.FILES;
import static farthing.catalog.Examples.inputPrice;
import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.not;

import jakarta.inject.Inject;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import farthing.TestDatabase;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.ValidatableResponse;

@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class CatalogPagesTest {

    @Inject
    Catalog catalog;

    @Test
    void theListShowsModelsAndFacets() {
        page("/models").statusCode(200).body(allOf(containsString("wren/kjv"), containsString("wren/langdetect"),
                containsString("name=\"task\" value=\"embedding\""), containsString("up to 10 MB")));
    }

    @Test
    void everythingChosenStandsInTheAddress() {
        page("/models?q=wren&task=embedding&licence=MIT&sort=price&page=1").statusCode(200)
                .body(allOf(containsString("wren/bge-small-en-v1.5-int8"), not(containsString("/models/wren/kjv\"")),
                        containsString("value=\"embedding\" checked"), containsString("value=\"price\" selected")));
    }

    @ParameterizedTest
    @ValueSource(strings = { "?sort=nonsense&page=-1&task=", "?page=99999999999", "?task=%00&q=%00", "?size=over+500+MB" })
    void anOddAddressStillShowsThePage(String query) {
        page("/models" + query).statusCode(200);
    }

    @Test
    void anEmptyResultSaysWhatToDo() {
        page("/models?q=zzzzqqqq").statusCode(200)
                .body(allOf(containsString("No model matches"), containsString("Show all models")));
    }

    @Test
    void theModelPageShowsItsFacts() {
        page("/models/wren/kjv").statusCode(200)
                .body(allOf(containsString("Style, not sense."), containsString("Not an assistant."),
                        containsString("llama.cpp"), containsString("$0.10"), containsString("$0.40"), containsString("70 %"),
                        containsString("1.75 million parameters, Q8_0")));
    }

    @Test
    void theWorkedExampleIsExact() {
        // 100 × $0.10 / 1e6 + 200 × $0.40 / 1e6 = 90,000 nanos
        page("/models/wren/kjv?in=100&out=200&calls=1000").statusCode(200)
                .body(allOf(containsString("value=\"90000\""), containsString("value=\"90000000\""), containsString("$0.09")));
        page("/models/wren/langdetect?in=3&calls=1").statusCode(200).body(containsString("value=\"6000\""));
        page("/models/wren/kjv?in=many").statusCode(200).body(containsString("Write a whole number"));
    }

    @ParameterizedTest
    @ValueSource(strings = { "wren/kjv", "wren/minilm-l6-v2", "wren/langdetect" })
    void everyTabRenders(String model) {
        for (String tab : new String[] { "card", "use", "versions", "data", "performance", "nonsense" }) {
            page("/models/" + model + "?tab=" + tab).statusCode(200);
        }
    }

    @Test
    void aModelWithoutCallsSaysSoRatherThanZeros() {
        catalog.publish(DEVELOPER, Examples.PAYEE, new ModelId("fresh", "uncalled"),
                Examples.embedding("uncalled", "Waits.", inputPrice(1)), FILES);
        page("/models/fresh/uncalled?tab=performance").statusCode(200)
                .body(allOf(containsString("No calls in the last 30 days"), containsString("No calls yet"),
                        not(containsString("0.00 ms"))));
    }

    @Test
    void comparesUpToFourModelsAndMarksWhatDiffers() {
        page("/compare?m=wren/kjv&m=wren/langdetect&m=wren/nobody&in=1000&out=100&calls=10").statusCode(200)
                .body(allOf(containsString("href=\"/models/wren/kjv\""), containsString("llama.cpp"),
                        containsString("Apache OpenNLP"), containsString("There is no model <code>wren/nobody</code>"),
                        // 10 × (1,000 × $0.10 + 100 × $0.40) / 1e6
                        containsString("value=\"1400000\""), containsString("differs")));
        page("/compare?m=wren/kjv&m=wren/kjv").statusCode(200).body(not(containsString("class=\"differs\"")));
        page("/compare?m=a/1&m=a/2&m=a/3&m=a/4&m=a/5").statusCode(200).body(containsString("Four models is the most"));
        page("/compare?m=%00&m=wren/kjv&in=x").statusCode(200).body(containsString("Write a whole number"));
        page("/compare").statusCode(200).body(containsString("Nothing to compare yet"));
    }

    @Test
    void moreMoneyThanCanBeCountedIsNoError() {
        catalog.publish(DEVELOPER, Examples.PAYEE, new ModelId("dear", "dearest"),
                Examples.embedding("dearest", "Costs ten dollars.", inputPrice(10_000_000_000L)), FILES);
        String most = "in=1000000&calls=1000000000";
        page("/models/dear/dearest?" + most).statusCode(200).body(containsString("more money than can be counted"));
        page("/compare?m=dear/dearest&m=wren/kjv&" + most).statusCode(200).body(containsString("more than can be counted"));
    }

    @Test
    void whatIsTickedToCompareStaysInTheAddress() {
        page("/models?q=langdetect&m=wren/kjv&m=wren/langdetect").statusCode(200)
                .body(allOf(containsString("href=\"/compare?m=wren/kjv&amp;m=wren/langdetect\""),
                        containsString("id=\"m-wren/kjv\""), containsString("Compare 2")));
    }

    @Test
    void nothingFoundSaysWhatToLoosen() {
        page("/models?q=kjv&engine=opennlp").statusCode(200).body(allOf(containsString("Engine: opennlp (1)"),
                containsString("“kjv” (1)"), containsString("href=\"/models?q=kjv\"")));
    }

    @Test
    void snippetsFitTheTask() {
        page("/models/wren/kjv?tab=use")
                .body(allOf(containsString("/v1/completions"), containsString("client.completions.create"),
                        containsString("$FARTHING_API_KEY")));
        page("/models/wren/minilm-l6-v2?tab=use").body(containsString("client.embeddings.create"));
        page("/models/wren/langdetect?tab=use").body(containsString("/v1/classify"));
    }

    @Test
    void aCardCannotBringMarkupAlong() {
        catalog.publish(DEVELOPER, Examples.PAYEE, new ModelId("mallory", "script"),
                Examples.embedding("script", "Tries <script>alert(2)</script>.", inputPrice(1)), FILES);
        page("/models/mallory/script").statusCode(200).body(
                allOf(not(containsString("<script>alert")), containsString("&lt;script&gt;alert(1)")));
    }

    @Test
    void anUnknownModelsPageNamesItsLikes() {
        page("/models/wren/kvj").statusCode(404)
                .body(allOf(containsString("Did you mean wren/kjv?"), containsString("href=\"/models/wren/kjv\"")));
    }

    @Test
    void listsModelsInOpenAisShape() {
        given().get("/v1/models").then().statusCode(200).body("object", equalTo("list"))
                .body("data.id", hasItems("wren/kjv", "wren/minilm-l6-v2"))
                .body("data.object", everyItem(equalTo("model"))).body("data.created", everyItem(greaterThan(1_000_000)))
                .body("data.find { it.id == 'wren/kjv' }.owned_by", equalTo("wren"));
    }

    @ParameterizedTest
    @ValueSource(strings = { "/v1/models/wren/kjv", "/v1/models/wren%2Fkjv", "/v1/models/wren/kjv@1" })
    void showsOneModelInOpenAisShape(String path) {
        given().urlEncodingEnabled(false).get(path).then().statusCode(200).body("id", equalTo("wren/kjv"))
                .body("object", equalTo("model")).body("owned_by", equalTo("wren"));
    }

    @Test
    void anUnknownModelIsAnErrorInOpenAisShape() {
        given().get("/v1/models/wren/kvj").then().statusCode(404).body("error.code", equalTo("model_not_found"))
                .body("error.param", equalTo("model")).body("error.message", containsString("Did you mean wren/kjv?"));
    }

    @Test
    void theFirstPageShowsACallThatWorksAndTheModels() {
        page("/").statusCode(200).body(allOf(containsString("/v1/completions"), containsString("wren/kjv")));
        page("/docs").statusCode(200).body(containsString("client.completions.create"));
        page("/docs/callers").statusCode(200).body(allOf(containsString("Idempotency-Key"), containsString("wren/kjv@1")));
        page("/docs/nothing").statusCode(404);
    }

    private static ValidatableResponse page(String path) {
        return given().accept("text/html").urlEncodingEnabled(false).get(path).then();
    }
}
