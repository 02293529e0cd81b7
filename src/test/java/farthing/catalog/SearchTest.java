package farthing.catalog;

import static farthing.catalog.Examples.DEVELOPER;
import static farthing.catalog.Examples.FILES;
import static farthing.catalog.Examples.inputPrice;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import jakarta.inject.Inject;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import farthing.TestDatabase;
import farthing.catalog.Search.Found;
import farthing.catalog.Search.Order;
import farthing.catalog.Search.Wanted;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;

@QuarkusTest
@Tag("application")
@WithTestResource(TestDatabase.class)
class SearchTest {

    @Inject
    Search search;
    @Inject
    Catalog catalog;

    @ParameterizedTest
    @CsvSource({ "kjv, wren/kjv", "langd, wren/langdetect", "detect, wren/langdetect", "langauge, wren/langdetect",
            "mini, wren/minilm-l6-v2", "embeding, wren/minilm-l6-v2", "King James, wren/kjv",
            "retrieval, wren/bge-small-en-v1.5-int8",
            "clustering, wren/minilm-l6-v2", "WREN/KJV, wren/kjv", "bible, wren/kjv" })
    void findsByWordsPartsOfWordsAndMisspeltWords(String text, String expected) {
        assertThat(names(find(text, Map.of(), Order.BEST))).contains(expected);
    }

    @Test
    void putsTheModelThatIsNamedSoFirst() {
        assertThat(names(find("langdetect", Map.of(), Order.BEST))).startsWith("wren/langdetect");
        assertThat(names(find("bge", Map.of(), Order.BEST))).startsWith("wren/bge-small-en-v1.5-int8");
    }

    @ParameterizedTest
    @ValueSource(strings = { "zzzzqqqq", "100%", "_", "'", "& | ! ( :* <->", "\\", "\0" })
    void survivesWhateverIsTyped(String text) {
        assertThat(find(text, Map.of(), Order.NAME).total()).isBetween(0L, all());
    }

    @Test
    void everyFacetCountsEachModelOnce() {
        Found all = find("", Map.of(), Order.NAME);
        assertThat(all.total()).isGreaterThanOrEqualTo(5);
        all.counts().forEach((facet, counts) -> assertThat(sum(counts)).as(facet.label).isEqualTo(all.total()));

        Found embeddings = find("", Map.of(Facet.TASK, Set.of("embedding")), Order.NAME);
        assertThat(embeddings.models()).allMatch(model -> model.task().equals("embedding"));
        assertThat(embeddings.total()).isEqualTo(all.counts(Facet.TASK).get("embedding"));
        assertThat(sum(embeddings.counts(Facet.ENGINE))).isEqualTo(embeddings.total());
        assertThat(embeddings.counts(Facet.TASK)).as("its own choice narrows no facet")
                .isEqualTo(all.counts(Facet.TASK));
    }

    @Test
    void valuesOfOneFacetWidenAndOtherFacetsNarrow() {
        Found both = find("", Map.of(Facet.TASK, Set.of("embedding", "completion"), Facet.ENGINE, Set.of("gguf")), Order.NAME);
        assertThat(names(both)).contains("wren/kjv").doesNotContain("wren/minilm-l6-v2", "wren/langdetect");
    }

    @Test
    void aChosenValueThatFindsNothingCanStillBeTakenBack() {
        assertThat(find("", Map.of(Facet.LICENCE, Set.of("WTFPL")), Order.NAME).counts(Facet.LICENCE))
                .containsEntry("WTFPL", 0L);
    }

    @Test
    void sizesAscend() {
        assertThat(find("wren", Map.of(), Order.NAME).counts(Facet.SIZE).keySet())
                .containsExactly("up to 10 MB", "10 to 50 MB", "50 to 500 MB");
    }

    @Test
    void sortsByPriceOfATypicalCall() {
        publish("cheap", 1_000_000);
        publish("dear", 90_000_000_000L);
        List<ModelCard> models = find("", Map.of(), Order.PRICE).models();

        assertThat(models).isSortedAccordingTo(Comparator.comparing(ModelCard::price));
        assertThat(names(find("pricelist", Map.of(), Order.PRICE))).containsExactly("pricelist/cheap", "pricelist/dear");
    }

    @Test
    void sortsByNameAndByDate() {
        assertThat(find("", Map.of(Facet.ENGINE, Set.of("gguf", "opennlp")), Order.NAME).models()).extracting(ModelCard::name)
                .containsSubsequence("wren/kjv", "wren/langdetect");
        publish("newest", 5);
        assertThat(names(find("", Map.of(), Order.NEWEST))).startsWith("pricelist/newest");
    }

    @Test
    void aPageBehindTheLastIsTheLast() {
        assertThat(search.find(new Wanted("", Map.of(), Order.NAME, 99, Optional.empty())).page()).isEqualTo(1);
    }

    private void publish(String name, long nanos) {
        catalog.publish(DEVELOPER, Examples.PAYEE, new ModelId("pricelist", name),
                Examples.embedding(name, "Costs something.", inputPrice(nanos)), FILES);
    }

    private Found find(String text, Map<Facet, Set<String>> chosen, Order order) {
        return search.find(new Wanted(text, chosen, order, 1, Optional.empty()));
    }

    private long all() {
        return find("", Map.of(), Order.NAME).total();
    }

    private static List<String> names(Found found) {
        return found.models().stream().map(ModelCard::name).toList();
    }

    private static long sum(Map<String, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }
}
