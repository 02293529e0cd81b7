package farthing.chain;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Optional;

import org.jboss.logging.Logger;

/** Remembers that a deployment was good, so that a server starts while its node is away. */
final class CheckedBefore {

    private static final Logger LOG = Logger.getLogger(CheckedBefore.class);

    private final Path file;

    CheckedBefore(Path data) {
        this.file = data.resolve("chain-checked");
    }

    /** @throws IllegalStateException when something is wrong, or nobody answers and nobody ever did */
    Deployment orCheck(DeploymentCheck.Expected expected) {
        try {
            Deployment checked = DeploymentCheck.check(expected);
            remember(checked);
            return checked;
        } catch (NodeAway e) {
            Deployment known = recall(expected).orElseThrow(() -> new IllegalStateException(
                    "nobody answers at FARTHING_CHAIN_RPC_URL (" + e.getMessage()
                            + "); check the address and that the node runs.",
                    e));
            LOG.warnf("the chain is away (%s); calls go on within what was final, settlement waits for it", e.getMessage());
            return known;
        }
    }

    private void remember(Deployment checked) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Path part = file.resolveSibling("chain-checked.part");
            Files.writeString(part,
                    name(checked) + "\n" + checked.epoch().toSeconds() + "\n" + checked.exitDelay().toSeconds() + "\n");
            Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Optional<Deployment> recall(DeploymentCheck.Expected expected) {
        try {
            String[] known = Files.exists(file) ? Files.readString(file).split("\n") : new String[0];
            if (known.length != 3) {
                return Optional.empty();
            }
            Deployment before = expected.with(Duration.ofSeconds(Long.parseLong(known[1])),
                    Duration.ofSeconds(Long.parseLong(known[2])));
            return name(before).equals(known[0]) ? Optional.of(before) : Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String name(Deployment deployment) {
        return deployment.chainId() + " " + deployment.vault() + " " + deployment.token() + " " + deployment.registry() + " "
                + deployment.operator();
    }
}
