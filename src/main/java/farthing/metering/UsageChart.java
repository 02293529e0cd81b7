package farthing.metering;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongFunction;

import org.jspecify.annotations.Nullable;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;

import farthing.metering.UsageDays.By;
import farthing.metering.UsageDays.Day;
import farthing.metering.UsageDays.Sum;
import farthing.money.Amount;
import io.quarkus.qute.RawString;

/** What an account called by day, drawn, and the same numbers as a table. */
final class UsageChart {

    /** More tell nothing, and there are no more shades: all but the largest are drawn as one. */
    private static final int MOST_SERIES = 5;
    private static final int MOST_DAYS = 366;
    private static final int USUAL_DAYS = 30;
    private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("d MMM uuuu", Locale.ENGLISH);

    /** What is drawn of the calls. */
    enum Show {
        COST("Cost", "Dollars per day"),
        CALLS("Calls", "Calls per day"),
        TOKENS("Tokens", "Tokens per day");

        final String label;
        final String unit;

        Show(String label, String unit) {
            this.label = label;
            this.unit = unit;
        }

        long of(Sum sum) {
            return switch (this) {
                case COST -> sum.charge().nanos();
                case CALLS -> sum.calls();
                case TOKENS -> Math.addExact(sum.inputTokens(), sum.outputTokens());
            };
        }
    }

    /**
     * What an address asks to be drawn; whatever it does not say is the usual.
     *
     * @param range days until today, or "custom"
     */
    record Asked(By by, Show show, String range, LocalDate first, LocalDate last) {

        static Asked of(String by, String show, String range, String since, String until, LocalDate today) {
            By series = Arrays.stream(By.values()).filter(each -> word(each).equals(by)).findFirst().orElse(By.MODEL);
            Show shown = Arrays.stream(Show.values()).filter(each -> word(each).equals(show)).findFirst().orElse(Show.COST);
            if (range.equals("custom")) {
                LocalDate last = day(until, today);
                LocalDate first = day(since, last.minusDays(USUAL_DAYS - 1));
                LocalDate earliest = last.minusDays(MOST_DAYS - 1);
                return new Asked(series, shown, range,
                        first.isAfter(last) ? last : first.isBefore(earliest) ? earliest : first, last);
            }
            int days = range.equals("7") || range.equals("90") ? Integer.parseInt(range) : USUAL_DAYS;
            return new Asked(series, shown, Integer.toString(days), today.minusDays(days - 1), today);
        }

        boolean isCustom() {
            return range.equals("custom");
        }

        /** Those that are not the usual ones. */
        Map<String, String> parameters() {
            Map<String, String> parameters = new LinkedHashMap<>();
            parameters.put("by", by == By.MODEL ? "" : word(by));
            parameters.put("show", show == Show.COST ? "" : word(show));
            parameters.put("range", range.equals(Integer.toString(USUAL_DAYS)) ? "" : range);
            parameters.put("since", isCustom() ? first.toString() : "");
            parameters.put("until", isCustom() ? last.toString() : "");
            return parameters;
        }

        private static LocalDate day(String text, LocalDate otherwise) {
            try {
                return text.matches("[0-9]{4}-[0-9]{2}-[0-9]{2}") ? LocalDate.parse(text) : otherwise;
            } catch (DateTimeException e) {
                return otherwise;
            }
        }
    }

    /** @param amount null where the number is no money */
    record Cell(String label, @Nullable Amount amount, long number) {
    }

    record Row(String day, List<Cell> cells) {
    }

    /**
     * @param period its first and last day in words
     * @param total of everything drawn
     * @param rows newest day first, only days with calls
     */
    record View(String title, String unit, String period, Cell total, RawString json, List<String> columns, List<Row> rows) {
    }

    private record Series(String label, long[] values) {
    }

    @JsonInclude(JsonInclude.Include.NON_NULL)
    private record Drawn(long[] x, List<Series> series, @Nullable String unit, String axis) {
    }

