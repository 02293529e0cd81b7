package farthing.engine;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import farthing.engine.Classifications.Label;

/** A call that a worker process has counted and runs. */
final class WorkerInvocation implements Invocation {

    private final Supervisor supervisor;
    private final Input input;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final AtomicBoolean begun = new AtomicBoolean();
    private final Running worker;
    private final SocketChannel channel;
    private final Places.Stay stay;
    private volatile boolean overdue;
    private volatile int outputTokens;
    private volatile FinishReason reason = FinishReason.CANCELLED;
    private int inputTokens;
    private int maxOutputTokens;

    WorkerInvocation(Supervisor supervisor, Running worker, SocketChannel channel, Input input, Places.Stay stay) {
        this.supervisor = supervisor;
        this.worker = worker;
        this.channel = channel;
        this.input = input;
        this.stay = stay;
    }

    @Override
    public int inputTokens() {
        return inputTokens;
    }

    @Override
    public int maxOutputTokens() {
        return maxOutputTokens;
    }

    @Override
    public Usage usage() {
        return new Usage(inputTokens, outputTokens, items(), reason);
    }

    @Override
    public Usage generate(Generation how, Pieces onText) {
        run(Frame.GENERATE, out -> GgufModel.writeGeneration(out, how), frame -> {
            int tokens = frame.fields().readInt();
            onText.accept(Frame.readText(frame.fields()));
            outputTokens = tokens;
        });
        return usage();
    }

    @Override
    public Embeddings embed() {
        List<float[]> vectors = new ArrayList<>();
        run(Frame.EMBED, _ -> {
        }, frame -> vectors.add(vector(frame.fields())));
        return new Embeddings(vectors, complete());
    }

    @Override
    public Classifications classify() {
        List<List<Label>> texts = new ArrayList<>();
        run(Frame.CLASSIFY, _ -> {
        }, frame -> texts.add(labels(frame.fields())));
        return new Classifications(texts, complete());
    }

    private Usage complete() {
        if (reason == FinishReason.CANCELLED) {
            throw new EngineFailed("the call was cancelled.");
        }
        return usage();
    }

    private interface Partial {
        void take(Frame frame) throws IOException;
    }

    void prepare() {
        exchange(Frame.PREPARED, () -> {
            switch (input) {
                case Input.Prompt(String text) -> Frame.write(channel, Frame.PREPARE_PROMPT, out -> {
                    out.writeInt(1);
                    Frame.writeText(out, text);
                });
                case Input.Chat(var messages) -> Frame.write(channel, Frame.PREPARE_CHAT, out -> {
                    out.writeInt(messages.size());
                    for (var message : messages) {
                        Frame.writeText(out, message.role());
                        Frame.writeText(out, message.content());
                    }
                });
                case Input.Texts(var texts) -> Frame.write(channel, Frame.PREPARE_TEXTS, out -> {
                    out.writeInt(texts.size());
                    for (String text : texts) {
                        Frame.writeText(out, text);
                    }
                });
            }
            Frame answer = Frame.read(channel);
            DataInputStream fields = answer.fields();
            switch (answer.type()) {
                case Frame.PREPARED -> {
                    inputTokens = fields.readInt();
                    maxOutputTokens = fields.readInt();
                }
                case Frame.TOO_LONG -> throw new InputTooLong(fields.readInt(), fields.readInt(), Frame.readText(fields));
                case Frame.UNSUPPORTED -> throw new UnsupportedInput(Frame.readText(fields));
                default -> throw failed(answer);
            }
        });
    }

    private void run(byte request, Frame.Fields fields, Partial partial) {
        if (begun.getAndSet(true)) {
            throw new IllegalStateException("An invocation runs once");
        }
        try {
            exchange(request, () -> {
                Frame.write(channel, request, fields);
                Frame frame;
                while ((frame = Frame.read(channel)).type() != Frame.DONE) {
                    if (frame.type() == Frame.FAILED) {
                        throw failed(frame);
                    }
                    partial.take(frame);
                }
                outputTokens = frame.fields().readInt();
                reason = FinishReason.values()[frame.fields().readByte()];
                supervisor.succeeded();
            });
        } finally {
            close();
        }
    }

    private interface Exchange {
        void run() throws IOException;
    }

    private void exchange(byte request, Exchange exchange) {
        Duration longest = supervisor.engines().settings().callTime();
        ScheduledFuture<?> watch = supervisor.engines().timer().schedule(() -> overdue(request), longest.toMillis(),
                TimeUnit.MILLISECONDS);
        try {
            exchange.run();
        } catch (ClosedByInterruptException e) {
            if (request == Frame.PREPARED) {
                throw new EngineFailed("the call was interrupted.");
            }
            close();
        } catch (IOException e) {
            if (overdue) {
                throw new EngineFailed("it worked for more than " + longest.toSeconds() + " s.");
            }
            if (!closed.get()) {
                throw supervisor.failed(worker);
            }
        } finally {
            var _ = watch.cancel(false);
        }
    }

    private void overdue(byte request) {
        overdue = true;
        if (request != Frame.GENERATE) {
            // Nothing else can stop it.
            worker.kill("a call ran too long");
        }
        hangUp();
    }

    private static EngineFailed failed(Frame frame) throws IOException {
        return new EngineFailed(Frame.readText(frame.fields()).replaceFirst("\\.?$", "."));
    }

    private int items() {
        return input instanceof Input.Texts(List<String> texts) ? texts.size() : 1;
    }

    private static float[] vector(DataInputStream fields) throws IOException {
        float[] vector = new float[fields.readInt()];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = fields.readFloat();
        }
        return vector;
    }

    private static List<Label> labels(DataInputStream fields) throws IOException {
        List<Label> labels = new ArrayList<>();
        for (int n = fields.readInt(); n > 0; n--) {
            labels.add(new Label(Frame.readText(fields), fields.readDouble()));
        }
        return labels;
    }

    @Override
    public void close() {
        if (!closed.getAndSet(true)) {
            hangUp();
            supervisor.leave(stay);
        }
    }

    /** Frees what the worker holds for it, and ends what it does. */
    void hangUp() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
