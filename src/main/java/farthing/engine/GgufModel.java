package farthing.engine;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.DataInputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ThreadLocalRandom;

import org.jspecify.annotations.Nullable;

import farthing.engine.Input.Chat;
import farthing.engine.Input.Message;
import farthing.engine.Input.Prompt;
import farthing.engine.Input.Texts;

/** A language model run by llama.cpp, with one llama context per place. */
final class GgufModel implements Model {

    /** A place to generate in. */
    private final class Context {

        private volatile @Nullable Generating job;
        private final MemorySegment handle = llama.newContext(model, context, threads, this::aborted);

        private boolean aborted() {
            Generating running = job;
            return running != null && running.cancelled();
        }
    }

    private final Llama llama;
    private final MemorySegment model;
    private final MemorySegment vocabulary;
    private final PromptTemplate template;
    private final int context;
    private final int threads;
    private final BlockingQueue<Context> idle;

    GgufModel(WorkerOptions options) {
        llama = new Llama(options.natives());
        model = llama.loadModel(options.model());
        if (!llama.canGenerate(model)) {
            throw new IllegalStateException("it cannot continue text");
        }
        vocabulary = llama.vocabulary(model);
        template = options.template();
        context = Math.min(options.context(), llama.trainedContext(model));
        // Never all cores: the server and the other workers need some.
        threads = Math.max(1, (Runtime.getRuntime().availableProcessors() - 1) / options.places());
        idle = new ArrayBlockingQueue<>(options.places());
        for (int i = 0; i < options.places(); i++) {
            idle.add(new Context());
        }
    }

    @Override
    public Job prepare(Input input) {
        int[] tokens = switch (input) {
            case Prompt(String text) -> llama.tokenize(vocabulary, text, false);
            case Chat(List<Message> messages) -> tokens(messages);
            case Texts _ -> throw new UnsupportedInput("This model continues text; it does not embed or classify.");
        };
        if (tokens.length == 0) {
            throw new UnsupportedInput("The prompt is empty: this model needs at least one token to continue.");
        }
        if (tokens.length >= context) {
            throw new InputTooLong(tokens.length, context - 1, "tokens");
        }
        return new Generating(tokens);
    }

    private int[] tokens(List<Message> messages) {
        return switch (template) {
            case NONE -> throw noChat();
            case PLAIN -> llama.tokenize(vocabulary, lastOfUser(messages), false);
            case MODEL -> llama.tokenize(vocabulary, llama.render(model, messages).orElseThrow(GgufModel::noChat), true);
        };
    }

    private static UnsupportedInput noChat() {
        return new UnsupportedInput("This model has no chat template the engine knows. Use /v1/completions instead.");
    }

    private static String lastOfUser(List<Message> messages) {
        return messages.stream().filter(message -> message.role().equals("user")).reduce((_, last) -> last)
                .orElseThrow(() -> new UnsupportedInput("This model reads the last user message, and there is none."))
                .content();
    }

    private final class Generating extends Job {

        private final int[] prompt;

        Generating(int[] prompt) {
            super(prompt.length, context - prompt.length);
            this.prompt = prompt;
        }

        @Override
        void run(Frame request, Outlet out) throws IOException, InterruptedException {
            Generation how = readGeneration(request.fields());
            Context place = idle.take();
            place.job = this;
            try {
                generate(place.handle, how, out);
            } finally {
                place.job = null;
                idle.add(place);
            }
        }

        private void generate(MemorySegment handle, Generation how, Outlet out) throws IOException {
            Integer seed = how.seed();
            MemorySegment sampler = llama.newSampler(vocabulary, context, how,
                    seed == null ? ThreadLocalRandom.current().nextInt() : seed);
            try (Arena arena = Arena.ofConfined()) {
                llama.clear(handle);
                MemorySegment tokens = arena.allocateFrom(JAVA_INT, prompt);
                for (int at = 0; at < prompt.length; at += Llama.BATCH) {
                    decode(handle, tokens.asSlice(4L * at), Math.min(Llama.BATCH, prompt.length - at));
                }
                var text = new TextOut(how.stop());
                FinishReason reason = continueText(handle, sampler, Math.min(how.maxTokens(), maxOutputTokens()), text, out);
                send(text.end(), text, out);
                out.send(Frame.DONE, fields -> {
                    fields.writeInt(text.tokens());
                    fields.writeByte(reason.ordinal());
                });
            } finally {
                llama.freeSampler(sampler);
            }
        }

        private FinishReason continueText(MemorySegment handle, MemorySegment sampler, int most, TextOut text, Outlet out)
                throws IOException {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment next = arena.allocate(JAVA_INT);
                for (int n = 1;; n++) {
                    int token = llama.sample(sampler, handle);
                    if (llama.isEnd(vocabulary, token)) {
                        return FinishReason.STOP;
                    }
                    send(text.add(llama.piece(vocabulary, token)), text, out);
                    if (text.stopped()) {
                        return FinishReason.STOP;
                    }
                    if (n == most) {
                        return FinishReason.LENGTH;
                    }
                    next.set(JAVA_INT, 0, token);
                    decode(handle, next, 1);
                }
            }
        }

        private void decode(MemorySegment handle, MemorySegment tokens, int count) throws IOException {
            int result = cancelled() ? 2 : llama.decode(handle, tokens, count);
            if (result == 2) {
                throw new IOException("cancelled");
            }
            if (result != 0) {
                throw new IllegalStateException("llama_decode returned " + result);
            }
        }
    }

    private static void send(String piece, TextOut text, Outlet out) throws IOException {
        if (!piece.isEmpty()) {
            out.send(Frame.TEXT, fields -> {
                fields.writeInt(text.tokens());
                Frame.writeText(fields, piece);
            });
        }
    }

    static void writeGeneration(java.io.DataOutputStream out, Generation how) throws IOException {
        out.writeInt(how.maxTokens());
        out.writeFloat(how.temperature());
        out.writeFloat(how.topP());
        Integer seed = how.seed();
        out.writeBoolean(seed != null);
        out.writeInt(seed == null ? 0 : seed);
        out.writeFloat(how.frequencyPenalty());
        out.writeFloat(how.presencePenalty());
        out.writeInt(how.stop().size());
        for (String stop : how.stop()) {
            Frame.writeText(out, stop);
        }
    }

    private static Generation readGeneration(DataInputStream in) throws IOException {
        int maxTokens = in.readInt();
        float temperature = in.readFloat();
        float topP = in.readFloat();
        boolean seeded = in.readBoolean();
        int seed = in.readInt();
        float frequencyPenalty = in.readFloat();
        float presencePenalty = in.readFloat();
        List<String> stop = new ArrayList<>();
        for (int n = in.readInt(); n > 0; n--) {
            stop.add(Frame.readText(in));
        }
        return new Generation(maxTokens, temperature, topP, seeded ? (Integer) seed : null, stop, frequencyPenalty,
                presencePenalty);
    }
}
