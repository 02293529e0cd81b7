package farthing.payment;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

import javax.sql.DataSource;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import farthing.TestClock;
import farthing.TestDatabase;
import farthing.TestLines;
import farthing.chain.Address;
import farthing.chain.SigningKey;
import farthing.chain.VaultEvent;
import farthing.ledger.Account;
import farthing.ledger.Entry;
import farthing.ledger.Ledger;
import farthing.ledger.LineId;
import farthing.metering.FreezeReason;
import farthing.money.Amount;

class LineBooksTest {

    private static final DataSource SOURCE = TestDatabase.separate("payment");
    private static final Amount MOST = Amount.ofNanos(Long.MAX_VALUE / 1000 * 1000);

    private final Ledger ledger = new Ledger();
    private final TestClock clock = new TestClock(FakeChain.GENESIS);
    private final FakeChain chain = new FakeChain();
    private final LineId line = TestLines.fresh();
    private final Address owner = SigningKey.generate(new SecureRandom()).address();
    private final Map<LineId, Address> adopted = new HashMap<>();
    private final Map<LineId, FreezeReason> frozen = new HashMap<>();
    private final LineBooks books = books();

    @Test
    void aDepositCountsOnceItIsFinalAndOnlyUpToTheCeiling() throws Exception {
        chain.mine(opened()).mine(deposited(25));
        reconcile();
        assertBooked(0, 0);
        assertThat(adopted).isEmpty();

        chain.settle();
        reconcile();
        assertThat(adopted).containsEntry(line, owner);
        assertBooked(0, 25);

        chain.mine(raised(10)).settle();
        reconcile();
        assertBooked(10, 15);

        chain.mine(raised(40)).mine(deposited(5)).settle();
        reconcile();
        assertBooked(30, 0);
    }

    @Test
    void replaysArePostedOnce() throws Exception {
        chain.mine(opened()).mine(deposited(25)).mine(raised(25)).settle();
        for (int i = 0; i < 5; i++) {
            reconcile();
            books().reconcile(line);
        }
        assertBooked(25, 0);
        assertThat(entries()).isEqualTo(1);
    }

    @Test
    void aDepositTakenByAReorgBeforeItWasFinalIsNeverBooked() throws Exception {
        chain.mine(opened()).mine(raised(25)).settle().mine(deposited(25));
        reconcile();
        chain.rollBackTo(chain.height() - 1).settle();
        reconcile();
        assertBooked(0, 0);
        assertThat(entries()).isZero();
        assertThat(frozen).isEmpty();
    }

    @Test
    void aDepositLostAfterFinalityIsTakenBackAndCountsAgainWhenItReturns() throws Exception {
        chain.mine(opened()).mine(raised(25)).settle();
        int before = chain.height();
        chain.mine(deposited(25)).settle();
        reconcile();
        assertBooked(25, 0);
        chain.rollBackTo(before).settle();
        reconcile();
        assertBooked(0, 0);
        assertThat(frozen).as("nothing was spent, so nothing is missing").isEmpty();
        chain.mine(deposited(25)).settle();
        reconcile();
        assertBooked(25, 0);
    }

    @Test
    void whenTheLostDepositWasSpentTheLineIsFrozenUntilItReturns() throws Exception {
        chain.mine(opened()).mine(raised(25)).settle();
        int before = chain.height();
        chain.mine(deposited(25)).settle();
        reconcile();
        spend(Amount.ofTokens(20));

        chain.rollBackTo(before).settle();
        reconcile();
        reconcile();
        assertSumsAreThoseOfTheEntries("deposit lost");
        assertThat(balance(Account.line(line))).isEqualTo(Amount.ZERO);
        assertThat(frozen).containsEntry(line, FreezeReason.DEPOSIT_LOST);
        assertThat(entries()).as("the five that were left were taken once").isEqualTo(2);

        unspend(Amount.ofTokens(3));
        reconcile();
        assertThat(balance(Account.line(line))).as("what a lease gives back is taken too").isEqualTo(Amount.ZERO);

        chain.mine(deposited(25)).settle();
        reconcile();
        assertThat(balance(Account.line(line))).isEqualTo(Amount.ofTokens(8));
        assertThat(frozen).isEmpty();
    }

    @Test
    void absurdAmountsDoNotOverflow() throws Exception {
        chain.mine(opened());
        for (int i = 0; i < 5; i++) {
            chain.mine(new VaultEvent.Deposited(line.value(), owner, MOST));
        }
        chain.mine(new VaultEvent.CeilingRaised(line.value(), MOST)).settle();
        reconcile();
        assertBooked(1_000_000, 0);
        chain.mine(new VaultEvent.ExitRequested(line.value(), FakeChain.GENESIS))
                .mine(new VaultEvent.Exited(line.value(), owner, MOST)).settle();
        reconcile();
        assertBooked(0, 0);
    }

