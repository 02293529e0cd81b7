package farthing.receipt;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** {@code ./farthing verify} for tests of other packages, without a process for each batch. */
public final class Verifying {

    private Verifying() {
    }

    /** What it prints; its last line says whether all is proved. */
    public static String verify(String... arguments) {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        int exit = new Verify(new PrintStream(printed, true, StandardCharsets.UTF_8), Map.of()).run(arguments);
        return printed.toString(StandardCharsets.UTF_8) + "exit " + exit;
    }
}
