package farthing.chain;

/** Nobody answers at the node's address. */
final class NodeAway extends NodeFailed {

    NodeAway(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}
