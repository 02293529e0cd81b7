package farthing.receipt;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import farthing.money.Amount;

/** A batch of 200,000 receipts is built, and checked, in little more memory than its own 15 MB: no object stays per receipt. */
@Timeout(120)
class LargeBatchTest {

    private static final int RECEIPTS = 200_000;
    private static final String HEAP = "-Xmx64m";

    @TempDir
    Path folder;

    @Test
    void isBuiltAndCheckedInLittleMemory() throws Exception {
        ABatch batch = ABatch.first(ABatch.VAULT, receipts().toList());
        assertThat(java(Build.class.getName())).contains(Report.hex(batch.manifest.receiptsRoot()));
        assertThat(java(Verify.class.getName(), batch.write(folder).toString())).contains("100,000 of 200,000 receipts hashed")
                .contains("proved");
    }

    static class Build {

        public static void main(String[] args) {
            LineFile.Writer writer = LineFile.writer(1);
            receipts().forEach(writer::add);
            System.out.println(Report.hex(new LineTree(writer.file(), Amount.ZERO).node()));
        }
    }

    private static Stream<Receipt> receipts() {
        return IntStream.range(0, RECEIPTS).mapToObj(i -> ABatch.receipt(1, i / 50_000, i % 50_000, 3, i % 1_000));
    }

    private static String java(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(Stream.concat(
                Stream.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), HEAP, "-XX:+UseSerialGC", "-cp",
                        System.getProperty("java.class.path")),
                List.of(command).stream()).toList()).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }
}
