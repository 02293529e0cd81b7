package farthing.catalog;

import static farthing.catalog.Examples.DAY_1;
import static farthing.catalog.Examples.DAY_2;
import static farthing.catalog.Examples.DAY_3;
import static farthing.catalog.Examples.DEVELOPER;
import static farthing.catalog.Examples.FILES;
import static farthing.catalog.Examples.inputPrice;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;

import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;

import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import farthing.TestDatabase;
import farthing.artefact.Role;
import farthing.engine.PromptTemplate;
import farthing.engine.Task;
import farthing.identity.AllowedModels;
import farthing.identity.Demo;
import farthing.money.Price;
import farthing.money.Split;
import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;

@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class CatalogTest {

    @Inject
    Catalog catalog;
    @Inject
    Models models;
    @Inject
    Seeds seeds;
    @Inject
    Demo demo;
    @Inject
    EntityManager database;
    @Inject
    @ConfigProperty(name = "farthing.seed")
    Path folder;

    @Test
    void resolvesASeedToAllThatACallNeeds() {
        Listing kjv = catalog.resolve("wren/kjv");

        assertThat(kjv.model()).isEqualTo(new ModelId("wren", "kjv"));
        assertThat(kjv.label()).isEqualTo("1");
        assertThat(kjv.task()).isEqualTo(Task.COMPLETION);
        assertThat(kjv.loadable().template()).isEqualTo(PromptTemplate.PLAIN);
        assertThat(kjv.loadable().contextLength()).isEqualTo(192);
        assertThat(kjv.offer().price()).isEqualTo(new Price(100_000_000, 400_000_000, 0, 0));
        assertThat(kjv.offer().version()).isEqualTo(kjv.version());
        assertThat(kjv.split()).isEqualTo(new Split(7000, 0, 2000, 200, 800));
        assertThat(kjv.developer()).isEqualTo(demo.developer());
        assertThat(catalog.resolve("wren/kjv@1")).isEqualTo(kjv);
        assertThat(catalog.resolve("wren/minilm-l6-v2").loadable().files().file(Role.TOKENIZER)).isPresent();
    }

    @Test
    void listsEverySeedOnceHoweverOftenTheServerStarts() {
        List<String> progress = new ArrayList<>();
        seeds.plant(folder, demo.developer(), "wren", progress::add);

        assertThat(progress).isEmpty();
        assertThat(models.callable(Instant.now(), Optional.empty(), AllowedModels.ALL, Optional.empty(), 100))
                .extracting(Models.Named::called)
                .doesNotHaveDuplicates().contains(
                        "wren/kjv", "wren/minilm-l6-v2", "wren/minilm-l6-v2-int8", "wren/bge-small-en-v1.5-int8",
                        "wren/langdetect");
    }

    @Test
    void leavesOutASeedWhoseFilesAreMissing() {
        List<String> progress = new ArrayList<>();
        seeds.plant(Path.of("target/no-such-folder"), DEVELOPER, "nobody", progress::add);

        assertThat(progress).hasSize(5).allMatch(line -> line.contains("FARTHING_SEED"));
        assertThat(models.find(new ModelId("nobody", "kjv"))).isEmpty();
    }

    @Test
    void resolvesOnAVirtualThreadOutsideARequest() throws Exception {
        Callable<Listing> ask = () -> catalog.resolve("wren/langdetect");
        FutureTask<Listing> answer = new FutureTask<>(ask);
        Thread.ofVirtual().start(answer);

        assertThat(answer.get().task()).isEqualTo(Task.LANGUAGE_IDENTIFICATION);
    }

    @Test
    void namesWhatIsSimilarToAnUnknownModel() {
        assertUnknown("wren/kvj", "Did you mean wren/kjv?");
        assertUnknown("kjv", "Did you mean wren/kjv?");
        assertUnknown("wren/KJV", "Did you mean wren/kjv?");
        assertUnknown("wren/minilm", "wren/minilm-l6-v2");
        assertUnknown("wren/lang-detect", "Did you mean wren/langdetect?");
        assertUnknown("sentence-transformers/all-minilm-l6-v2", "wren/minilm-l6-v2");
        assertUnknown("acme/gpt-9000", "Models are named owner/name");
        assertUnknown("", "Models are named owner/name");
        assertUnknown("wren/\0' or 1=1 --", "There is no model");
        assertUnknown("x".repeat(100_000), "There is no model");
    }

    @Test
    void namesTheVersionsThereAre() {
        assertUnknown("wren/kjv@9", "The model wren/kjv has no version '9'. It has 1");
    }

    @Test
    void anOfferIsInForceFromItsDateUntilTheNext() {
        ModelId id = publish("dated", DAY_1, inputPrice(10));
        addOffer(id, DAY_3, 30);
        addOffer(id, DAY_2, 20);

        assertThat(priceAt(id, DAY_1)).isEqualTo(inputPrice(10));
        assertThat(priceAt(id, DAY_2.minusNanos(1000))).isEqualTo(inputPrice(10));
        assertThat(priceAt(id, DAY_2)).isEqualTo(inputPrice(20));
        assertThat(priceAt(id, DAY_3)).isEqualTo(inputPrice(30));
        assertThatThrownBy(() -> priceAt(id, DAY_1.minusSeconds(1))).isInstanceOf(UnknownModel.class);
    }

    @Test
    void aModelKeptInMemoryChangesItsPriceWhenTheClockReachesTheOffersDate() {
        ModelId id = publish("remembered", DAY_1, inputPrice(10));
        addOffer(id, DAY_2, 20);
        TurnedClock clock = new TurnedClock(DAY_1);
        Catalog remembering = new Catalog(models, clock);

        assertThat(remembering.resolve(id.toString()).offer().price()).isEqualTo(inputPrice(10));
        clock.now = DAY_2;
        assertThat(remembering.resolve(id.toString()).offer().price()).isEqualTo(inputPrice(20));
    }

    @Test
    void versionsAndOffersNeverChange() {
        for (String change : List.of("update offer set per_call = 1", "delete from offer", "update version set licence = 'x'",
                "delete from version_file")) {
            assertThatThrownBy(() -> QuarkusTransaction.requiringNew()
                    .run(() -> database.createNativeQuery(change).executeUpdate())).hasStackTraceContaining("never changes");
        }
    }

    private void assertUnknown(String asked, String says) {
        assertThatThrownBy(() -> catalog.resolve(asked)).isInstanceOfSatisfying(UnknownModel.class, problem -> {
            assertThat(problem.status()).isEqualTo(404);
            assertThat(problem.code()).isEqualTo("model_not_found");
            assertThat(problem.detail()).contains(says).hasSizeLessThan(400);
        });
    }

    private ModelId publish(String name, Instant now, Price price) {
        ModelId id = new ModelId("clockmaker", name);
        catalogAt(now).publish(DEVELOPER, Examples.PAYEE, id, Examples.embedding(name, "Tells the time.", price), FILES);
        return id;
    }

    private void addOffer(ModelId id, Instant from, long nanos) {
        QuarkusTransaction.requiringNew().run(() -> {
            Version version = models.find(id).orElseThrow().versions.getFirst();
            database.persist(new OfferRow(version, from, inputPrice(nanos)));
        });
    }

    private Price priceAt(ModelId id, Instant moment) {
        return catalogAt(moment).resolve(id.toString()).offer().price();
    }

    private Catalog catalogAt(Instant moment) {
        return new Catalog(models, Clock.fixed(moment, ZoneOffset.UTC));
    }

    private static class TurnedClock extends Clock {

        private Instant now;

        TurnedClock(Instant now) {
            this.now = now;
        }

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneOffset getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(java.time.ZoneId zone) {
            return this;
        }
    }
}
