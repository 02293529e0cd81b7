package farthing.catalog;

import java.util.List;
import java.util.Optional;

import farthing.web.Fault;
import farthing.web.Problem;

/** What a developer sent cannot be listed like that; each field at fault has a sentence. */
class InvalidListing extends Problem {

    private final List<Fault> faults;

    InvalidListing(List<Fault> faults) {
        super(422, "invalid_listing", faults.getFirst().detail());
        this.faults = List.copyOf(faults);
    }

    InvalidListing(String param, String detail) {
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