    private final Asked asked;
    private final List<LocalDate> days;
    private final Map<String, long[]> series = new TreeMap<>();

    /** @param label of a version or a key; several may have the same and are one */
    UsageChart(Asked asked, List<Day> sums, LongFunction<String> label) {
        this.asked = asked;
        this.days = asked.first.datesUntil(asked.last.plusDays(1)).toList();
        for (Day each : sums) {
            if (asked.by == By.ALL && asked.show == Show.TOKENS) {
                add("in", each.day(), each.sum().inputTokens());
                add("out", each.day(), each.sum().outputTokens());
            } else {
                add(label.apply(each.of()), each.day(), asked.show.of(each.sum()));
            }
        }
    }

    private void add(String label, LocalDate day, long value) {
        long[] values = series.computeIfAbsent(label, l -> new long[days.size()]);
        int at = (int) ChronoUnit.DAYS.between(asked.first, day);
        values[at] = Math.addExact(values[at], value);
    }

    View view(ObjectMapper json) {
        List<Series> shown = shown();
        List<Row> rows = new ArrayList<>();
        long whole = 0;
        for (int at = days.size() - 1; at >= 0; at--) {
            List<Cell> cells = new ArrayList<>();
            long all = 0;
            for (Series each : shown) {
                cells.add(cell(each.label, each.values[at]));
                all = Math.addExact(all, each.values[at]);
            }
            whole = Math.addExact(whole, all);
            if (all > 0) {
                if (shown.size() > 1) {
                    cells.add(cell("Together", all));
                }
                rows.add(new Row(DAY.format(days.get(at)), cells));
            }
        }
        List<String> columns = new ArrayList<>(shown.stream().map(Series::label).toList());
        if (shown.size() > 1) {
            columns.add("Together");
        }
        return new View(title(), asked.show.unit, DAY.format(asked.first) + " to " + DAY.format(asked.last),
                cell("", whole), json(json, shown), columns, rows);
    }

    private String title() {
        String what = asked.show.label + " per day";
        return switch (asked.by) {
            case MODEL -> what + " by model";
            case KEY -> what + " by key";
            case ALL -> asked.show == Show.TOKENS ? what + ", in and out" : what + ", all calls";
        };
    }

    private Cell cell(String label, long value) {
        return new Cell(label, asked.show == Show.COST ? Amount.ofNanos(value) : null, value);
    }

    /** The largest first, which stands at the foot of the bars. */
    private List<Series> shown() {
        Map<String, Long> totals = new HashMap<>();
        series.forEach((label, values) -> totals.put(label, Arrays.stream(values).sum()));
        List<Series> sorted = series.entrySet().stream().map(each -> new Series(each.getKey(), each.getValue()))
                .sorted(Comparator.comparing((Series each) -> totals.getOrDefault(each.label, 0L)).reversed()).toList();
        if (sorted.size() <= MOST_SERIES) {
            return sorted;
        }
        List<Series> shown = new ArrayList<>(sorted.subList(0, MOST_SERIES - 1));
        List<Series> rest = sorted.subList(MOST_SERIES - 1, sorted.size());
        long[] others = new long[days.size()];
        rest.forEach(each -> Arrays.setAll(others, at -> Math.addExact(others[at], each.values[at])));
        shown.add(new Series(rest.size() + (asked.by == By.KEY ? " other keys" : " other models"), others));
        return shown;
    }

    private RawString json(ObjectMapper json, List<Series> shown) {
        long[] x = days.stream().mapToLong(day -> UsageFilter.startOf(day).getEpochSecond()).toArray();
        try {
            // Inside a script element only "<" could end it early.
            return new RawString(json.writeValueAsString(
                    new Drawn(x, shown, asked.show == Show.COST ? null : word(asked.show), asked.show.unit))
                    .replace("<", "\\u003c"));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
