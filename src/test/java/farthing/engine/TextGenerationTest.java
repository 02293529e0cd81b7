package farthing.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import farthing.engine.Input.Chat;
import farthing.engine.Input.Message;
import farthing.engine.Input.Prompt;
import farthing.engine.Input.Texts;

class TextGenerationTest {

    static final String CONTINUATION = " of the temple, twelve cubits was the bread";

    static Models models;
    static Engines engines;
    static Loadable kjv;

    @BeforeAll
    static void start(@TempDir Path store) throws IOException {
        models = new Models(store);
        engines = models.engines(Models.settings(), Clock.systemUTC());
        kjv = models.kjv();
    }

    @AfterAll
    static void stop() {
        engines.close();
    }

    record Answer(List<String> pieces, Usage usage) {
        String text() {
            return String.join("", pieces);
        }
    }

    static Answer answer(Input input, Generation how) {
        List<String> pieces = new ArrayList<>();
        try (Invocation call = engines.prepare(kjv, input)) {
            return new Answer(pieces, call.generate(how, pieces::add));
        }
    }

    @Test
    void continuesWithTheLikeliestTokensAndCountsThem() {
        Answer answer = answer(new Prompt("In the beginning"), Generation.greedy(17));

        assertThat(answer.text()).isEqualTo(CONTINUATION);
        assertThat(answer.pieces()).hasSize(17);
        assertThat(answer.usage()).isEqualTo(new Usage(8, 17, 1, FinishReason.LENGTH));
    }

    @Test
    void saysBeforehandWhatFits() {
        try (Invocation call = engines.prepare(kjv, new Prompt("In the beginning"))) {
            assertThat(call.inputTokens()).isEqualTo(8);
            assertThat(call.maxOutputTokens()).isEqualTo(192 - 8);
        }
    }

    @Test
    void endsWhenTheContextIsFull() {
        Answer answer = answer(new Prompt("In the beginning"), Generation.greedy(100_000));

        assertThat(answer.usage()).isEqualTo(new Usage(8, 192 - 8, 1, FinishReason.LENGTH));
    }

    @Test
    void sampledAnswersRepeatWithTheirSeed() {
        Generation seven = Generation.greedy(60).withSampling(1, 0.9f, 7);

        assertThat(answer(new Prompt("And God said"), seven)).isEqualTo(answer(new Prompt("And God said"), seven));
        assertThat(answer(new Prompt("And God said"), seven).text())
                .isNotEqualTo(answer(new Prompt("And God said"), seven.withSampling(1, 0.9f, 8)).text());
    }

    @Test
    void penaltiesKeepItFromRepeatingItself() {
        var how = new Generation(60, 0, 1, null, List.of(), 2, 2);

        assertThat(answer(new Prompt("In the beginning"), how).text())
                .isNotEqualTo(answer(new Prompt("In the beginning"), Generation.greedy(60)).text());
    }

    @Test
    void aStopSequenceOverSeveralTokensEndsTheAnswerAndIsNoPartOfIt() {
        Answer answer = answer(new Prompt("In the beginning"), Generation.greedy(60).withStop("xyz", "cubits"));

        assertThat(answer.text()).isEqualTo(" of the temple, twelve ");
        // " c" is the last token of which something was delivered.
        assertThat(answer.usage()).isEqualTo(new Usage(8, 11, 1, FinishReason.STOP));
    }

    @Test
    void aPlainTemplateReadsTheLastUserMessage() {
        Answer answer = answer(new Chat(List.of(new Message("system", "Be brief."), new Message("user", "Hello"),
                new Message("assistant", "Yes?"), new Message("user", "In the beginning"))), Generation.greedy(17));

        assertThat(answer.text()).isEqualTo(CONTINUATION);
        assertThat(answer.usage().inputTokens()).isEqualTo(8);
    }

    @Test
    void chatsNeedATemplateTheEngineKnows() throws IOException {
        Chat chat = new Chat(List.of(new Message("user", "Hello")));

        for (PromptTemplate template : List.of(PromptTemplate.NONE, PromptTemplate.MODEL)) {
            Loadable version = models.kjv(template);
            assertThatThrownBy(() -> engines.prepare(version, chat)).isInstanceOf(UnsupportedInput.class)
                    .hasMessageContaining("/v1/completions");
        }
        assertThatThrownBy(() -> engines.prepare(kjv, new Chat(List.of(new Message("system", "Be brief.")))))
                .isInstanceOf(UnsupportedInput.class);
        assertThatThrownBy(() -> engines.prepare(kjv, new Texts(List.of("Hello")))).isInstanceOf(UnsupportedInput.class);
    }

