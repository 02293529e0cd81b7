package farthing.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;

import javax.sql.DataSource;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.TestClock;
import farthing.TestDatabase;
import farthing.TestLines;
import farthing.chain.Address;
import farthing.chain.Deployment;
import farthing.chain.MalformedSignature;
import farthing.chain.SigningKey;
import farthing.chain.Transactions;
import farthing.chain.VaultCalls;
import farthing.chain.VaultEvent;
import farthing.ledger.LineId;
import farthing.money.Amount;

class VouchersTest {

    private static final DataSource SOURCE = TestDatabase.separate("payment");
    private static final Deployment DEPLOYMENT = deployment();
    private static final SecureRandom RANDOM = new SecureRandom();

    private final FakeChain chain = new FakeChain();
    private final FakeOutbox outbox = new FakeOutbox();
    private final LineId line = TestLines.fresh();
    private final SigningKey owner = SigningKey.generate(RANDOM);
    private final SigningKey session = SigningKey.generate(RANDOM);
    private final Vouchers vouchers = new Vouchers(SOURCE, chain, outbox, new VaultCalls(DEPLOYMENT), DEPLOYMENT,
            new TestClock(FakeChain.GENESIS));

    @BeforeEach
    void aLineWithACeilingOfTenAndNothingElseWaiting() throws SQLException {
        vouchers.relay();
        outbox.calls.clear();
        chain.mine(new VaultEvent.LineOpened(line.value(), owner.address(), session.address()))
                .mine(new VaultEvent.CeilingRaised(line.value(), Amount.ofTokens(10)));
    }

    @Test
    void readLikeTheContractReadsThem() throws Exception {
        JsonNode vectors = new ObjectMapper().readTree(Files.readString(Path.of("src/test/resources/vault-vectors.json")));
        Address vault = new Address(vectors.get("vault").asText());
        for (JsonNode each : List.of(vectors.get("vouchers").get(0), vectors.get("vouchers").get(1))) {
            Vouchers.Signed signed = Vouchers.read(each.get("line").asText(), each.get("ceiling").asText(),
                    each.get("deadline").asText(), "31337", vault.text(), each.get("signature").asText());
            assertThat(hex(signed.voucher().digest(31337, vault))).isEqualTo(each.get("digest").asText());
            assertThat(hex(signed.voucher().packed(signed.signature()))).isEqualTo(each.get("packed").asText());
        }
        assertThatThrownBy(() -> Vouchers.read("1", "18446744073709551615", "0", "1", vault.text(), "0x" + "00".repeat(65)))
                .isInstanceOf(VoucherRefused.class).hasMessageContaining("cannot be read");
        assertThatThrownBy(() -> Vouchers.read("1", "5", "x", "1", vault.text(), "0x00")).isInstanceOf(VoucherRefused.class);
        assertThatThrownBy(() -> Vouchers.read("1", "5", "5", "1", vault.text(), "0x00"))
                .isInstanceOf(MalformedSignature.class);
    }

    @Test
    void severalAreSentInOneCall() throws Exception {
        LineId other = TestLines.fresh();
        chain.mine(new VaultEvent.LineOpened(other.value(), owner.address(), session.address()));
        vouchers.take(line, signed(owner, voucher(20)));
        vouchers.take(line, signed(owner, voucher(20)));
        vouchers.take(other, signed(session, new SpendVoucher(other, Amount.ofTokens(5), inDays(2))));
        vouchers.relay();
        vouchers.relay();
        assertThat(outbox.calls).hasSize(1);
        String data = hex(outbox.calls.values().iterator().next().data());
        assertThat(data).contains(hex(voucher(20).packed(signed(owner, voucher(20)).signature())).substring(2))
                .contains("%08x%016x".formatted(other.value(), 5_000_000));
        assertThat(outbox.calls.keySet().iterator().next()).startsWith("raise:");
    }

    @Test
    void oneOnItsWayIsSeenUntilItIsInABlock() throws Exception {
        vouchers.take(line, signed(session, voucher(20)));
        assertThat(onTheirWay()).singleElement().extracting(Vouchers.Waiting::sent).isNull();
        vouchers.relay();
        String purpose = outbox.calls.keySet().iterator().next();
        assertThat(onTheirWay()).singleElement().extracting(Vouchers.Waiting::sent).isEqualTo(outbox.sent.get(purpose));
        outbox.mined(purpose, Transactions.State.MINED);
        assertThat(onTheirWay()).as("skipped by the vault, as the ceiling did not rise").isEmpty();
    }

