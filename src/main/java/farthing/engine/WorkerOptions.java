package farthing.engine;

import java.nio.file.Path;
import java.util.List;

/** What the server tells a worker on its command line. */
record WorkerOptions(EngineKind engine, Path socket, Path natives, Path model, Path tokenizer, PromptTemplate template,
        int context, Pooling pooling, boolean normalise, int places, long memory) {

    List<String> arguments() {
        return List.of(engine.name(), socket.toString(), natives.toString(), model.toString(), tokenizer.toString(),
                template.name(), String.valueOf(context), pooling.name(), String.valueOf(normalise), String.valueOf(places),
                String.valueOf(memory));
    }

    static WorkerOptions of(String[] a) {
        return new WorkerOptions(EngineKind.valueOf(a[0]), Path.of(a[1]), Path.of(a[2]), Path.of(a[3]), Path.of(a[4]),
                PromptTemplate.valueOf(a[5]), Integer.parseInt(a[6]), Pooling.valueOf(a[7]), Boolean.parseBoolean(a[8]),
                Integer.parseInt(a[9]), Long.parseLong(a[10]));
    }
}
