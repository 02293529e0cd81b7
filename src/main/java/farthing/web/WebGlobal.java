package farthing.web;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

import jakarta.enterprise.context.RequestScoped;
import jakarta.enterprise.inject.Instance;

import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

import farthing.money.Amount;
import io.quarkus.arc.Arc;
import io.quarkus.arc.Unremovable;
import io.quarkus.qute.TemplateGlobal;

/** What the layout reads as {@code web}. */
@RequestScoped
@Unremovable
public class WebGlobal {

    private static final String ASSETS = assetsHash();

    private final Visit visit;
    private final Site site;
    private final String version;
    private final Budgets budgets;
    private final Instance<LastBatch.Source> batches;
    private final Instance<VaultAddress> vaults;
    /** The layout names it nine times, and each time the budget would be asked for. */
    private @Nullable TopBar viewer;

    WebGlobal(Visit visit, Site site, @ConfigProperty(name = "quarkus.application.version") String version,
            Budgets budgets, Instance<LastBatch.Source> batches, Instance<VaultAddress> vaults) {
        this.visit = visit;
        this.site = site;
        this.version = version;
        this.budgets = budgets;
        this.batches = batches;
        this.vaults = vaults;
    }

    @TemplateGlobal
    static WebGlobal web() {
        return Arc.container().instance(WebGlobal.class).get();
    }

    /**
     * @param address shortened; null without a wallet
     * @param budgetLeft null where it is not known
     * @param operator whether the viewer runs the site
     */
    public record TopBar(String name, @Nullable String address, @Nullable Amount budgetLeft, boolean operator) {
    }

    /** Null when nobody is signed in. */
    public @Nullable TopBar viewer() {
        if (viewer == null) {
            viewer = visit.viewer().map(this::topBar).orElse(null);
        }
        return viewer;
    }

    private TopBar topBar(Viewer of) {
        String wallet = of.wallet();
        return new TopBar(of.handle(), wallet == null ? null : Shortened.of(wallet), budgets.leftOf(of).orElse(null),
                of.operator());
    }

    public String csrf() {
        return visit.csrf();
    }

    public String path() {
        return visit.path();
    }

    /** The first part of the path: {@code models} on /models/wren/kjv. */
    public String section() {
        return visit.path().substring(1).split("/", 2)[0];
    }

    /** Goes behind every asset's address, so that browsers may keep assets for ever. */
    public String assets() {
        return ASSETS;
    }

    public String version() {
        return version;
    }

    /** Whether the money is play money. */
    public boolean demo() {
        return !site.production();
    }

    public @Nullable LastBatch lastBatch() {
        Optional<LastBatch.Source> source = batches.stream().findAny();
        return source.flatMap(LastBatch.Source::lastBatch).orElse(null);
    }

    /** Null where there is none. */
    public @Nullable String vault() {
        return vaults.stream().findAny().map(VaultAddress::vaultAddress).orElse(null);
    }

    public @Nullable String vaultShort() {
        String vault = vault();
        return vault == null ? null : Shortened.of(vault);
    }

    private static String assetsHash() {
        try (InputStream in = WebGlobal.class.getResourceAsStream("/META-INF/resources/assets/dist/version")) {
            return in == null ? "unbuilt" : new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
