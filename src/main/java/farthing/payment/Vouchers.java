package farthing.payment;

import java.io.ByteArrayOutputStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import javax.sql.DataSource;

import org.jspecify.annotations.Nullable;

import farthing.chain.Address;
import farthing.chain.ChainLog;
import farthing.chain.ChainPosition;
import farthing.chain.Deployment;
import farthing.chain.Logged;
import farthing.chain.Signatures;
import farthing.chain.Transactions;
import farthing.chain.VaultCalls;
import farthing.chain.VaultEvent;
import farthing.ledger.LineId;
import farthing.money.Amount;

/** Signed ceilings: checked when they come in, and sent to the vault by the operator, who pays for it. */
final class Vouchers {

    /** What the vault would still take a moment before its deadline may come too late for calls that were let in on it. */
    static final Duration LEAST = Duration.ofHours(24);

    private static final int MOST_WAITING = 3;
    /** At 84 bytes each far from the size limit of a transaction. */
    private static final int MOST_IN_ONE_CALL = 200;
    private static final Address NOBODY = Address.of(new byte[20]);
    private static final long LAST_DEADLINE = (1L << 40) - 1;

    private final DataSource source;
    private final ChainLog chain;
    private final Transactions transactions;
    private final VaultCalls calls;
    private final Deployment deployment;
    private final Clock clock;

    Vouchers(DataSource source, ChainLog chain, Transactions transactions, VaultCalls calls, Deployment deployment,
            Clock clock) {
        this.source = source;
        this.chain = chain;
        this.transactions = transactions;
        this.calls = calls;
        this.deployment = deployment;
        this.clock = clock;
    }

    /** @param chainId of the domain that was signed, as is {@code vault} */
    record Signed(SpendVoucher voucher, long chainId, Address vault, byte[] signature) {
    }

    /** @param sent null while it waits to be sent */
    record Waiting(Amount ceiling, Instant deadline, Instant receivedAt, Transactions.@Nullable Sent sent) {
    }

    /**
     * Takes a voucher in. The same one again changes nothing.
     *
     * @param line for which it is handed in; the caller has checked that it is the account's
     * @throws VoucherRefused saying why the vault would not count it
     * @throws farthing.chain.MalformedSignature for what nobody can have signed
     */
    void take(LineId line, Signed signed) throws SQLException {
        try (Connection connection = source.getConnection()) {
            check(connection, line, signed);
            try (PreparedStatement insert = connection.prepareStatement("""
                    insert into spend_voucher (line, ceiling, deadline, signature, received_at) values (?, ?, ?, ?, ?)
                    on conflict (line, ceiling, deadline) do nothing""")) {
                insert.setInt(1, line.value());
                insert.setLong(2, signed.voucher.ceiling().nanos());
                insert.setTimestamp(3, Timestamp.from(signed.voucher.deadline()));
                insert.setBytes(4, signed.signature);
                insert.setTimestamp(5, Timestamp.from(clock.instant()));
                insert.executeUpdate();
            }
        }
    }

    private void check(Connection connection, LineId line, Signed signed) throws SQLException {
        SpendVoucher voucher = signed.voucher;
        if (signed.chainId != deployment.chainId()) {
            throw VoucherRefused.otherChain(signed.chainId, deployment.chainId());
        }
        if (!signed.vault.equals(deployment.vault())) {
            throw VoucherRefused.otherVault(signed.vault, deployment.vault());
        }
        if (!voucher.line().equals(line)) {
            throw VoucherRefused.otherLine(voucher.line(), line);
        }
        ChainPosition position = chain.position(connection).orElseThrow(VoucherRefused::chainUnread);
        Instant now = position.head().at();
        if (voucher.deadline().isBefore(now.plus(LEAST))) {
            throw VoucherRefused.tooShort(voucher.deadline(), LEAST);
        }
        if (LineFacts.MOST.isLessThan(voucher.ceiling())) {
            throw VoucherRefused.tooHigh();
        }
        List<Logged<?>> events = chain.ofLine(connection, line.value());
        Set<Address> signers = signers(events, now);
        if (signers.isEmpty()) {
            throw VoucherRefused.noSuchLine(line);
        }
        Amount ceiling = Amount.ZERO;
        for (Logged<?> logged : events) {
            if (logged.event() instanceof VaultEvent.CeilingRaised raised) {
                ceiling = ceiling.max(raised.ceiling());
            }
            if (logged.event() instanceof VaultEvent.Exited) {
                throw VoucherRefused.left(line);
            }
        }
        if (!ceiling.isLessThan(voucher.ceiling())) {
            throw VoucherRefused.notHigher(line, ceiling);
        }
        Address signer = Signatures.recover(voucher.digest(deployment.chainId(), deployment.vault()), signed.signature);
        if (!signers.contains(signer)) {
            throw VoucherRefused.otherSigner(signer, line);
        }
        // Each costs the operator a transaction, and one would do.
        if (onTheirWay(connection, line, ceiling).size() >= MOST_WAITING) {
            throw VoucherRefused.tooMany(line);
        }
    }

