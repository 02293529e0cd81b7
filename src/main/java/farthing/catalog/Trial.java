package farthing.catalog;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

import jakarta.inject.Singleton;

import farthing.engine.Classifications;
import farthing.engine.Embeddings;
import farthing.engine.EngineBusy;
import farthing.engine.EngineFailed;
import farthing.engine.Engines;
import farthing.engine.FinishReason;
import farthing.engine.Generation;
import farthing.engine.Input;
import farthing.engine.InputTooLong;
import farthing.engine.Invocation;
import farthing.engine.Loadable;
import farthing.engine.Task;
import farthing.engine.Usage;
import farthing.web.Problem;

/** Runs a version once with a small real input of its task, which costs nothing. */
@Singleton
class Trial {

    private static final Duration LONGEST = Duration.ofSeconds(60);
    private static final Duration PAUSE = Duration.ofSeconds(2);
    private static final int TRIES = 15;
    private static final int ANSWER = 16;
    private static final List<String> TEXTS = List.of("A wren sits on the smallest coin.",
            "The smallest bird has the loudest song.");

    /** The version does not do what it is said to do. */
    static class Failed extends Exception {
        Failed(String sentence) {
            super(sentence);
        }
    }

    private final Engines engines;
    private final Clock clock;
    private final ScheduledExecutorService timer = Executors
            .newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("trial-timer").factory());

    Trial(Engines engines, Clock clock) {
        this.engines = engines;
        this.clock = clock;
    }

    /**
     * @return what came out, in words
     * @throws Failed with a sentence for the developer
     */
    String run(Loadable version) throws Failed, InterruptedException {
        Instant started = clock.instant();
        try (Invocation invocation = prepared(version)) {
            ScheduledFuture<?> watch = timer.schedule(invocation::close, LONGEST.toMillis(), TimeUnit.MILLISECONDS);
            try {
                return answer(version.task(), invocation) + " in " + took(started) + ".";
            } finally {
                var _ = watch.cancel(false);
            }
        } catch (EngineFailed e) {
            if (Duration.between(started, clock.instant()).compareTo(LONGEST) >= 0) {
                throw tooSlow();
            }
            throw new Failed("The model did not survive a trial run: " + e.why());
        } catch (InputTooLong e) {
            throw new Failed("The model cannot read even a short sentence: " + e.detail());
        } catch (EngineBusy busy) {
            throw new Failed("There was no room to try the model just now; publish it again in some minutes.");
        } catch (Problem e) {
            throw new Failed("The trial run of the task '" + version.task().wireName() + "' failed: " + e.detail());
        } finally {
            engines.discard(version);
        }
    }

    /** The engines may all be in use by calls, which come first. */
    private Invocation prepared(Loadable version) throws InterruptedException {
        for (int tries = 1;; tries++) {
            try {
                return engines.prepare(version, input(version.task()));
            } catch (EngineBusy busy) {
                if (tries == TRIES) {
                    throw busy;
                }
                Thread.sleep(PAUSE);
            }
        }
    }

    private static Input input(Task task) {
        return switch (task) {
            case CHAT -> new Input.Chat(List.of(new Input.Message("user", "Which bird is the smallest?")));
            case COMPLETION -> new Input.Prompt("In the beginning");
            default -> new Input.Texts(TEXTS);
        };
    }

    private static String answer(Task task, Invocation invocation) throws Failed {
        return switch (task) {
            case CHAT, COMPLETION -> generated(invocation);
            case EMBEDDING -> embedded(invocation.embed());
            default -> classified(invocation.classify());
        };
    }

    private static String generated(Invocation invocation) throws Failed {
        Usage usage = invocation.generate(Generation.greedy(Math.max(1, Math.min(ANSWER, invocation.maxOutputTokens()))),
                text -> {
                });
        if (usage.finishReason() == FinishReason.CANCELLED) {
            throw tooSlow();
        }
        if (usage.outputTokens() == 0) {
            throw new Failed("The model generated nothing in its trial run.");
        }
        return "It read " + usage.inputTokens() + " tokens and wrote " + usage.outputTokens();
    }

    private static String embedded(Embeddings embeddings) throws Failed {
        int size = embeddings.vectors().getFirst().length;
        for (float[] vector : embeddings.vectors()) {
            double length = 0;
            for (float each : vector) {
                length += each * (double) each;
            }
            if (vector.length == 0 || !(length > 0) || Double.isInfinite(length)) {
                throw new Failed("The model's embeddings are no numbers to compare: they are empty, zero or not finite.");
            }
        }
        return "It turned " + embeddings.vectors().size() + " texts of " + embeddings.usage().inputTokens() + " tokens into "
                + size + " numbers each";
    }

    private static String classified(Classifications classes) throws Failed {
        if (classes.texts().stream().anyMatch(List::isEmpty)) {
            throw new Failed("The model named no class in its trial run.");
        }
        return "It chose among " + classes.texts().getFirst().size() + " classes for " + classes.texts().size() + " texts";
    }

    private static Failed tooSlow() {
        return new Failed("The model had not answered a short trial input after " + LONGEST.toSeconds() + " s.");
    }

    private String took(Instant started) {
        long millis = Duration.between(started, clock.instant()).toMillis();
        return millis < 1_000 ? millis + " ms" : String.format(Locale.ROOT, "%.1f s", millis / 1000.0);
    }
}
