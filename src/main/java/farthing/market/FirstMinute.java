package farthing.market;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;

import jakarta.enterprise.event.ObservesAsync;
import jakarta.inject.Singleton;

import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

import farthing.chain.Deployment;
import farthing.identity.AccountId;
import farthing.identity.ApiKeys;
import farthing.identity.Demo;
import farthing.identity.KeyLimits;
import farthing.identity.LineBalances;
import farthing.ledger.LineId;
import farthing.web.Problem;
import farthing.web.Site;
import io.quarkus.vertx.http.HttpServerStart;

/** Once the trial answers: its address and a call that works, on the screen and in {@code demo.env}. */
@Singleton
class FirstMinute {

    private static final Duration LOOK = Duration.ofMillis(200);
    private static final String KEY = "FARTHING_API_KEY";

    private final Demo demo;
    private final ApiKeys apiKeys;
    private final LineBalances balances;
    private final FirstCall firstCall;
    private final Site site;
    private final Deployment chain;
    private final Path file;

    FirstMinute(Demo demo, ApiKeys apiKeys, LineBalances balances, FirstCall firstCall, Site site,
            Deployment chain, @ConfigProperty(name = "farthing.data") Path data) {
        this.demo = demo;
        this.apiKeys = apiKeys;
        this.balances = balances;
        this.firstCall = firstCall;
        this.site = site;
        this.chain = chain;
        this.file = data.resolve("demo.env");
    }

    void started(@ObservesAsync HttpServerStart event) {
        if (!demo.offered()) {
            Progress.say("ready at " + site.publicUrl());
            return;
        }
        // A thread of its own: what an asynchronous observer throws is lost.
        Thread.ofPlatform().name("first-minute").start(this::welcome);
    }

    private void welcome() {
        String secret = knownKey();
        if (secret == null) {
            AccountId caller = demo.caller();
            secret = apiKeys.create(caller, lineOf(caller), "demo", KeyLimits.NONE, null).secret();
        }
        write(Map.of("FARTHING_URL", site.publicUrl().toString(), KEY, secret, "FARTHING_RPC_URL", chain.rpc().toString(),
                "FARTHING_CHAIN_ID", Long.toString(chain.chainId()), "FARTHING_VAULT", chain.vault().text(), "FARTHING_TOKEN",
                chain.token().text(), "FARTHING_REGISTRY", chain.registry().text()));
        System.out.println("""

                Farthing is ready: %s
                Paste this into a terminal; its last line is the address of the call's receipt:

                %s
                """.formatted(site.publicUrl(), firstCall.curl(secret)));
    }

    /** Waits until the caller's first deposit counts: what this start deposits has to become final on the chain first. */
    private LineId lineOf(AccountId caller) {
        boolean said = false;
        while (true) {
            for (Map.Entry<LineId, LineBalances.Balance> line : balances.balances(caller).entrySet()) {
                if (!line.getValue().left().isZero() || !line.getValue().used().isZero()) {
                    return line.getKey();
                }
            }
            if (!said) {
                Progress.say("waiting for the first deposit to become final on the chain");
                said = true;
            }
            LockSupport.parkNanos(LOOK.toNanos());
        }
    }

    /** The key of an earlier start, while it is good. */
    private @Nullable String knownKey() {
        try {
            for (String line : Files.exists(file) ? Files.readAllLines(file) : List.<String> of()) {
                if (line.startsWith(KEY + "=")) {
                    String secret = line.substring(KEY.length() + 1);
                    apiKeys.authenticate("Bearer " + secret);
                    return secret;
                }
            }
            return null;
        } catch (Problem revoked) {
            return null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void write(Map<String, String> facts) {
        StringBuilder text = new StringBuilder();
        new TreeMap<>(facts).forEach((name, value) -> text.append(name).append('=').append(value).append('\n'));
        try {
            Path part = file.resolveSibling("demo.env.part");
            Files.deleteIfExists(part);
            Files.createFile(part, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(part, text);
            Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
