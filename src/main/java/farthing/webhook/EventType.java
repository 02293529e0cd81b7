package farthing.webhook;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What a webhook may be told. */
enum EventType {
    BUDGET_REACHED("farthing.budget.reached.v1", "80 % or all of a line, or of a key's own limit, is used"),
    BATCH_POSTED("farthing.batch.posted.v1", "a batch with calls or earnings of yours is final on chain"),
    PAYOUT_PAID("farthing.payout.paid.v1", "a withdrawal to one of your wallets is final on chain"),
    /** Sent when its owner asks for it, to that webhook alone. */
    TEST("farthing.test.v1", "a test");

    final String wireName;
    final String about;

    EventType(String wireName, String about) {
        this.wireName = wireName;
        this.about = about;
    }

    /** Those that happen. */
    static List<EventType> choices() {
        return List.of(BUDGET_REACHED, BATCH_POSTED, PAYOUT_PAID);
    }

    static Optional<EventType> choice(String wireName) {
        return choices().stream().filter(type -> type.wireName.equals(wireName)).findFirst();
    }

    static EventType named(String wireName) {
        return Arrays.stream(values()).filter(type -> type.wireName.equals(wireName)).findFirst()
                .orElseThrow(() -> new IllegalStateException("no event is called " + wireName));
    }
}
