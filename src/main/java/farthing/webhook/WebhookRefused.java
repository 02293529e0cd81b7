package farthing.webhook;

import java.util.List;
import java.util.Optional;

import farthing.web.Fault;
import farthing.web.Problem;

/** A webhook cannot be like that; each field at fault has a sentence. */
final class WebhookRefused extends Problem {

    private final List<Fault> faults;

    WebhookRefused(List<Fault> faults) {
        super(422, "invalid_webhook", faults.getFirst().detail());
        this.faults = List.copyOf(faults);
    }

    WebhookRefused(String param, String detail) {
        this(List.of(new Fault(param, detail)));
    }

    @Override
    public Optional<String> param() {
        return Optional.of(faults.getFirst().param());
    }

    @Override
    public List<Fault> faults() {
        return faults;
    }
}
