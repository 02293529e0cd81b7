package farthing.engine;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/** Limits a worker puts on itself, for good, before it touches an artefact. Linux' numbers. */
final class Confinement {

    private static final int FILE_SIZE = 1;
    private static final int DATA = 2;
    private static final int CORE = 4;
    private static final int OPEN_FILES = 7;

    private Confinement() {
    }

    /** @param memory bytes that may be allocated beyond what the JVM already has */
    static void begin(long memory) throws IOException {
        leaveTerminal();
        limit(FILE_SIZE, 0);
        limit(CORE, 0);
        limit(OPEN_FILES, 1024);
        limit(DATA, used() + memory);
    }

    private static long used() throws IOException {
        String data = Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith("VmData:"))
                .findFirst().orElseThrow();
        return Long.parseLong(data.replaceAll("\\D", "")) * 1024;
    }

    /** Ctrl-C goes to everything in the terminal's group; the server alone shall get it, and let its calls finish. */
    private static void leaveTerminal() {
        Linker linker = Linker.nativeLinker();
        MethodHandle setsid = linker.downcallHandle(linker.defaultLookup().findOrThrow("setsid"),
                FunctionDescriptor.of(JAVA_INT));
        try {
            // Minus one: it leads a group already, which is as good.
            int _ = (int) setsid.invokeExact();
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static void limit(int resource, long value) {
        Linker linker = Linker.nativeLinker();
        MethodHandle setrlimit = linker.downcallHandle(linker.defaultLookup().findOrThrow("setrlimit"),
                FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
        try (Arena arena = Arena.ofConfined()) {
            if ((int) setrlimit.invokeExact(resource, arena.allocateFrom(JAVA_LONG, value, value)) != 0) {
                throw new IllegalStateException("setrlimit refused resource " + resource);
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
