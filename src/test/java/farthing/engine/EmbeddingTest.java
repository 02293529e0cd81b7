package farthing.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import farthing.engine.Input.Prompt;
import farthing.engine.Input.Texts;

class EmbeddingTest {

    static final List<String> TEXTS = List.of("A cat sits on the mat.", "A kitten is sitting on a rug.",
            "Shares fell sharply.");

    static Models models;
    static Engines engines;

    @BeforeAll
    static void start(@TempDir Path store) throws IOException {
        models = new Models(store);
        engines = models.engines(Models.settings(), Clock.systemUTC());
    }

    @AfterAll
    static void stop() {
        engines.close();
    }

    static Embeddings embed(Loadable version, List<String> texts) {
        try (Invocation call = engines.prepare(version, new Texts(texts))) {
            assertThat(call.maxOutputTokens()).isZero();
            return call.embed();
        }
    }

    static double cosine(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    @Test
    void givesTheVectorsItsAuthorsPublish() throws IOException {
        float[] vector = embed(models.minilm(), List.of("This is an example sentence")).vectors().getFirst();

        assertThat(vector).hasSize(384).startsWith(new float[] { 0.0676569f, 0.0634959f, 0.0487131f }, offset(1e-5f));
        assertThat(cosine(vector, vector)).isCloseTo(1, offset(1e-5));
    }

    @Test
    void alikeTextsAreNearAndTokensAreCounted() throws IOException {
        for (Loadable version : List.of(models.minilm(), models.minilmInt8(), models.bgeSmall())) {
            Embeddings three = embed(version, TEXTS);

            assertThat(three.usage()).isEqualTo(new Usage(25, 0, 3, FinishReason.STOP));
            assertThat(cosine(three.vectors().get(0), three.vectors().get(1)))
                    .isGreaterThan(cosine(three.vectors().get(0), three.vectors().get(2)) + 0.2);
        }
    }

    @Test
    void aTextHasTheSameVectorWhateverItComesWithAndWhoeverElseCalls() throws Exception {
        for (Loadable version : List.of(models.minilm(), models.minilmInt8())) {
            List<float[]> together = embed(version, TEXTS).vectors();
            try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
                List<Future<Embeddings>> alone = new ArrayList<>();
                for (int i = 0; i < 30; i++) {
                    String text = TEXTS.get(i % 3);
                    alone.add(callers.submit(() -> embed(version, List.of(text))));
                }
                for (int i = 0; i < 30; i++) {
                    assertThat(alone.get(i).get().vectors().getFirst()).containsExactly(together.get(i % 3));
                }
            }
        }
    }

    @Test
    void tooLongTextsAreRefusedNotCut() throws IOException {
        Loadable version = models.minilm();

        assertThatThrownBy(() -> engines.prepare(version, new Texts(List.of("short", "cat ".repeat(255)))))
                .isInstanceOf(InputTooLong.class).hasMessageContaining("257 tokens").hasMessageContaining("at most 256");
        assertThat(embed(version, List.of("cat ".repeat(254))).usage().inputTokens()).isEqualTo(256);
    }

    @Test
    void doesNotContinueText() throws IOException {
        Loadable version = models.minilm();

        assertThatThrownBy(() -> engines.prepare(version, new Prompt("Hello"))).isInstanceOf(UnsupportedInput.class)
                .hasMessageContaining("/v1/embeddings");
        assertThatThrownBy(() -> engines.prepare(version, new Texts(List.of()))).isInstanceOf(UnsupportedInput.class);
    }

    @Test
    void tellsLanguages() throws IOException {
        try (Invocation call = engines.prepare(models.langdetect(), new Texts(
                List.of("Guten Morgen, wie geht es Ihnen heute?", "Where have all the flowers gone, long time passing?")))) {
            Classifications found = call.classify();

            assertThat(found.usage()).isEqualTo(new Usage(0, 0, 2, FinishReason.STOP));
            assertThat(found.texts()).extracting(labels -> labels.getFirst().name()).containsExactly("deu", "eng");
            assertThat(found.texts().getFirst()).hasSize(103);
        }
    }
}
