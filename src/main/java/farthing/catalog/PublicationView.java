package farthing.catalog;

import java.time.Instant;
import java.util.List;
import java.util.Locale;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * How far a publication is, as JSON and on its page.
 *
 * @param state running, listed or refused
 * @param version {@code owner/name@label}, once it is listed
 * @param trial how the trial run went, in words, once it has run
 * @param refused why it was refused, if it was
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
record PublicationView(String id, String model, String href, String state, List<StepView> steps, @Nullable String trial,
        @Nullable String version, @Nullable Refusal refused, Instant createdAt, @Nullable Instant endedAt) {

    /** @param state waiting, running, done or failed */
    record StepView(String rule, String state, @Nullable String says) {

        /** For the page. */
        @JsonIgnore
        public String sign() {
            return switch (state) {
                case "done" -> "✓";
                case "failed" -> "×";
                case "running" -> "…";
                default -> "○";
            };
        }
    }

    /** @param param the part of the request at fault, where there is one */
    record Refusal(String rule, @Nullable String param, String detail) {
    }

    static PublicationView of(PublicationRun run, List<Step> steps, @Nullable String label) {
        String model = run.model().toString();
        return new PublicationView(run.id, model, "/models/" + model, run.state.name().toLowerCase(Locale.ROOT),
                steps.stream().map(step -> new StepView(step.rule(), step.state().name().toLowerCase(Locale.ROOT), step.says()))
                        .toList(),
                run.trial, label == null ? null : model + "@" + label, refusal(run), run.createdAt, run.endedAt);
    }

    private static @Nullable Refusal refusal(PublicationRun run) {
        return run.because == null ? null : new Refusal(run.rule == null ? "" : run.rule, run.param, run.because);
    }

    /** The kind of its badge. */
    @JsonIgnore
    public String badge() {
        return switch (state) {
            case "listed" -> "good";
            case "refused" -> "bad";
            default -> "waiting";
        };
    }

    public boolean running() {
        return state.equals("running");
    }
}
