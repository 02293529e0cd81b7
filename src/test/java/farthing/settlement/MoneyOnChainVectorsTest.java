package farthing.settlement;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.stream.StreamSupport;

import org.junit.jupiter.api.Test;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.chain.Address;
import farthing.chain.BlockRef;
import farthing.chain.Logged;
import farthing.chain.VaultEvent;
import farthing.money.Amount;
import farthing.money.Split;
import farthing.receipt.History;
import farthing.receipt.Payout;

/** What is posted is what MoneyVectors.t.sol sees the vault take: the same vectors, at the edges of 63 and 64 bits. */
class MoneyOnChainVectorsTest {

    private static final BigInteger MOST_MICROS = BigInteger.valueOf(Long.MAX_VALUE / 1_000);

    private final JsonNode vectors = read();

    @Test
    void debitsOfManyBatchesAreTheDebitOfOne() {
        assertThat(vectors.get("lines")).hasSize(10).allSatisfy(line -> {
            List<Amount> cumulatives = list(line.get("cumulatives")).stream().map(MoneyOnChainVectorsTest::nanos).toList();
            List<Amount> debits = list(line.get("debits")).stream().map(MoneyOnChainVectorsTest::micros).toList();
            for (int i = 0; i < debits.size(); i++) {
                assertThat(Payout.debit(cumulatives.get(i), cumulatives.get(i + 1))).as(line.toString())
                        .isEqualTo(debits.get(i));
            }
            assertThat(Payout.debit(cumulatives.getFirst(), cumulatives.getLast())).isEqualTo(micros(line.get("all")))
                    .isEqualTo(Amount.sum(debits));
        });
    }

    @Test
    void aLinePaysForWhatTheVaultTakes() {
        int[] judged = new int[2];
        assertThat(vectors.get("rules")).hasSize(20).allSatisfy(rule -> {
            ChainLine line = line(rule);
            assertThat(line.limit()).isEqualTo(micros(rule.get("limitInJava")));
            BigInteger used = BigInteger.ZERO;
            for (JsonNode step : rule.get("debits")) {
                BigInteger after = used.add(number(step.get("debit")));
                boolean taken = step.get("taken").asBoolean();
                // Beyond it no cumulative exists that would have to be judged.
                if (after.compareTo(MOST_MICROS) <= 0) {
                    Amount cumulative = Amount.ofNanos(after.longValueExact() * 1_000);
                    assertThat(line.pays(cumulative)).as("%s of %s", step, rule).isEqualTo(taken);
                    // What is below a micro-unit costs the line nothing yet.
                    if (after.compareTo(MOST_MICROS) < 0) {
                        assertThat(line.pays(cumulative.plus(Amount.ofNanos(999)))).isEqualTo(taken);
                    }
                    judged[taken ? 1 : 0]++;
                }
                used = number(step.get("used"));
            }
        });
        assertThat(judged[0]).isGreaterThan(15);
        assertThat(judged[1]).isGreaterThan(15);
    }

