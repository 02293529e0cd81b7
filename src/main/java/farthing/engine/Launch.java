package farthing.engine;

import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.onnxruntime.OrtEnvironment;

/** How to start a worker's JVM: its class path, libraries, limits and isolation. */
final class Launch {

    private static final System.Logger LOG = System.getLogger(Launch.class.getName());
    private static final boolean ARM = EngineSettings.arm();

    private final Path cache;
    private final List<String> isolation = isolation();

    Launch(Path cache) {
        this.cache = cache.toAbsolutePath();
    }

    List<String> command(WorkerOptions options) throws IOException {
        List<String> command = new ArrayList<>(isolation);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(heap(options.engine()), "-Xss512k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData", "-XX:ErrorFile=/dev/null", "-Djava.util.logging.config.file=/dev/null",
                "-Dslf4j.internal.verbosity=ERROR", "--enable-native-access=ALL-UNNAMED"));
        if (options.engine() == EngineKind.ONNX) {
            command.add("-Donnxruntime.native.path=" + onnxruntime());
            command.add("-DRUST_LIBRARY_PATH=" + tokenizers());
            command.add("-DRUST_FLAVOR=cpu");
            command.add("-Doffline=true");
            command.add("--sun-misc-unsafe-memory-access=allow");
        }
        command.addAll(List.of("-cp", classPath(options.engine()), Worker.class.getName()));
        command.addAll(options.arguments());
        return command;
    }

    private static String heap(EngineKind engine) {
        return switch (engine) {
            case GGUF -> "-Xmx64m";
            case ONNX -> "-Xmx256m";
            case OPENNLP -> "-Xmx384m";
            case REMOTE -> throw noWorker();
        };
    }

    /** Of each library a worker needs, a class: where that was loaded from holds in tests and in the packaged server alike. */
    private static List<String> libraries(EngineKind engine) {
        return switch (engine) {
            case GGUF -> List.of();
            case ONNX -> List.of("ai.onnxruntime.OrtEnvironment", "ai.djl.huggingface.tokenizers.HuggingFaceTokenizer",
                    "ai.djl.util.Platform", "com.google.gson.Gson", "com.sun.jna.Native", "org.slf4j.Logger");
            case OPENNLP -> List.of("opennlp.tools.langdetect.LanguageDetectorME", "org.slf4j.Logger");
            case REMOTE -> throw noWorker();
        };
    }

    private static IllegalArgumentException noWorker() {
        return new IllegalArgumentException("No worker runs a remote endpoint");
    }

    private static String classPath(EngineKind engine) {
        Set<String> places = new LinkedHashSet<>();
        places.add(place(Worker.class).toString());
        for (String name : libraries(engine)) {
            try {
                places.add(place(Class.forName(name, false, Worker.class.getClassLoader())).toString());
            } catch (ClassNotFoundException e) {
                throw new IllegalStateException("The server's class path lacks " + name, e);
            }
        }
        return String.join(":", places);
    }

    private static Path place(Class<?> type) {
        try {
            return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private Path onnxruntime() throws IOException {
        String folder = "/ai/onnxruntime/native/" + (ARM ? "linux-aarch64/" : "linux-x64/");
        unpack(OrtEnvironment.class, folder + "libonnxruntime4j_jni.so");
        return unpack(OrtEnvironment.class, folder + "libonnxruntime.so");
    }

    private Path tokenizers() throws IOException {
        return unpack(HuggingFaceTokenizer.class,
                "/native/lib/" + (ARM ? "linux-aarch64" : "linux-x86_64") + "/cpu/libtokenizers.so")
                .resolve("libtokenizers.so");
    }

    /**
     * @return the folder it is in. Unpacked here once, because a worker may not write files, and left alone by a worker that is
     *         killed.
     */
    private Path unpack(Class<?> library, String resource) throws IOException {
        String version = place(library).getFileName().toString().replaceFirst("\\.jar$", "");
        Path folder = Files.createDirectories(cache.resolve(version));
        Path file = folder.resolve(Path.of(resource).getFileName());
        if (!Files.exists(file)) {
            Path unpacking = folder.resolve(UUID.randomUUID().toString());
            try (InputStream in = library.getResourceAsStream(resource);
                    FileChannel out = FileChannel.open(unpacking, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                if (in == null) {
                    throw new IOException(version + " has no " + resource);
                }
                in.transferTo(Channels.newOutputStream(out));
                out.force(true);
                Files.move(unpacking, file, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(unpacking);
            }
        }
        return folder;
    }

    /** A network of its own, in which there is nothing. */
    static List<String> isolation() {
        for (String flags : List.of("-rn", "-n")) {
            try {
                if (new ProcessBuilder("unshare", flags, "true").redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0) {
                    return List.of("unshare", flags);
                }
            } catch (IOException e) {
                break;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        LOG.log(System.Logger.Level.WARNING, "This system does not let engines run without a network (unshare -rn is refused): "
                + "a hostile model could reach it.");
        return List.of();
    }
}