    @Test
    void oneBelowTheMinimumIsCreditedAllTheSame() throws Exception {
        chain.mine(opened()).mine(raised(1)).mine(new VaultEvent.Deposited(line.value(), owner, Amount.ofNanos(1_000)))
                .settle();
        reconcile();
        assertThat(balance(Account.line(line))).isEqualTo(Amount.ofNanos(1_000));
    }

    @Test
    void anExitRequestFreezesAtTheHeadAndAReorgThaws() throws Exception {
        chain.mine(opened()).mine(deposited(5)).mine(raised(5)).settle();
        reconcile();
        chain.mine(new VaultEvent.ExitRequested(line.value(), FakeChain.GENESIS));
        reconcile();
        assertThat(frozen).containsEntry(line, FreezeReason.EXIT_REQUESTED);
        assertBooked(5, 0);
        chain.rollBackTo(chain.height() - 1);
        reconcile();
        assertThat(frozen).isEmpty();
    }

    @Test
    void anExitLeavesNothingAndTheFractionThatNoDebitCoveredIsShown() throws Exception {
        chain.mine(opened()).mine(deposited(9)).mine(raised(5)).settle();
        reconcile();
        spend(Amount.ofNanos(1_234_567));
        Amount uncollected = balance(Account.uncollected());
        chain.mine(new VaultEvent.ExitRequested(line.value(), FakeChain.GENESIS)).settle();
        int before = chain.height();
        // The vault debited 1,234 micro-units, so it pays 567 nanos more than the books have left.
        chain.mine(new VaultEvent.Exited(line.value(), owner, Amount.ofNanos(9_000_000_000L - 1_234_000))).settle();
        reconcile();
        reconcile();
        assertBooked(0, 0);
        assertThat(balance(Account.uncollected()).minus(uncollected)).isEqualTo(Amount.ofNanos(-567));
        assertThat(frozen).containsEntry(line, FreezeReason.EXIT_REQUESTED);

        chain.rollBackTo(before).settle();
        reconcile();
        assertThat(balance(Account.line(line))).isEqualTo(Amount.ofNanos(5_000_000_000L - 1_234_567));
        assertThat(balance(Account.locked(line))).isEqualTo(Amount.ofTokens(4));
        assertThat(balance(Account.uncollected())).isEqualTo(uncollected);
    }

    @Test
    void aLineThatIsNowSomebodyElsesFundsNobodysCalls() throws Exception {
        chain.mine(opened()).mine(deposited(5)).mine(raised(5)).settle();
        reconcile();
        Address other = SigningKey.generate(new SecureRandom()).address();
        chain.rollBackTo(0).mine(new VaultEvent.LineOpened(line.value(), other, other)).mine(deposited(50)).mine(raised(50))
                .settle();
        reconcile();
        assertThat(adopted).containsEntry(line, owner);
        assertBooked(0, 0);
        assertThat(frozen).containsEntry(line, FreezeReason.OWNER_CHANGED);
    }

    /**
     * Whatever the chain does, and however far back it goes, after each look the books say what its events say. How many steps
     * is the system property {@code farthing.payment-steps}, what they are follows {@code farthing.payment-seed}.
     */
    @Test
    void theBooksFollowAnyHistory() throws Exception {
        long seed = Long.getLong("farthing.payment-seed", System.nanoTime());
        Random random = new Random(seed);
        for (int step = 0; step < Integer.getInteger("farthing.payment-steps", 150); step++) {
            LineFacts facts = LineFacts.of(chain.ofLine(line.value()));
            boolean open = chain.lines().contains(line.value());
            switch (random.nextInt(10)) {
                case 0 -> chain.rollBackTo(chain.height() - random.nextInt(Math.min(chain.height(), 8) + 1));
                case 1 -> chain.rollBackTo(random.nextInt(chain.height() + 1));
                case 2 -> chain.settle();
                case 3, 4, 5 -> {
                    if (open && !facts.leaving()) {
                        chain.mine(deposited(random.nextInt(1, 50)));
                    }
                }
                case 6, 7 -> {
                    if (open) {
                        chain.mine(raised(random.nextInt(1, 200)));
                    }
                }
                case 8 -> {
                    if (open && !facts.leaving() && random.nextInt(3) == 0) {
                        chain.mine(new VaultEvent.ExitRequested(line.value(), FakeChain.GENESIS));
                    } else if (facts.leaving() && facts.exited() == null && !facts.deposited().isZero()) {
                        chain.settle().mine(new VaultEvent.Exited(line.value(), owner,
                                LineFacts.of(chain.ofLine(line.value())).deposited()));
                    }
                }
                default -> {
                    if (!open) {
                        chain.mine(opened());
                    }
                }
            }
            reconcile();
            LineFacts now = LineFacts.of(chain.ofLine(line.value()));
            boolean left = now.exited() != null;
            Amount spendable = left ? Amount.ZERO : now.spendable();
            Amount locked = left ? Amount.ZERO : now.deposited().minus(now.spendable());
            String where = "step " + step + " of -Dfarthing.payment-seed=" + seed;
            assertThat(balance(Account.line(line))).as(where).isEqualTo(spendable);
            assertThat(balance(Account.locked(line))).as(where).isEqualTo(locked);
            assertThat(frozen.containsKey(line)).as(where).isEqualTo(now.leaving());
            assertSumsAreThoseOfTheEntries(where);
        }
        assertThat(number("select coalesce(sum(nanos), 0) from ledger_posting")).isZero();
    }

