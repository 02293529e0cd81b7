package farthing.engine;

import java.util.List;

/** What a caller wants a model to work on. */
public sealed interface Input {

    /** Text to continue. */
    record Prompt(String text) implements Input {
    }

    record Message(String role, String content) {
    }

    /** A conversation to answer, oldest message first. */
    record Chat(List<Message> messages) implements Input {
        public Chat {
            messages = List.copyOf(messages);
        }
    }

    /** Texts to embed or classify, each on its own. */
    record Texts(List<String> texts) implements Input {
        public Texts {
            texts = List.copyOf(texts);
        }
    }
}