    @Test
    void callsBecomeTheRowsAndCreditsOfTheVectors() {
        JsonNode settled = vectors.get("settled");
        List<Address> payees = list(settled.get("payees")).stream().map(payee -> new Address(payee.asText())).toList();
        Address platform = new Address(settled.get("platform").asText());
        Amount threshold = nanos(settled.get("threshold"));
        Map<Address, Amount> owed = new HashMap<>();
        List<Amount> cumulative = new ArrayList<>(List.of(Amount.ZERO, Amount.ZERO, Amount.ZERO));
        Amount available = Amount.ZERO;
        assertThat(settled.get("batches")).hasSize(6);
        for (JsonNode batch : settled.get("batches")) {
            Map<Integer, Amount> debits = new HashMap<>();
            for (int line = 0; line < 3; line++) {
                Amount before = cumulative.get(line);
                Amount after = before;
                int i = 0;
                for (JsonNode call : batch.get("calls").get(line)) {
                    JsonNode version = settled.get("versions").get((line + i++) % 2);
                    List<JsonNode> points = list(version.get("basisPoints"));
                    Split.Parts parts = new Split(points.get(0).asInt(), points.get(1).asInt(), points.get(2).asInt(),
                            points.get(3).asInt(), points.get(4).asInt()).divide(nanos(call));
                    owed.merge(new Address(version.get("developer").asText()), parts.developer(), Amount::plus);
                    owed.merge(platform, parts.platform(), Amount::plus);
                    after = after.plus(nanos(call));
                }
                assertThat(before).isEqualTo(nanos(batch.get("before").get(line)));
                assertThat(after).isEqualTo(nanos(batch.get("after").get(line)));
                debits.put(line + 1, Payout.debit(before, after));
                assertThat(debits.get(line + 1)).isEqualTo(micros(batch.get("debits").get(line)));
                cumulative.set(line, after);
            }
            available = available.plus(Amount.sum(debits.values()));
            SortedMap<Address, Amount> credits = Payout.credits(owed, platform, threshold, available, 3);
            for (int i = 0; i < 3; i++) {
                Address payee = payees.get(i);
                Amount credit = credits.getOrDefault(payee, Amount.ZERO);
                assertThat(owed.getOrDefault(payee, Amount.ZERO)).isEqualTo(nanos(batch.get("owed").get(i)));
                assertThat(credit).isEqualTo(micros(batch.get("credits").get(i)));
                owed.merge(payee, credit.negated(), Amount::plus);
                assertThat(owed.get(payee)).isEqualTo(nanos(batch.get("owedAfter").get(i)));
                available = available.minus(credit);
            }
            assertThat(available).isEqualTo(micros(batch.get("availableAfter")));
            assertThat(hex(History.rows(debits))).isEqualTo(batch.get("rows").asText());
            assertThat(hex(History.credits(credits))).isEqualTo(batch.get("packedCredits").asText());
        }
    }

    @Test
    void packsTheLargestThatFit() {
        JsonNode packed = vectors.get("packed");
        Map<Integer, Amount> rows = new HashMap<>();
        Map<Address, Amount> credits = new HashMap<>();
        packed.get("rows").forEach(
                row -> rows.put(Integer.parseUnsignedInt(row.get(0).asText()), micros(row.get(1))));
        packed.get("credits").forEach(credit -> credits.put(new Address(credit.get(0).asText()), micros(credit.get(1))));
        assertThat(hex(History.rows(rows))).isEqualTo(packed.get("packedRows").asText());
        assertThat(hex(History.credits(credits))).isEqualTo(packed.get("packedCredits").asText());
    }

    private static ChainLine line(JsonNode rule) {
        Address owner = new Address("0x00000000000000000000000000000000000000b2");
        List<Logged<?>> events = new ArrayList<>();
        events.add(logged(new VaultEvent.LineOpened(1, owner, owner)));
        events.add(logged(new VaultEvent.Deposited(1, owner, held(rule.get("deposited")))));
        events.add(logged(new VaultEvent.CeilingRaised(1, held(rule.get("ceiling")))));
        return ChainLine.of(events);
    }

    private static Logged<?> logged(VaultEvent event) {
        return new Logged<>(event, new BlockRef(1, "0x" + "0".repeat(64), Instant.EPOCH), "0x" + "0".repeat(64), 0, true);
    }

    /** As events are read: what no amount holds is the most that one holds. */
    private static Amount held(JsonNode micros) {
        return Amount.ofNanos(number(micros).min(MOST_MICROS).longValueExact() * 1_000);
    }

    private static Amount nanos(JsonNode text) {
        return Amount.ofNanos(number(text).longValueExact());
    }

    private static Amount micros(JsonNode text) {
        return Amount.ofNanos(Math.multiplyExact(number(text).longValueExact(), 1_000L));
    }

    private static BigInteger number(JsonNode text) {
        return new BigInteger(text.asText());
    }

    private static List<JsonNode> list(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).toList();
    }

    private static String hex(byte[] bytes) {
        return "0x" + HexFormat.of().formatHex(bytes);
    }

    private static JsonNode read() {
        try (InputStream in = Objects
                .requireNonNull(MoneyOnChainVectorsTest.class.getResourceAsStream("/money-vectors.json"))) {
            return new ObjectMapper().readTree(in);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