    private LineBooks books() {
        LineBooks.Owners owners = new LineBooks.Owners() {
            @Override
            public void adopt(LineId line, Address owner) {
                adopted.putIfAbsent(line, owner);
            }

            @Override
            public Optional<Address> walletOf(LineId line) {
                return Optional.ofNullable(adopted.get(line));
            }
        };
        return new LineBooks(SOURCE, chain, ledger, owners, this::gate, clock);
    }

    private void gate(Connection connection, LineId line, @Nullable FreezeReason reason) {
        if (reason == null) {
            frozen.remove(line);
        } else {
            frozen.put(line, reason);
        }
    }

    private void reconcile() throws SQLException {
        assertThat(books.known()).containsAll(chain.lines().stream().map(LineId::new).toList());
        books.reconcile(line);
    }

    private VaultEvent opened() {
        return new VaultEvent.LineOpened(line.value(), owner, owner);
    }

    private VaultEvent deposited(int tokens) {
        return new VaultEvent.Deposited(line.value(), owner, Amount.ofTokens(tokens));
    }

    private VaultEvent raised(int tokens) {
        return new VaultEvent.CeilingRaised(line.value(), Amount.ofTokens(tokens));
    }

    private void assertBooked(int spendable, int locked) throws SQLException {
        assertThat(balance(Account.line(line))).isEqualTo(Amount.ofTokens(spendable));
        assertThat(balance(Account.locked(line))).isEqualTo(Amount.ofTokens(locked));
    }

    private void assertSumsAreThoseOfTheEntries(String where) throws SQLException {
        try (Connection connection = SOURCE.getConnection()) {
            LineBooks.Sums sums = LineBooks.sums(connection, line);
            Account on = Account.line(line);
            Account locked = Account.locked(line);
            Amount spendable = sumOf("deposit", on);
            assertThat(sums.deposited()).as(where).isEqualTo(spendable.plus(sumOf("deposit", locked)));
            assertThat(sums.onLine()).as(where).isEqualTo(spendable.plus(sumOf("exit", on))
                    .plus(sumOf("exit undone", on)));
            assertThat(sums.locked()).as(where).isEqualTo(ledger.balance(connection, locked));
        }
    }

    private static Amount sumOf(String kind, Account account) throws SQLException {
        return Amount.ofNanos(number("select coalesce(sum(p.nanos), 0) from ledger_posting p join ledger_account a"
                + " on a.id = p.account_id join ledger_entry e on e.id = p.entry_id where e.kind = '" + kind
                + "' and a.code = '" + account.code() + "'"));
    }

    /** As a lease and a charge would. */
    private void spend(Amount amount) throws SQLException {
        move(Account.line(line), Account.charges(), amount);
    }

    private void unspend(Amount amount) throws SQLException {
        move(Account.charges(), Account.line(line), amount);
    }

    private void move(Account from, Account to, Amount amount) throws SQLException {
        try (Connection connection = SOURCE.getConnection()) {
            connection.setAutoCommit(false);
            for (Account account : List.of(from, to)) {
                ledger.open(connection, account);
            }
            ledger.post(connection,
                    Entry.transfer("test", "test:" + new SecureRandom().nextLong(), clock.instant(), from, to, amount));
            connection.commit();
        }
    }

    private Amount balance(Account account) throws SQLException {
        try (Connection connection = SOURCE.getConnection()) {
            return ledger.balance(connection, account);
        }
    }

    private long entries() throws SQLException {
        return number("select count(*) from ledger_entry where fact like '%:" + line + ":%'");
    }

    private static long number(String query) throws SQLException {
        try (Connection connection = SOURCE.getConnection(); var row = connection.createStatement().executeQuery(query)) {
            row.next();
            return row.getLong(1);
        }
    }
}
