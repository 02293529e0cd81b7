package farthing.artefact;

/** The file format of a version's {@link Role#MODEL} file. */
public enum Format {
    GGUF,
    ONNX,
    OPENNLP,
    /** A JSON object that says where a remote endpoint is: {@code url} and {@code model}. */
    REMOTE
}
