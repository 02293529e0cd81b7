package farthing.engine;

/** How a chat becomes the text a model reads. */
public enum PromptTemplate {
    /** The model takes no chats. */
    NONE,
    /** The last user message as it is; earlier messages are not read. */
    PLAIN,
    /** The template in the model's own file, if it is one that llama.cpp knows. */
    MODEL
}
