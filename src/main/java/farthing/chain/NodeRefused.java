package farthing.chain;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/** The node answered with an error of its own: it refused a transaction, or a dry run reverted. */
final class NodeRefused extends NodeFailed {

    /** web3j leaves the JSON around it as it is, and nodes differ in it. */
    private static final Pattern BYTES = Pattern.compile("0x[0-9a-fA-F]*");

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
        if (data != null) {
            Matcher bytes = BYTES.matcher(data);
            String said = bytes.find() ? Reverts.named(bytes.group()) : null;
            if (said != null) {
                return said;
            }
        }
        return Shown.start(answer);
    }
}
