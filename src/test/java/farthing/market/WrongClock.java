package farthing.market;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.ProtectionDomain;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Objects;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;

import org.jspecify.annotations.Nullable;

/**
 * A clock that is wrong by what a file says, now. As a Java agent it takes the place of the one clock that a packaged server
 * has; the database's clock, by which the server puts right what it writes, stays right.
 */
public final class WrongClock extends Clock implements ClassFileTransformer {

    private static final String CLOCK = "farthing/web/SharedTime";
    private static final long LOOK_NANOS = 200_000_000;

    private static @Nullable WrongClock instance;

    private final Path file;
    private volatile Duration wrong = Duration.ZERO;
    private volatile long looked = System.nanoTime() - LOOK_NANOS;

    private WrongClock(Path file) {
        this.file = file;
    }

    /** @return the option of a server's JVM */
    static String agent(Path folder, Path file) throws UncheckedIOException {
        Path jar = folder.resolve("wrong-clock.jar");
        if (!Files.exists(jar)) {
            Manifest manifest = new Manifest();
            manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
            manifest.getMainAttributes().putValue("Premain-Class", WrongClock.class.getName());
            String name = WrongClock.class.getName().replace('.', '/') + ".class";
            try (InputStream bytes = Objects.requireNonNull(WrongClock.class.getResourceAsStream("/" + name));
                    OutputStream out = Files.newOutputStream(jar);
                    JarOutputStream entries = new JarOutputStream(out, manifest)) {
                entries.putNextEntry(new JarEntry(name));
                bytes.transferTo(entries);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return "-javaagent:" + jar + "=" + file;
    }

    public static void premain(String file, Instrumentation instrumentation) {
        instance = new WrongClock(Path.of(file));
        instrumentation.addTransformer(instance);
    }

    /** What the server's own producer of clocks calls instead of {@link Clock#systemUTC()}. */
    public static Clock now() {
        return Objects.requireNonNull(instance);
    }

    @Override
    public byte @Nullable [] transform(@Nullable ClassLoader loader, String name, @Nullable Class<?> redefined,
            @Nullable ProtectionDomain domain, byte[] bytes) {
        if (!CLOCK.equals(name)) {
            return null;
        }
        ClassFile format = ClassFile.of();
        return format.transformClass(format.parse(bytes), ClassTransform.transformingMethodBodies((code, element) -> {
            if (element instanceof InvokeInstruction call && call.name().equalsString("systemUTC")) {
                code.invokestatic(ClassDesc.of(WrongClock.class.getName()), "now",
                        MethodTypeDesc.of(ClassDesc.of(Clock.class.getName())));
            } else {
                code.with(element);
            }
        }));
    }

    @Override
    public Instant instant() {
        if (System.nanoTime() - looked > LOOK_NANOS) {
            looked = System.nanoTime();
            try {
                wrong = Files.exists(file) ? Duration.parse(Files.readString(file)) : Duration.ZERO;
            } catch (IOException | RuntimeException beingWritten) {
                // The next look will tell.
            }
        }
        return InstantSource.system().instant().plus(wrong);
    }

    @Override
    public ZoneId getZone() {
        return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
        throw new UnsupportedOperationException();
    }
}
