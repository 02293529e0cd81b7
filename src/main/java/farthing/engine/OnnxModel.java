package farthing.engine;

import java.io.IOException;
import java.nio.LongBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import farthing.engine.Input.Texts;

/** An embedding model run by ONNX Runtime: one session for all callers. */
final class OnnxModel implements Model {

    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession session;
    private final HuggingFaceTokenizer tokenizer;
    private final int context;
    private final Pooling pooling;
    private final boolean normalise;

    OnnxModel(WorkerOptions options) throws OrtException, IOException {
        try (var session = new OrtSession.SessionOptions()) {
            session.setIntraOpNumThreads(1);
            session.setInterOpNumThreads(1);
            this.session = environment.createSession(options.model().toString(), session);
        }
        // A tokenizer file may ask to cut or to pad: then the count would be wrong and the text would not be the caller's.
        tokenizer = HuggingFaceTokenizer.newInstance(options.tokenizer(), Map.of("truncation", "false", "padding", "false"));
        context = options.context();
        pooling = options.pooling();
        normalise = options.normalise();
        for (String input : session.getInputNames()) {
            if (!List.of("input_ids", "attention_mask", "token_type_ids").contains(input)) {
                throw new IllegalStateException("it wants an input named " + input + ", which no text gives");
            }
        }
    }

    @Override
    public Job prepare(Input input) {
        if (!(input instanceof Texts(List<String> texts))) {
            throw new UnsupportedInput("This model embeds texts; it does not continue or answer them. Use /v1/embeddings.");
        }
        if (texts.isEmpty()) {
            throw new UnsupportedInput("There is no text to embed.");
        }
        List<Tokens> counted = texts.stream().map(this::tokens).toList();
        return new Embedding(counted, counted.stream().mapToInt(text -> text.ids.length).sum());
    }

    private record Tokens(long[] ids, long[] mask, long[] types) {
    }

    private Tokens tokens(String text) {
        Encoding encoding = tokenizer.encode(text);
        int count = encoding.getIds().length;
        if (count > context) {
            throw new InputTooLong(count, context, "tokens");
        }
        return new Tokens(encoding.getIds(), encoding.getAttentionMask(), encoding.getTypeIds());
    }

    private final class Embedding extends Job {

        private final List<Tokens> texts;

        Embedding(List<Tokens> texts, int tokens) {
            super(tokens, 0);
            this.texts = texts;
        }

        @Override
        void run(Frame request, Outlet out) throws IOException {
            // One text at a time: a quantised model's numbers change with what shares its batch.
            for (Tokens text : texts) {
                if (cancelled()) {
                    throw new IOException("cancelled");
                }
                float[] vector = embed(text);
                out.send(Frame.VECTOR, fields -> {
                    fields.writeInt(vector.length);
                    for (float v : vector) {
                        fields.writeFloat(v);
                    }
                });
            }
            out.send(Frame.DONE, fields -> {
                fields.writeInt(0);
                fields.writeByte(FinishReason.STOP.ordinal());
            });
        }
    }

    private float[] embed(Tokens text) {
        Map<String, OnnxTensor> inputs = new HashMap<>();
        try {
            for (String name : session.getInputNames()) {
                long[] row = switch (name) {
                    case "input_ids" -> text.ids;
                    case "attention_mask" -> text.mask;
                    default -> text.types;
                };
                inputs.put(name, OnnxTensor.createTensor(environment, LongBuffer.wrap(row), new long[] { 1, row.length }));
            }
            try (var result = session.run(inputs)) {
                return switch (result.get(0).getValue()) {
                    case float[][][] tokens -> scaled(pooled(tokens[0]));
                    case float[][] sentence -> scaled(sentence[0]);
                    default -> throw new IllegalStateException("its output is no embedding");
                };
            }
        } catch (OrtException e) {
            throw new IllegalStateException(e.getMessage(), e);
        } finally {
            inputs.values().forEach(OnnxTensor::close);
        }
    }

    private float[] pooled(float[][] tokens) {
        if (pooling == Pooling.CLS) {
            return tokens[0];
        }
        float[] mean = new float[tokens[0].length];
        for (float[] token : tokens) {
            for (int i = 0; i < mean.length; i++) {
                mean[i] += token[i];
            }
        }
        for (int i = 0; i < mean.length; i++) {
            mean[i] /= tokens.length;
        }
        return mean;
    }

    private float[] scaled(float[] vector) {
        if (!normalise) {
            return vector;
        }
        double squares = 0;
        for (float v : vector) {
            squares += (double) v * v;
        }
        float length = (float) Math.sqrt(squares);
        float[] scaled = new float[vector.length];
        for (int i = 0; i < vector.length; i++) {
            scaled[i] = length == 0 ? 0 : vector[i] / length;
        }
        return scaled;
    }
}
