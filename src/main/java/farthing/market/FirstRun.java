package farthing.market;

import java.nio.file.Path;

import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import org.eclipse.microprofile.config.inject.ConfigProperty;

import farthing.catalog.Seeds;
import farthing.identity.Accounts;
import farthing.identity.Demo;
import io.quarkus.runtime.StartupEvent;

/** Lists the models that come with Farthing, in a trial only. */
@ApplicationScoped
class FirstRun {

    /** After the demo people, whose developer owns the models. */
    private static final int AFTER_PEOPLE = 20;

    private final Demo demo;
    private final Accounts accounts;
    private final Seeds seeds;
    private final Path folder;

    FirstRun(Demo demo, Accounts accounts, Seeds seeds, @ConfigProperty(name = "farthing.seed") Path folder) {
        this.demo = demo;
        this.accounts = accounts;
        this.seeds = seeds;
        this.folder = folder;
    }

    void start(@Observes @Priority(AFTER_PEOPLE) StartupEvent event) {
        if (demo.offered()) {
            seeds.plant(folder, demo.developer(), accounts.handleOf(demo.developer()), Progress::say);
        }
    }
}
