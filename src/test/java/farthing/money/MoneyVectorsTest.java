package farthing.money;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.StreamSupport;

import org.junit.jupiter.api.Test;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/** Charges, budgets and splits as JavaScript's BigInt has them; money-vectors.mjs in contracts/tools writes the file. */
class MoneyVectorsTest {

    private final JsonNode vectors = read();

    @Test
    void chargesAsTheVectorsDo() {
        assertThat(vectors.get("charges")).hasSize(53).allSatisfy(one -> {
            Price price = price(one);
            long[] units = numbers(one.get("units"));
            if (one.get("charge").isNull()) {
                assertThatThrownBy(() -> price.chargeRoundedDown(units[0], units[1], units[2]))
                        .isInstanceOf(ArithmeticException.class);
            } else {
                assertThat(price.chargeRoundedDown(units[0], units[1], units[2]).nanos()).as(one.toString())
                        .isEqualTo(number(one.get("charge")));
            }
        });
    }

    @Test
    void affordsAsTheVectorsDo() {
        assertThat(vectors.get("budgets")).hasSize(48).allSatisfy(one -> assertThat(price(one).outputTokensAffordedDown(
                Amount.ofNanos(number(one.get("budget"))), number(one.get("input")), 1, (int) number(one.get("most"))))
                .as(one.toString()).isEqualTo((int) number(one.get("afforded"))));
    }

    @Test
    void dividesAsTheVectorsDo() {
        assertThat(vectors.get("splits")).hasSize(49).allSatisfy(one -> {
            int[] points = StreamSupport.stream(one.get("basisPoints").spliterator(), false).mapToInt(JsonNode::asInt)
                    .toArray();
            Split.Parts parts = new Split(points[0], points[1], points[2], points[3], points[4])
                    .divide(Amount.ofNanos(number(one.get("charge"))));
            assertThat(List.of(parts.developer(), parts.baseModel(), parts.dataPool(), parts.validators(), parts.platform()))
                    .as(one.toString())
                    .isEqualTo(Arrays.stream(numbers(one.get("parts"))).mapToObj(Amount::ofNanos).toList());
        });
    }

    private static Price price(JsonNode one) {
        long[] parts = numbers(one.get("price"));
        return new Price(parts[0], parts[1], parts[2], parts[3]);
    }

    private static long[] numbers(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false).mapToLong(MoneyVectorsTest::number).toArray();
    }

    private static long number(JsonNode text) {
        return Long.parseLong(text.asText());
    }

    private static JsonNode read() {
        try (InputStream in = Objects.requireNonNull(MoneyVectorsTest.class.getResourceAsStream("/money-vectors.json"))) {
            return new ObjectMapper().readTree(in);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
