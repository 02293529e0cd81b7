package farthing.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file system in memory that is soon full. Only root may mount one. */
final class SmallDisk implements AutoCloseable {

    private final Path at;
    private final boolean mounted;

    private SmallDisk(Path at, boolean mounted) {
        this.at = at;
        this.mounted = mounted;
    }

    /** At that folder, which is an ordinary one where mounting is not allowed. */
    static SmallDisk at(Path folder, int mebibytes) throws IOException {
        Files.createDirectories(folder);
        return new SmallDisk(folder, run("mount", "-t", "tmpfs", "-o", "size=" + mebibytes + "m", "farthing-test",
                folder.toString()) == 0);
    }

    boolean isSmall() {
        return mounted;
    }

    /** Leaves not a byte. */
    void fill() throws IOException {
        assertThat(mounted).isTrue();
        byte[] block = new byte[1 << 16];
        try (OutputStream ballast = Files.newOutputStream(at.resolve("ballast"))) {
            while (true) {
                ballast.write(block);
            }
        } catch (IOException full) {
            assertThat(Files.getFileStore(at).getUsableSpace()).isLessThan(block.length);
        }
    }

    void free() throws IOException {
        Files.deleteIfExists(at.resolve("ballast"));
    }

    private static int run(String... command) throws IOException {
        try {
            return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(Redirect.DISCARD).start().waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() throws IOException {
        if (mounted) {
            run("umount", "-l", at.toString());
        }
    }
}
