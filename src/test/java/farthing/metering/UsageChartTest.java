package farthing.metering;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.metering.UsageDays.Day;
import farthing.metering.UsageDays.Sum;
import farthing.money.Amount;

class UsageChartTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final LocalDate TODAY = LocalDate.of(2026, 11, 28);

    @Test
    void theLargestSeriesAreShownAndAllOthersAreOne() throws Exception {
        List<Day> days = new ArrayList<>();
        for (int version = 1; version <= 9; version++) {
            days.add(day(TODAY.minusDays(2), version, version * 10L));
            days.add(day(TODAY, version, version));
        }
        UsageChart.View view = new UsageChart(asked("", "", "7"), days, version -> "m/" + version).view(JSON);
        assertThat(view.title()).isEqualTo("Cost per day by model");
        assertThat(view.unit()).isEqualTo("Dollars per day");
        assertThat(view.period()).isEqualTo("22 Nov 2026 to 28 Nov 2026");
        assertThat(view.columns()).containsExactly("m/9", "m/8", "m/7", "m/6", "5 other models", "Together");
        assertThat(view.rows()).extracting(UsageChart.Row::day).containsExactly("28 Nov 2026", "26 Nov 2026");
        assertThat(view.rows().getLast().cells()).extracting(UsageChart.Cell::number).containsExactly(90L, 80L, 70L, 60L, 150L,
                450L);
        assertThat(view.total().amount()).isEqualTo(Amount.ofNanos(495));
        JsonNode drawn = JSON.readTree(view.json().getValue());
        assertThat(drawn.get("x")).hasSize(7);
        assertThat(drawn.get("series")).hasSize(5);
        assertThat(drawn.at("/series/0/values/4").asLong()).isEqualTo(90);
        assertThat(drawn.has("unit")).isFalse();
    }

    @Test
    void versionsOfAModelAreOneSeriesAndItsNameEndsNoScript() {
        UsageChart.View view = new UsageChart(asked("model", "calls", "30"),
                List.of(day(TODAY, 1, 5), day(TODAY, 2, 5)), version -> "</script>").view(JSON);
        assertThat(view.columns()).containsExactly("</script>");
        assertThat(view.rows()).singleElement().satisfies(row -> assertThat(row.cells()).singleElement()
                .isEqualTo(new UsageChart.Cell("</script>", null, 2)));
        assertThat(view.json().getValue()).doesNotContain("<").contains("\"unit\":\"calls\"");
    }

    @Test
    void tokensOfAllCallsAreThoseInAndThoseOut() {
        UsageChart.View view = new UsageChart(asked("all", "tokens", "90"), List.of(day(TODAY, 0, 5)), all -> "All calls")
                .view(JSON);
        assertThat(view.columns()).containsExactlyInAnyOrder("in", "out", "Together");
        assertThat(view.total().number()).isEqualTo(20 + 7);
    }

    @Test
    void whatTheAddressDoesNotSayIsTheUsual() {
        assertThat(asked("x", "y", "z")).isEqualTo(asked("model", "cost", "30"));
        assertThat(asked("model", "cost", "30").parameters().values()).containsOnly("");
        UsageChart.Asked custom = UsageChart.Asked.of("key", "calls", "custom", "2020-01-01", "2026-02-30", TODAY);
        assertThat(custom.last()).isEqualTo(TODAY);
        assertThat(custom.first()).as("no more than a year").isEqualTo(TODAY.minusDays(365));
        assertThat(UsageChart.Asked.of("", "", "custom", "2026-11-09", "2026-11-03", TODAY).first())
                .isEqualTo(LocalDate.of(2026, 11, 3));
        assertThat(custom.parameters()).containsEntry("by", "key").containsEntry("range", "custom")
                .containsEntry("until", "2026-11-28");
    }

    private static UsageChart.Asked asked(String by, String show, String range) {
        return UsageChart.Asked.of(by, show, range, "", "", TODAY);
    }

    private static Day day(LocalDate day, long of, long nanos) {
        return new Day(day, of, new Sum(1, Amount.ofNanos(nanos), 20, 7, 1, 0));
    }
}