    @Test
    void tooLongInputIsRefusedWithItsCountAndTheLimit() {
        assertThatThrownBy(() -> engines.prepare(kjv, new Prompt("begat ".repeat(300)))).isInstanceOf(InputTooLong.class)
                .hasMessageMatching(".*has \\d{3,4} tokens.*at most 191\\..*");
        assertThatThrownBy(() -> engines.prepare(kjv, new Prompt("begat ".repeat(300_000)))).isInstanceOf(InputTooLong.class)
                .hasMessageContaining("1800000 characters");
    }

    @Test
    @SuppressWarnings("try")
    void closingCancelsAndWhatWasDeliveredIsKnown() throws Exception {
        CountDownLatch three = new CountDownLatch(3);
        var closed = new CompletableFuture<Void>();
        List<String> pieces = new ArrayList<>();
        try (ExecutorService other = Executors.newVirtualThreadPerTaskExecutor();
                Invocation call = engines.prepare(kjv, new Prompt("In the beginning"))) {
            Future<Usage> running = other.submit(() -> call.generate(Generation.greedy(150), piece -> {
                pieces.add(piece);
                three.countDown();
                if (three.getCount() == 0) {
                    // All 150 may be there before this is closed; held back here, it cannot have read them.
                    closed.join();
                }
            }));
            three.await();
            call.close();
            closed.complete(null);
            Usage usage = running.get(60, TimeUnit.SECONDS);

            assertThat(pieces).hasSize(3);
            assertThat(usage).isEqualTo(new Usage(8, 3, 1, FinishReason.CANCELLED));
            assertThat(call.usage()).isEqualTo(usage);
        }
    }

    @Test
    void anInterruptedCallerCancels() throws Exception {
        CountDownLatch first = new CountDownLatch(1);
        var usage = new CompletableFuture<Usage>();
        Thread caller = Thread.startVirtualThread(() -> {
            try (Invocation call = engines.prepare(kjv, new Prompt("In the beginning"))) {
                usage.complete(call.generate(Generation.greedy(150), _ -> {
                    first.countDown();
                    // It must not be through before it is interrupted.
                    while (!Thread.currentThread().isInterrupted()) {
                        LockSupport.park();
                    }
                }));
            } catch (RuntimeException e) {
                usage.completeExceptionally(e);
            }
        });
        first.await();
        caller.interrupt();

        assertThat(usage.get(60, TimeUnit.SECONDS)).isEqualTo(new Usage(8, 1, 1, FinishReason.CANCELLED));
        assertThat(answer(new Prompt("In the beginning"), Generation.greedy(17)).text()).isEqualTo(CONTINUATION);
    }

    @Test
    void aReaderThatFailsCancels() {
        Invocation call = engines.prepare(kjv, new Prompt("In the beginning"));

        assertThatThrownBy(() -> call.generate(Generation.greedy(150), piece -> {
            if (piece.equals(",")) {
                throw new IllegalStateException("the client is gone");
            }
        })).hasMessage("the client is gone");
        assertThat(call.usage()).isEqualTo(new Usage(8, 6, 1, FinishReason.CANCELLED));
    }

    @Test
    void twoGenerateAtOnceAndAnswerAsTheyWouldAlone() throws Exception {
        CyclicBarrier both = new CyclicBarrier(2);
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<String>> answers = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                answers.add(callers.submit(() -> {
                    StringBuilder text = new StringBuilder();
                    try (Invocation call = engines.prepare(kjv, new Prompt("In the beginning"))) {
                        call.generate(Generation.greedy(17), piece -> {
                            text.append(piece);
                            meet(both);
                        });
                    }
                    return text.toString();
                }));
            }
            for (Future<String> answer : answers) {
                assertThat(answer.get(90, TimeUnit.SECONDS)).isEqualTo(CONTINUATION);
            }
        }
    }

    private static void meet(CyclicBarrier both) {
        try {
            both.await(60, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException("They did not run at the same time", e);
        }
    }

    @Test
    void whoDoesNotFitIntoTheQueueIsTurnedAway(@TempDir Path store) throws Exception {
        var settings = Models.settings().withQueue(2, 1,
                Duration.ofMillis(50));
        Models own = new Models(store);
        Loadable model = own.kjv();
        try (Engines few = own.engines(settings, Clock.systemUTC())) {
            Invocation first = few.prepare(model, new Prompt("a"));
            Invocation second = few.prepare(model, new Prompt("a"));
            assertThatThrownBy(() -> few.prepare(model, new Prompt("a"))).as("waited in vain").isInstanceOf(EngineBusy.class);
            first.close();
            few.prepare(model, new Prompt("a")).close();
            second.close();
        }
    }
}
