package farthing.metering;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jboss.logging.Logger;

import com.fasterxml.jackson.databind.ObjectMapper;

/**
 * Commits of which the database could not be asked whether it made them. On this server's disk, too, since the database cannot
 * be told either: a server that ends before it knows goes on where it was at its next start.
 */
final class Doubts {

    private static final Logger LOG = Logger.getLogger(Doubts.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String SUFFIX = ".json";

    /** @param calls whose callers were told that nobody knows, and who cannot get an answer for their money */
    record Doubt(long commit, List<CallCharge> calls) {

        Stream<Long> leases() {
            return calls.stream().map(CallCharge::lease).distinct();
        }
    }

    private final Path folder;
    private final ConcurrentSkipListMap<Long, Doubt> open = new ConcurrentSkipListMap<>();

    /** @param folder made when there is something to write; what stands in it from before is open again */
    Doubts(Path folder) {
        this.folder = folder;
        try (Stream<Path> files = Files.list(folder)) {
            files.filter(file -> file.toString().endsWith(SUFFIX)).forEach(this::read);
        } catch (NoSuchFileException none) {
            // Nothing was ever in doubt here.
        } catch (IOException e) {
            LOG.errorf(
                    "charges of unknown outcome from before the start, if any, are not taken back: %s cannot be read (%s); make"
                            + " it readable and start again",
                    folder, e.getMessage());
        }
    }

    private void read(Path file) {
        try {
            Doubt doubt = JSON.readValue(file.toFile(), Doubt.class);
            open.put(doubt.commit, doubt);
            LOG.warnf("it was not known before the start whether commit %x of %d calls is durable; asking the database",
                    doubt.commit, doubt.calls.size());
        } catch (IOException e) {
            LOG.errorf("what may have been charged without an answer is not taken back: %s cannot be read (%s)", file,
                    e.getMessage());
        }
    }

    Collection<Doubt> open() {
        return open.values();
    }

    /** On which there are such commits. */
    Set<Long> leases() {
        return open.isEmpty() ? Set.of() : open.values().stream().flatMap(Doubt::leases).collect(Collectors.toSet());
    }

    /** To be called before their callers are told. */
    void add(Doubt doubt) {
        open.put(doubt.commit, doubt);
        try {
            Files.createDirectories(folder);
            Path part = Files.createTempFile(folder, "", ".part");
            JSON.writeValue(part.toFile(), doubt);
            force(part);
            Files.move(part, file(doubt), StandardCopyOption.ATOMIC_MOVE);
            force(folder);
        } catch (IOException e) {
            LOG.errorf("commit %x is in doubt in memory alone, since %s cannot be written (%s)", doubt.commit, folder,
                    e.getMessage());
        }
    }

    void resolved(Doubt doubt) {
        open.remove(doubt.commit);
        try {
            Files.deleteIfExists(file(doubt));
        } catch (IOException e) {
            // Asked again at the next start, and nothing is taken back twice.
            LOG.warnf("%s could not be deleted: %s", file(doubt), e.getMessage());
        }
    }

    private Path file(Doubt doubt) {
        return folder.resolve(Long.toHexString(doubt.commit) + SUFFIX);
    }

    private static void force(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
