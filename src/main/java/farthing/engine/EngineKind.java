package farthing.engine;

import farthing.artefact.Format;

/** What runs an artefact. */
public enum EngineKind {
    /** ONNX Runtime with a Hugging Face tokenizer. */
    ONNX(Format.ONNX),
    /** llama.cpp. */
    GGUF(Format.GGUF),
    /** Apache OpenNLP. */
    OPENNLP(Format.OPENNLP),
    /** A server elsewhere that speaks OpenAI's protocol. */
    REMOTE(Format.REMOTE);

    private final Format format;

    EngineKind(Format format) {
        this.format = format;
    }

    public Format format() {
        return format;
    }
}
