package farthing.earnings;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import org.eclipse.microprofile.config.inject.ConfigProperty;

import farthing.catalog.Catalog;
import farthing.catalog.Published;
import farthing.catalog.VersionId;
import farthing.chain.Address;
import farthing.money.Split;
import farthing.web.Site;
import io.quarkus.runtime.StartupEvent;

/** Who is paid for the calls of a version. */
@Singleton
public class Earnings {

    /**
     * What a version's charges are divided by, frozen with it.
     *
     * @param model {@code owner/name@label}
     * @param developer the wallet that is paid the developer's part
     */
    public record Terms(int version, String model, Address developer, Split split) {
    }

    private final Function<Integer, Terms> terms;
    private final Optional<Address> platform;
    // Neither split nor payee of a version ever changes.
    private final Map<Integer, Terms> known = new ConcurrentHashMap<>();

    /** @param platform null where nobody said who is paid the platform's part */
    @Inject
    Earnings(Catalog catalog, @ConfigProperty(name = "farthing.platform-payee") Optional<String> platform) {
        this(version -> {
            Published published = catalog.published(new VersionId(version));
            return new Terms(version, published.name(), published.payee(), published.split());
        }, platform.map(Address::new));
    }

    /** Without a catalogue. */
    public Earnings(Function<Integer, Terms> terms, Address platform) {
        this(terms, Optional.of(platform));
    }

    private Earnings(Function<Integer, Terms> terms, Optional<Address> platform) {
        this.terms = terms;
        this.platform = platform;
    }

    void start(@Observes StartupEvent event, Site site) {
        if (site.production() && platform.isEmpty()) {
            throw new IllegalStateException(
                    "production needs FARTHING_PLATFORM_PAYEE: the address that is paid the platform's part of each charge");
        }
    }

    public Terms termsOf(int version) {
        return known.computeIfAbsent(version, terms);
    }

    /** Who is paid the platform's part. @throws IllegalStateException where nobody said so */
    public Address platform() {
        return platform.orElseThrow(() -> new IllegalStateException(
                "FARTHING_PLATFORM_PAYEE is not set, so nobody can be paid the platform's part of the charges"));
    }

    boolean isPlatform(Address payee) {
        return platform.filter(payee::equals).isPresent();
    }

    /** An empty sum of shares. */
    public Shared none() {
        return new Shared(this);
    }
}
