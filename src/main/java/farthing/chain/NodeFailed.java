package farthing.chain;

/** The chain's node gave no answer that can be used. The message is a sentence for people. */
class NodeFailed extends Exception {

    NodeFailed(String sentence) {
        super(sentence);
    }

    NodeFailed(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}
