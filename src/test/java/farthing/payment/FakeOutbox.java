package farthing.payment;

import java.sql.Connection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

import farthing.chain.Address;
import farthing.chain.BlockRef;
import farthing.chain.Call;
import farthing.chain.SigningKey;
import farthing.chain.Transactions;

/** An outbox from which nothing leaves but when a test says so. */
final class FakeOutbox implements Transactions {

    final Map<String, Call> calls = new LinkedHashMap<>();
    final Map<String, Sent> sent = new LinkedHashMap<>();

    @Override
    public void queue(Connection connection, String purpose, Address key, Call call) {
        if (calls.putIfAbsent(purpose, call) == null) {
            sent.put(purpose, new Sent(purpose, State.QUEUED, null, null, null, false));
        }
    }

    void mined(String purpose, State state) {
        BlockRef block = new BlockRef(1, "0x%064x".formatted(1), FakeChain.GENESIS);
        sent.put(purpose, new Sent(purpose, state, "0x%064x".formatted(2), block, null, state != State.MINED));
    }

    @Override
    public Optional<Sent> find(Connection connection, String purpose) {
        return Optional.ofNullable(sent.get(purpose));
    }

    @Override
    public boolean withdraw(Connection connection, String purpose) {
        return false;
    }

    @Override
    public void know(SigningKey key) {
        // Signs nothing.
    }
}