    @Test
    void aReplacedSessionKeyCountsAsLongAsTheVaultTakesIt() throws Exception {
        SigningKey next = SigningKey.generate(RANDOM);
        int before = chain.height();
        chain.mine(new VaultEvent.SessionKeyReplaced(line.value(), next.address(), session.address(),
                FakeChain.GENESIS.plusSeconds(3600)));
        vouchers.take(line, signed(next, voucher(20)));
        vouchers.take(line, signed(session, voucher(21)));
        chain.rollBackTo(before).mine(new VaultEvent.SessionKeyReplaced(line.value(), next.address(), session.address(),
                FakeChain.GENESIS));
        refused(line, signed(session, voucher(22)), "neither the owner nor the session key");
    }

    @Test
    void oneOfAnotherLineChainOrVaultIsNamed() {
        SpendVoucher voucher = voucher(20);
        LineId other = TestLines.fresh();
        SpendVoucher ofOther = new SpendVoucher(other, voucher.ceiling(), voucher.deadline());
        refused(line, signed(owner, ofOther), "signed for line " + other + ", not for line " + line);
        refused(line, new Vouchers.Signed(voucher, 1, DEPLOYMENT.vault(), owner.sign(voucher.digest(1, DEPLOYMENT.vault()))),
                "signed for chain 1, and the vault stands on chain 31337");
        Address elsewhere = SigningKey.generate(RANDOM).address();
        refused(line, new Vouchers.Signed(voucher, 31337, elsewhere, owner.sign(voucher.digest(31337, elsewhere))),
                "signed for the vault " + elsewhere);
        // Relabelled, the signature is of nobody.
        for (byte[] digest : List.of(ofOther.digest(31337, DEPLOYMENT.vault()), voucher.digest(1, DEPLOYMENT.vault()),
                voucher.digest(31337, elsewhere))) {
            refused(line, new Vouchers.Signed(voucher, 31337, DEPLOYMENT.vault(), owner.sign(digest)),
                    "neither the owner nor the session key");
        }
    }

    @Test
    void whatWouldNotCountIsRefusedInOneSentence() throws Exception {
        refused(line, signed(owner, voucher(10)), "is $10.00 already; a ceiling only rises");
        refused(line, signed(owner, voucher(1_000_001)), "is not taken");
        refused(line, signed(owner, new SpendVoucher(line, Amount.ofTokens(20), inDays(1).minusSeconds(1))),
                "less than 24 hours away by the chain's time");
        LineId unknown = TestLines.fresh();
        refused(unknown, signed(owner, new SpendVoucher(unknown, Amount.ofTokens(5), inDays(2))), "none of yours");
        for (int i = 0; i < 3; i++) {
            vouchers.take(line, signed(owner, voucher(11 + i)));
        }
        refused(line, signed(owner, voucher(30)), "on their way already");
        chain.mine(new VaultEvent.Exited(line.value(), owner.address(), Amount.ofTokens(1)));
        refused(line, signed(owner, voucher(30)), "was left");
    }

    private void refused(LineId asked, Vouchers.Signed signed, String why) {
        assertThatThrownBy(() -> vouchers.take(asked, signed)).isInstanceOf(VoucherRefused.class).hasMessageContaining(why);
    }

    private SpendVoucher voucher(int tokens) {
        return new SpendVoucher(line, Amount.ofTokens(tokens), inDays(2));
    }

    private Instant inDays(int days) {
        return FakeChain.GENESIS.plusSeconds(chain.height()).plus(Duration.ofDays(days));
    }

    private static Vouchers.Signed signed(SigningKey key, SpendVoucher voucher) {
        return new Vouchers.Signed(voucher, DEPLOYMENT.chainId(), DEPLOYMENT.vault(),
                key.sign(voucher.digest(DEPLOYMENT.chainId(), DEPLOYMENT.vault())));
    }

    private List<Vouchers.Waiting> onTheirWay() throws SQLException {
        try (Connection connection = SOURCE.getConnection()) {
            return vouchers.onTheirWay(connection, line, Amount.ofTokens(10));
        }
    }

    private static Deployment deployment() {
        return new Deployment(31337, address("1"), address("2"), address("3"), address("4"), URI.create("http://127.0.0.1:1"),
                null, Duration.ofMinutes(1), Duration.ofDays(1));
    }

    private static Address address(String digit) {
        return new Address("0x" + digit.repeat(40));
    }

    private static String hex(byte[] bytes) {
        return "0x" + HexFormat.of().formatHex(bytes);
    }
}
