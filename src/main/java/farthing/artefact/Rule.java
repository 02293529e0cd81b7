package farthing.artefact;

/** What a file must keep before native code reads it; the label says it to the developer. */
public enum Rule {
    SIZE("The files are not empty and not too large"),
    FORMAT("The model is a GGUF, ONNX or OpenNLP file, not an archive, a pickle or a web page"),
    STRUCTURE("Every length and count in the model lies inside its file"),
    ARCHITECTURE("The engine knows the model's architecture, and its layers and heads fit each other"),
    WEIGHTS("Every weight has a known type and exactly the bytes of its shape"),
    VOCABULARY("Its pieces, special tokens and embedding rows are as many"),
    TEMPLATE("Its chat template is text of a sensible length"),
    EXTERNAL_DATA("Nothing is read from outside of the file"),
    OPERATORS("It computes with known operators only, without loops"),
    MEMORY("The memory that it takes is bounded"),
    INPUTS("It takes token ids and gives numbers for a text"),
    ENTRIES("It holds only what a model of OpenNLP holds"),
    TOKENIZER("The tokenizer is whole and is the model's"),
    TASK("The model can do the task it is for");

    private final String label;

    Rule(String label) {
        this.label = label;
    }

    public String label() {
        return label;
    }
}
