package farthing.catalog;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.not;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

import jakarta.inject.Inject;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import ai.onnx.proto.OnnxMl;
import farthing.TestDatabase;
import farthing.blob.Blobs;
import farthing.blob.Digest;
import farthing.identity.Accounts;
import farthing.identity.Browser;
import farthing.identity.Role;
import farthing.identity.Roles;
import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.path.json.JsonPath;

@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class PublishTest {

    private static final Path KJV = Developer.SEEDS.resolve("kjv/kjv-q8_0.gguf");
    private static final Path MINILM = Developer.SEEDS.resolve("minilm-int8/all-minilm-l6-v2-q.onnx");
    private static final Path TOKENIZER = Developer.SEEDS.resolve("minilm-int8/all-minilm-l6-v2-q-tokenizer.json");

    @Inject
    Developer.Maker developers;
    @Inject
    Catalog catalog;
    @Inject
    Models models;
    @Inject
    Roles roles;
    @Inject
    Accounts accounts;
    @Inject
    PublicationRuns runs;
    @Inject
    Publisher publisher;
    @Inject
    Blobs blobs;
    @Inject
    Clock clock;

    private Developer ada;

    @BeforeEach
    void someone() {
        ada = developers.fresh();
    }

    @Test
    void aModelIsCheckedTriedAndListed() throws Exception {
        JsonPath listed = ada.published("psalter", Developer.version("completion", Map.of("model", ada.upload(KJV))));

        assertThat(listed.getString("state")).as(listed.prettify()).isEqualTo("listed");
        assertThat(listed.getString("version")).isEqualTo(ada.handle + "/psalter@1");
        assertThat(listed.getList("steps.state")).containsOnly("done");
        assertThat(listed.getString("trial")).matches("It read \\d+ tokens and wrote \\d+ in .*");
        Listing listing = catalog.resolve(ada.handle + "/psalter");
        assertThat(listing.loadable().contextLength()).isPositive();
        assertThat(listing.split().developer()).isEqualTo(7000);
        assertThat(catalog.published(listing.version()).payee()).isEqualTo(ada.wallet.address());
        assertThat(roles.has(ada.account, Role.DEVELOPER)).isTrue();

        String again = ada.upload(KJV);
        ada.publish("psalter", Developer.version("completion", Map.of("model", again))).then().statusCode(422)
                .body("errors[0].param", equalTo("files.model"), "errors[0].detail", containsString("same bytes as version 1"));
    }

    @Test
    void anOnnxModelComesWithItsTokenizer() throws Exception {
        JsonPath listed = ada.published("sentences", Developer.version("embedding",
                Map.of("model", ada.upload(MINILM), "tokenizer", ada.upload(TOKENIZER))));

        assertThat(listed.getString("state")).as(listed.prettify()).isEqualTo("listed");
        assertThat(listed.getString("trial")).contains("into 384 numbers each");
    }

    @Test
    void aPublicationThatAServerLeftBehindIsBegunAgain() throws Exception {
        String id = Publications.fresh();
        String kjv = ada.upload(KJV);
        String wish = ada.publish("left", Developer.version("completion", Map.of("model", kjv))).then().statusCode(202)
                .extract()
                .jsonPath().getString("id");
        ada.ended(wish);
        String other = ada.upload(KJV);
        QuarkusTransaction.requiringNew().run(() -> {
            String json = runs.findById(wish).wish.replace(kjv, other);
            runs.persist(new PublicationRun(id, ada.account, new ModelId(ada.handle, "after-restart"), json, clock.instant()));
        });

        assertThat(ada.ended(id).getString("version")).isEqualTo(ada.handle + "/after-restart@1");
    }

    @Test
    void whatIsWrongOrHostileIsRefusedInOneSentenceAndLeavesNothingBehind() throws Exception {
        byte[] kjv = Files.readAllBytes(KJV);
        Map<String, byte[]> wrong = new LinkedHashMap<>();
        wrong.put("text and no model", "This is a poem.\nIt has two lines.\n".getBytes(StandardCharsets.UTF_8));
        wrong.put("", Arrays.copyOf(kjv, kjv.length / 2));
        wrong.put("another file", external());
        wrong.put("pickle", "\u0080\u0004\u0095\u0010\0\0\0\0\0\0\0\u008c\u0005posix".getBytes(StandardCharsets.ISO_8859_1));
        wrong.put("archive", zip());
        for (Map.Entry<String, byte[]> each : wrong.entrySet()) {
            String upload = ada.upload("model.gguf", each.getValue());
            JsonPath refused = ada.published("wrong", Developer.version("completion", Map.of("model", upload)));
            assertThat(refused.getString("state")).as(each.getKey()).isEqualTo("refused");
            assertThat(refused.getString("refused.detail")).contains(each.getKey()).endsWith(".").hasSizeBetween(20, 300);
            assertThat(refused.getString("refused.param")).isEqualTo("files.model");
            assertThat(blobs.has(Digest.of(MessageDigest.getInstance("SHA-256").digest(each.getValue())))).isFalse();
        }
        JsonPath tokenizer = ada.published("wrong", Developer.version("embedding", Map.of("model", ada.upload(MINILM),
                "tokenizer", ada.upload("tokenizer.json", "{\"model\": {}}".getBytes(StandardCharsets.UTF_8)))));
        assertThat(tokenizer.getString("refused.param")).as(tokenizer.prettify()).isEqualTo("files.tokenizer");
        JsonPath task = ada.published("wrong", Developer.version("embedding", Map.of("model", ada.upload(KJV))));
        assertThat(task.getString("refused.param")).isEqualTo("task");
        assertThat(task.getString("refused.detail")).contains("'embedding'");

        ada.create("empty.gguf", 0, "").then().statusCode(422).body("detail", containsString("zero bytes"));
        ada.create("huge.gguf", 5L << 40, "").then().statusCode(413).body("detail", containsString("largest"));
        ada.create("../../etc/passwd", 10, "").then().statusCode(422).body("detail", containsString("holds a path"));
        String announced = ",checksum " + Base64.getEncoder()
                .encodeToString(("sha256 " + "ab".repeat(32)).getBytes(StandardCharsets.UTF_8));
        String changed = ada.create("changed.gguf", 3, announced).then().statusCode(201).extract().header("Location");
        assertThat(ada.append(changed, new byte[3]).body()).contains("was announced");
        ada.publish("wrong", Developer.version("completion", Map.of("model", changed.substring(changed.lastIndexOf('/') + 1))))
                .then().statusCode(422).body("param", equalTo("files.model"));

        assertThat(QuarkusTransaction.requiringNew().call(() -> models.of(ada.account))).isEmpty();
        assertThat(((Number) QuarkusTransaction.requiringNew().call(() -> models.getEntityManager().createNativeQuery(
                "select count(*) from upload where account = ?1 and state in ('RECEIVING', 'COMPLETE', 'PUBLISHED')")
                .setParameter(1, ada.account.value()).getSingleResult())).longValue()).isZero();
    }

    private static byte[] external() {
        var weights = OnnxMl.TensorProto.newBuilder().setName("w").setDataType(1).addDims(4)
                .setDataLocation(OnnxMl.TensorProto.DataLocation.EXTERNAL)
                .addExternalData(OnnxMl.StringStringEntryProto.newBuilder().setKey("location").setValue("/etc/passwd"));
        return OnnxMl.ModelProto.newBuilder().setIrVersion(8)
                .addOpsetImport(OnnxMl.OperatorSetIdProto.newBuilder().setVersion(13))
                .setGraph(OnnxMl.GraphProto.newBuilder().setName("g").addInitializer(weights)).build().toByteArray();
    }

    private static byte[] zip() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.putNextEntry(new ZipEntry("model.gguf"));
            zip.write(1);
        }
        return bytes.toByteArray();
    }

    @Test
    void everyFieldAtFaultHasItsSentence() {
        Map<String, Object> version = Developer.version("poetry", Map.of());
        version.put("purpose", "");
        version.put("licence", "Apache 2");
        version.put("split", Map.of("developer", 9000));
        ada.publish("faulty", version).then().statusCode(422).body("code", equalTo("invalid_listing"))
                .body("errors.find { it.param == 'task' }.detail", containsString("completion"))
                .body("errors.find { it.param == 'purpose' }.detail", containsString("one line"))
                .body("errors.find { it.param == 'licence' }.detail", containsString("Did you mean Apache-2.0"))
                .body("errors.find { it.param == 'split' }.detail", containsString("add 200"))
                .body("errors.find { it.param == 'files.model' }.detail", containsString("Upload the model"));
        ada.publish("Not A Name", version).then().statusCode(422).body("param", equalTo("name"))
                .body("errors.param", hasItem("licence"));
        ada.api().body(version).post("/api/models/wren/stolen/versions").then().statusCode(403).body("param", equalTo("owner"));
        given().contentType("application/json").body(version).post("/api/models/wren/x/versions").then().statusCode(401);
    }

    @Test
    void licencesAreThoseOfSpdx() {
        Licences licences = new Licences();
        assertThat(licences.fault("MIT")).isEmpty();
        assertThat(licences.fault("CC-BY-4.0")).isEmpty();
        assertThat(licences.fault("LicenseRef-mine")).isEmpty();
        assertThat(licences.fault("apache-2.0")).hasValueSatisfying(says -> assertThat(says).contains("Apache-2.0"));
        assertThat(licences.fault("MIT License")).hasValueSatisfying(says -> assertThat(says).contains("Did you mean MIT"));
        assertThat(licences.fault("ask me first, then we shall see")).hasValueSatisfying(says -> assertThat(says)
                .contains("spdx.org"));
    }

    @Test
    void aPriceRiseNeedsNoticeAndACutDoesNot() {
        ModelId id = listed("prices");
        String offers = "/api/models/" + id + "/offers";
        ada.api().body(Map.of("per_million_input_tokens", 20)).post(offers).then().statusCode(422)
                .body("param", equalTo("offer.from"), "detail", containsString("24 hours"));
        ada.api().body(Map.of("per_million_input_tokens", 5)).post(offers).then().statusCode(201).body("state",
                equalTo("in force"));
        Instant tomorrow = clock.instant().plus(Duration.ofHours(25));
        ada.api().body(Map.of("per_million_input_tokens", 20, "from", tomorrow.toString())).post(offers).then()
                .statusCode(201).body("state", equalTo("coming"));
        ada.api().body(Map.of("per_call", 0, "from", "2020-01-01T00:00:00Z")).post(offers).then().statusCode(422)
                .body("detail", containsString("over"));
        ada.api().body(Map.of("per_call", -1)).post(offers).then().statusCode(422)
                .body("param", equalTo("offer.per_call"));
        ada.api().get(offers).then().body("state", equalTo(List.of("coming", "in force", "over")));
        assertThat(catalog.resolve(id.toString()).offer().price()).isEqualTo(Examples.inputPrice(5));
        developers.fresh().api().body(Map.of("per_call", 0)).post(offers).then().statusCode(404);
    }

    @Test
    void aVersionThatIsStillToComeIsNoWayAroundTheNotice() {
        ModelId id = listed("stairs");
        Instant tomorrow = clock.instant().plus(Duration.ofHours(25));
        QuarkusTransaction.requiringNew().run(() -> models.list(ada.account, ada.wallet.address(), id,
                Examples.embedding("stairs", "Comes tomorrow.", Examples.inputPrice(10)), Examples.FILES, tomorrow,
                clock.instant()));
        catalog.changed(id);

        ada.api().body(Map.of("version", "2", "per_million_input_tokens", 1000)).post("/api/models/" + id + "/offers").then()
                .statusCode(422).body("param", equalTo("offer.from"));
        Map<String, Object> third = Developer.version("embedding", Map.of());
        ada.publish("stairs", third).then().statusCode(422).body("errors.find { it.param == 'offer.from' }.detail",
                containsString("dearer than version 1"));
        assertThat(catalog.resolve(id.toString()).offer().price()).isEqualTo(Examples.inputPrice(10));
        ada.api().body(Map.of("version", "2", "per_million_input_tokens", 9)).post("/api/models/" + id + "/offers").then()
                .statusCode(201);
        assertThat(catalog.resolve(id.toString()).label()).isEqualTo("2");
    }

    @Test
    void whatChangedWhileAPublicationWasUnderWayCounts() throws Exception {
        String renamed = left("mine", ada.upload(KJV), "somebody-else");
        assertThat(ada.ended(renamed).getString("refused.detail")).contains("name changed to " + ada.handle);

        String deleted = ada.upload(KJV);
        ada.api().header("Tus-Resumable", "1.0.0").delete("/api/uploads/" + deleted).then().statusCode(204);
        String vanished = left("vanished", deleted, ada.handle);
        assertThat(ada.ended(vanished).getString("refused.param")).isEqualTo("files.model");

        String upload = ada.upload(KJV);
        accounts.deactivate(ada.account, "A test.");
        left("gone", upload, ada.handle);
        try {
            for (long until = System.nanoTime() + Duration.ofSeconds(40).toNanos(); System.nanoTime() < until;) {
                if (QuarkusTransaction.requiringNew().call(() -> runs.underWay(ada.account)) == 0) {
                    break;
                }
                Thread.sleep(50);
            }
        } finally {
            accounts.reactivate(ada.account);
        }
        assertThat(QuarkusTransaction.requiringNew().call(() -> models.of(ada.account))).isEmpty();
    }

    /** As a server leaves it that ended. */
    private String left(String name, String upload, String owner) {
        String id = Publications.fresh();
        Wish wish = new Wish(Map.of(farthing.artefact.Role.MODEL, upload), null, farthing.engine.Task.COMPLETION, "Is late.",
                "# A card", "MIT", "By somebody.", "Made for a test.", Examples.inputPrice(1), null, Terms.USUAL_SPLIT, null,
                farthing.engine.PromptTemplate.PLAIN, farthing.engine.Pooling.MEAN, true);
        QuarkusTransaction.requiringNew().run(() -> runs.persist(
                new PublicationRun(id, ada.account, new ModelId(owner, name), runs.json(wish), clock.instant())));
        publisher.look();
        return id;
    }

    @Test
    void anUploadThatGoesDoesNotTakeAlongWhatAnotherVersionIsMadeOf() throws Exception {
        byte[] descriptor = ("{\"url\":\"https://models.example.org/v1\",\"model\":\"" + ada.handle + "\"}")
                .getBytes(StandardCharsets.UTF_8);
        Digest digest = Digest.of(MessageDigest.getInstance("SHA-256").digest(descriptor));
        Developer other = developers.fresh();
        String upload = other.upload("endpoint.json", descriptor);
        catalog.publish(ada.account, ada.wallet.address(), new ModelId(ada.handle, "endpoint"),
                Examples.embedding("endpoint", "Has the same bytes.", Examples.inputPrice(10)),
                List.of(new VersionFile(farthing.artefact.Role.MODEL, digest.hex(), descriptor.length)));

        other.api().header("Tus-Resumable", "1.0.0").delete("/api/uploads/" + upload).then().statusCode(204);
        assertThat(blobs.has(digest)).isTrue();
        blobs.delete(digest);
    }

    @Test
    void whoFindsAModel() {
        ModelId id = listed("seen");
        String manage = "/api/models/" + id;
        Developer other = developers.fresh();

        ada.api().body(Map.of("visibility", "private")).put(manage).then().statusCode(200).body("visibility",
                equalTo("private"));
        given().get("/v1/models/" + id).then().statusCode(404);
        given().get("/models/" + id).then().statusCode(404);
        given().get("/v1/models").then().body("data.id", not(hasItem(id.toString())));
        given().queryParam("q", ada.handle).get("/models").then().body(not(containsString(id + "\"")));
        given().get("/v1/models/" + ada.handle + "/sen").then().body("error.message", not(containsString(id.toString())));
        other.api().get(manage).then().statusCode(404);
        Browser browser = new Browser().signIn(ada.wallet);
        browser.request().get("/models/" + id).then().statusCode(200).body(containsString("This model is private"));
        assertThat(catalog.resolve(id.toString(), Optional.of(ada.account)).model()).isEqualTo(id);

        ada.api().body(Map.of("visibility", "unlisted")).put(manage).then().statusCode(200);
        given().get("/v1/models/" + id).then().statusCode(410).body("error.code", equalTo("model_unlisted"));
        given().accept("text/html").get("/models/" + id).then().statusCode(200).body(containsString("withdrawn"));

        ada.api().body(Map.of("visibility", "public", "deprecated", "Use wren/kjv.")).put(manage).then().statusCode(200);
        given().accept("text/html").get("/models/" + id).then().body(containsString("Deprecated: Use wren/kjv."));
        given().get("/v1/models/" + id).then().statusCode(200);

        accounts.deactivate(ada.account, "A test.");
        catalog.changed(id);
        given().get("/v1/models/" + id).then().statusCode(410);
        accounts.reactivate(ada.account);
    }

    @Test
    void theFormKeepsItsDraftAndShowsWhatItWouldEarn() {
        Browser browser = new Browser().signIn(ada.wallet);
        String csrf = browser.csrf("/publish");
        String draft = Publications.fresh();
        browser.request().contentType("application/json").header("X-Csrf-Token", csrf)
                .body(Map.of("name", "half-done", "purpose", "Is not </script> finished.")).put("/publish/drafts/" + draft)
                .then()
                .statusCode(204);
        browser.request().get("/publish?draft=" + draft).then().statusCode(200)
                .body(allOf(containsString("value=\"half-done\""), containsString("Is not &lt;/script&gt; finished.")));
        new Browser().signIn(developers.fresh().wallet).request().get("/publish?draft=" + draft).then().statusCode(404);
        Map<String, String> prices = new HashMap<>(Map.of("task", "completion", "per_million_input_tokens", "0.10",
                "per_million_output_tokens", "0.40", "split_developer", "70", "split_data_pool", "20", "split_validators",
                "2"));
        browser.form("/publish").formParams(prices).post("/publish/example").then().statusCode(200)
                .body(allOf(containsString("$0.045"), containsString("you get"), containsString("$0.031")));
        prices.put("per_call", "9999999");
        browser.form("/publish").formParams(prices).post("/publish/example").then().statusCode(200)
                .body(containsString("lower prices"));
        prices.put("per_call", "0");
        prices.put("split_developer", "60");
        browser.form("/publish").formParams(prices).post("/publish/example").then().body(containsString("add 10 %"));
        browser.form("/publish").formParam("card", "# Hi\n| a | b |\n|---|---|\n| 1 | <b>2</b> |\n\n[x](javascript:alert(1))")
                .post("/publish/preview").then()
                .body(allOf(containsString("<h2>Hi</h2>"), containsString("<table>"), containsString("&lt;b&gt;"),
                        not(containsString("javascript:"))));
        given().accept("text/html").get("/publish").then().statusCode(200).body(containsString("Sign in"));
    }

    @Test
    void anOwnerManagesAModelWithoutScript() {
        ModelId id = listed("managed");
        String page = "/models/" + id + "/manage";
        Browser browser = new Browser().signIn(ada.wallet);
        browser.request().get(page).then().statusCode(200).body(containsString("Announce a price"));
        browser.form(page).formParams(Map.of("version", "1", "per_million_input_tokens", "7", "from", ""))
                .post(page + "/offers")
                .then().statusCode(422).body(containsString("24 hours"));
        browser.form(page).formParams(Map.of("version", "1", "per_million_input_tokens", "0")).post(page + "/offers").then()
                .statusCode(303);
        browser.form(page).formParams(Map.of("purpose", "", "card", "Text")).post(page).then().statusCode(422)
                .body(containsString("one line"));
        browser.form(page).formParams(Map.of("purpose", "Better.", "visibility", "private")).post(page).then().statusCode(303);
        assertThat(QuarkusTransaction.requiringNew().call(() -> models.find(id).orElseThrow().visibility))
                .isEqualTo(Visibility.PRIVATE);
        new Browser().signIn(developers.fresh().wallet).request().get(page).then().statusCode(404);
        given().redirects().follow(false).accept("text/html").get(page).then().statusCode(303);
        listed("managed");
        ada.api().get("/api/models").then().body("", hasSize(1)).body("[0].versions.label", equalTo(List.of("2", "1")))
                .body("[0].versions[1].offers", hasSize(2));
    }

    private ModelId listed(String name) {
        ModelId id = new ModelId(ada.handle, name);
        catalog.publish(ada.account, ada.wallet.address(), id,
                Examples.embedding(name, "Is seen by some.", Examples.inputPrice(10)), Examples.FILES);
        return id;
    }
}
