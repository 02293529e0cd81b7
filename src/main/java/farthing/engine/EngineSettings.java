package farthing.engine;

import java.nio.file.Path;
import java.time.Duration;

/**
 * @param natives folder of llama.cpp's libraries ({@code FARTHING_NATIVES})
 * @param cache folder the engines' other libraries are unpacked into
 * @param workers how many worker processes may live at once
 * @param places how many calls run at once per version; ONNX and OPENNLP versions run at least one per core
 * @param queue how many more calls of one API key may wait per version
 * @param queueInAll how many more calls of all keys may wait per version
 * @param queueTime how long a call waits for its place
 * @param loadTime how long a version may take to load
 * @param callTime how long a call may run
 * @param idleTime after which an unused worker is stopped
 * @param memory bytes a worker may use beyond four times the size of its model
 */
public record EngineSettings(Path natives, Path cache, int workers, int places, int queue, int queueInAll, Duration queueTime,
        Duration loadTime, Duration callTime, Duration idleTime, long memory) {

    static EngineSettings of(EngineConfig config, Path data) {
        return new EngineSettings(config.natives().orElseGet(EngineSettings::installedNatives), data.resolve("engine"),
                config.workers(), config.places(), config.queue(), config.queueInAll(), config.queueTime(), config.loadTime(),
                config.callTime(),
                config.idleTime(), config.memory().asLongValue());
    }

    public static EngineSettings defaults(Path natives, Path cache) {
        return new EngineSettings(natives, cache, 8, 2, 64, 512, Duration.ofSeconds(30), Duration.ofMinutes(1),
                Duration.ofMinutes(5), Duration.ofMinutes(15), 1L << 30);
    }

    /** How many calls of such a version run at once: what computes with one thread per call may use every core. */
    int places(EngineKind engine) {
        return engine == EngineKind.GGUF ? places : Math.max(places, Runtime.getRuntime().availableProcessors());
    }

    public EngineSettings withWorkers(int most) {
        return new EngineSettings(natives, cache, most, places, queue, queueInAll, queueTime, loadTime, callTime, idleTime,
                memory);
    }

    public EngineSettings withQueue(int atOnce, int waiting, Duration longest) {
        return new EngineSettings(natives, cache, workers, atOnce, waiting, waiting, longest, loadTime, callTime, idleTime,
                memory);
    }

    /** Where {@code npm ci} in {@code src/main/native} puts this machine's libraries. */
    static Path installedNatives() {
        String platform = arm() ? "linux-arm64" : "linux-x64";
        return Path.of("src/main/native/node_modules/@node-llama-cpp", platform, "bins", platform);
    }

    static boolean arm() {
        return System.getProperty("os.arch").equals("aarch64");
    }
}
