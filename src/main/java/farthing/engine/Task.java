package farthing.engine;

/** What a model does, as named on the wire and on its page. */
public enum Task {
    CHAT("chat"),
    COMPLETION("completion"),
    EMBEDDING("embedding"),
    CLASSIFICATION("classification"),
    TOKEN_CLASSIFICATION("token-classification"),
    RERANK("rerank"),
    LANGUAGE_IDENTIFICATION("language-identification"),
    IMAGE_CLASSIFICATION("image-classification"),
    TENSOR("tensor");

    private final String wireName;

    Task(String wireName) {
        this.wireName = wireName;
    }

    public String wireName() {
        return wireName;
    }

    public static Task ofWireName(String wireName) {
        for (Task task : values()) {
            if (task.wireName.equals(wireName)) {
                return task;
            }
        }
        throw new IllegalArgumentException("No task is named " + wireName);
    }
}
