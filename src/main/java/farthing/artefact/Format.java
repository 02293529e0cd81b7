package farthing.artefact;

/** The file format of a version's {@link Role#MODEL} file. */
public enum Format {
    GGUF,
    ONNX,
    OPENNLP
}
