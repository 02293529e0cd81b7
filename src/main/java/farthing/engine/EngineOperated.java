package farthing.engine;

import java.util.List;

import jakarta.inject.Singleton;

import farthing.web.Operated;

/** The workers of this server, or its connections to those of its engine host. */
@Singleton
class EngineOperated implements Operated {

    private final Engines engines;

    EngineOperated(Engines engines) {
        this.engines = engines;
    }

    @Override
    public String title() {
        return "Engines";
    }

    @Override
    public List<Concern> concerns() {
        return engines.workers().stream().filter(worker -> worker.failures() >= Supervisor.MANY_FAILURES)
                .map(worker -> new Concern("engine-" + worker.version(),
                        "The engine of " + worker.version() + " failed " + worker.failures()
                                + " times in a row, the last time: "
                                + worker.why(),
                        worker.since(), "Look at its log; the model, the host's memory or an upstream may be at fault."
                                + " Its calls answer 503, uncharged.",
                        null))
                .toList();
    }

    @Override
    public List<Fact> facts() {
        List<Engines.Seen> workers = engines.workers();
        return List.of(new Fact("Run by", engines.where()),
                new Fact("Workers running", Long.toString(workers.stream().filter(Engines.Seen::running).count())),
                new Fact("Versions called since the start", Integer.toString(workers.size())),
                new Fact("Restarts since the start", Integer.toString(workers.stream().mapToInt(Engines.Seen::restarts).sum())),
                new Fact("Calls under way", Integer.toString(workers.stream().mapToInt(Engines.Seen::busy).sum())));
    }
}
