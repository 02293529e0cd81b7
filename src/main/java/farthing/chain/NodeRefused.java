package farthing.chain;

import org.jspecify.annotations.Nullable;

/** The node answered with an error of its own: it refused a transaction, or a dry run reverted. */
final class NodeRefused extends NodeFailed {

    private final String answer;
    private final @Nullable String data;

    NodeRefused(String answer, @Nullable String data) {
        super("The chain's node refused: " + Shown.start(answer));
        this.answer = answer;
        this.data = data;
    }

    String answer() {
        return answer;
    }

    /** What the contract said, or the node where no contract said anything. */
    String reason() {
        String said = data == null ? null : Reverts.named(data);
        return said != null ? said : Shown.start(answer);
    }
}