    /** Owner and session keys; a replaced one counts as long as the vault still takes it. */
    private static Set<Address> signers(List<Logged<?>> events, Instant now) {
        Set<Address> signers = new HashSet<>();
        Address owner = null;
        Address session = NOBODY;
        for (Logged<?> logged : events) {
            if (logged.event() instanceof VaultEvent.LineOpened opened) {
                owner = opened.owner();
                session = opened.sessionKey();
            }
            if (logged.event() instanceof VaultEvent.SessionKeyReplaced replaced) {
                session = replaced.sessionKey();
                if (now.isBefore(replaced.previousUntil())) {
                    signers.add(replaced.previous());
                }
            }
        }
        if (owner == null) {
            return Set.of();
        }
        signers.add(owner);
        signers.add(session);
        signers.remove(NOBODY);
        return signers;
    }

    /** Vouchers above the present ceiling that may still raise it, oldest first. */
    List<Waiting> onTheirWay(Connection connection, LineId line, Amount ceiling) throws SQLException {
        List<Waiting> waiting = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(
                "select ceiling, deadline, received_at, purpose from spend_voucher where line = ? and ceiling > ? order by id")) {
            select.setInt(1, line.value());
            select.setLong(2, ceiling.nanos());
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    String purpose = row.getString(4);
                    Optional<Transactions.Sent> sent = purpose == null ? Optional.empty()
                            : transactions.find(connection, purpose);
                    // In a block, and the ceiling is still below: the vault has skipped it.
                    if (sent.isEmpty() || sent.get().block() == null) {
                        waiting.add(new Waiting(Amount.ofNanos(row.getLong(1)), row.getTimestamp(2).toInstant(),
                                row.getTimestamp(3).toInstant(), sent.orElse(null)));
                    }
                }
            }
        }
        return waiting;
    }

    /** Sends what waits, packed into one call. */
    void relay() throws SQLException {
        try (Connection connection = source.getConnection()) {
            connection.setAutoCommit(false);
            try {
                relay(connection);
                connection.commit();
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        }
    }

    private void relay(Connection connection) throws SQLException {
        List<Long> ids = new ArrayList<>();
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (PreparedStatement select = connection.prepareStatement("""
                select id, line, ceiling, deadline, signature from spend_voucher where purpose is null
                order by id limit ? for update skip locked""")) {
            select.setInt(1, MOST_IN_ONE_CALL);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    ids.add(row.getLong(1));
                    packed.writeBytes(new SpendVoucher(new LineId(row.getInt(2)), Amount.ofNanos(row.getLong(3)),
                            row.getTimestamp(4).toInstant()).packed(row.getBytes(5)));
                }
            }
        }
        if (ids.isEmpty()) {
            return;
        }
        String purpose = "raise:" + ids.getFirst();
        transactions.queue(connection, purpose, deployment.operator(), calls.raise(packed.toByteArray()));
        try (PreparedStatement update = connection
                .prepareStatement("update spend_voucher set purpose = ? where id = any (?)")) {
            update.setString(1, purpose);
            update.setArray(2, connection.createArrayOf("bigint", ids.toArray()));
            update.executeUpdate();
        }
    }

    /**
     * Reads a voucher as a form brings it: numbers as text.
     *
     * @throws VoucherRefused where one is no number, or one that its type does not hold
     */
    static Signed read(String line, String ceilingMicros, String deadline, String chainId, String vault, String signature) {
        try {
            Amount ceiling = Amount.ofNanos(Math.multiplyExact(Long.parseUnsignedLong(ceilingMicros), 1_000L));
            long seconds = Long.parseLong(deadline);
            if (ceiling.isNegative() || seconds < 0 || seconds > LAST_DEADLINE) {
                throw VoucherRefused.unreadable();
            }
            SpendVoucher voucher = new SpendVoucher(new LineId(Integer.parseUnsignedInt(line)), ceiling,
                    Instant.ofEpochSecond(seconds));
            return new Signed(voucher, Long.parseLong(chainId), new Address(vault), Signatures.parse(signature));
        } catch (NumberFormatException | ArithmeticException e) {
            throw VoucherRefused.unreadable();
        }
    }
}
