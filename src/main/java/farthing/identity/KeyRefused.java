package farthing.identity;

import java.util.List;
import java.util.Optional;

import farthing.web.Fault;
import farthing.web.NextStep;
import farthing.web.Problem;

/** What was asked for a key cannot be done. */
public final class KeyRefused extends Problem {

    private final List<Fault> faults;

    private KeyRefused(int status, String code, String message, List<Fault> faults) {
        super(status, code, message);
        this.faults = List.copyOf(faults);
    }

    private KeyRefused(int status, String code, String message) {
        this(status, code, message, List.of());
    }

    static KeyRefused twoAlive(String older) {
        return new KeyRefused(409, "two_secrets_alive", "The secret " + older + "… of this key lives on beside the newest one,"
                + " and two at most may. End it, or wait until it ends, then rotate again.");
    }

    static KeyRefused ended(String state) {
        return new KeyRefused(409, "key_not_active", "This key is " + state + ", so that would change nothing. Create another"
                + " key.");
    }

    static KeyRefused noOther() {
        return new KeyRefused(409, "one_secret_alive",
                "This key has one secret alone. To end that, too, revoke the key or rotate it.");
    }

    /** @param faults one at least */
    static KeyRefused invalid(List<Fault> faults) {
        return new KeyRefused(422, "invalid_key", faults.getFirst().detail(), faults);
    }

    static KeyRefused invalid(String param, String detail) {
        return invalid(List.of(new Fault(param, detail)));
    }

    @Override
    public Optional<String> param() {
        return faults.stream().findFirst().map(Fault::param);
    }

    @Override
    public List<Fault> faults() {
        return faults;
    }

    @Override
    public Optional<NextStep> nextStep() {
        return Optional.of(new NextStep("Keys", "/keys"));
    }
}
