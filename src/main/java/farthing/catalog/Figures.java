package farthing.catalog;

import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;

import org.jspecify.annotations.Nullable;

/**
 * How a model's calls went in 30 days: calls of all its versions, times and faults of the current one.
 *
 * @param calls answered ones
 * @param p50 median latency, null until there was a call of the current version; so are the others
 * @param firstToken median, null where nothing is generated
 * @param uptime part of the calls that did not break through our fault
 */
record Figures(long calls, @Nullable String p50, @Nullable String p95, @Nullable String firstToken, @Nullable String uptime,
        List<DayLine> days) {

    private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("d MMM uuuu", Locale.ENGLISH);

    /** One day with calls of the current version. */
    record DayLine(LocalDate date, String day, long calls, long failed, @Nullable Long p50, @Nullable Long p95,
            @Nullable Long firstToken, @Nullable Integer uptime) {

        static DayLine of(LocalDate date, long answered, long failed, Durations latency, Durations firstToken) {
            return new DayLine(date, DAY.format(date), answered, failed, micros(latency, 500), micros(latency, 950),
                    micros(firstToken, 500), basisPoints(answered, failed));
        }

        public String p50Text() {
            return shown(text(p50));
        }

        public String p95Text() {
            return shown(text(p95));
        }

        public String firstTokenText() {
            return shown(text(firstToken));
        }

        public String uptimeText() {
            return shown(uptime == null ? null : Sizes.percent(uptime));
        }

        private static String shown(@Nullable String text) {
            return text == null ? "–" : text;
        }
    }

    static Figures of(List<Activity.Day> activity, VersionId current) {
        long calls = activity.stream().mapToLong(Activity.Day::answered).sum();
        Durations latency = new Durations();
        Durations firstToken = new Durations();
        long answered = 0;
        long failed = 0;
        List<DayLine> days = new ArrayList<>();
        for (Activity.Day day : activity) {
            if (day.version().equals(current)) {
                latency.add(day.latency());
                firstToken.add(day.firstToken());
                answered += day.answered();
                failed += day.failed();
                days.add(DayLine.of(day.day(), day.answered(), day.failed(), day.latency(), day.firstToken()));
            }
        }
        Integer uptime = basisPoints(answered, failed);
        return new Figures(calls, text(micros(latency, 500)), text(micros(latency, 950)), text(micros(firstToken, 500)),
                uptime == null ? null : Sizes.percent(uptime), days);
    }

    /** Rounded down: 100 % only where none broke. */
    private static @Nullable Integer basisPoints(long answered, long failed) {
        return answered + failed == 0 ? null : (int) (answered * 10_000 / (answered + failed));
    }

    private static @Nullable Long micros(Durations durations, int ofThousand) {
        OptionalLong micros = durations.within(ofThousand);
        return micros.isPresent() ? micros.getAsLong() : null;
    }

    private static @Nullable String text(@Nullable Long micros) {
        return micros == null ? null : Sizes.duration(micros);
    }

    /** A line or bar for each day, in the shape of chart.js. */
    record Chart(String shape, String unit, List<Long> x, List<Series> series) {
    }

    record Series(String label, List<@Nullable Double> values) {
    }

    interface Value {
        @Nullable
        Number of(DayLine day);
    }

    /** @param values by label; divided by {@code scale} */
    Chart chart(LocalDate today, String shape, String unit, int scale, Map<String, Value> values) {
        Map<LocalDate, DayLine> byDate = new LinkedHashMap<>();
        days.forEach(day -> byDate.put(day.date, day));
        List<LocalDate> dates = today.minusDays(Shelf.DAYS - 1).datesUntil(today.plusDays(1)).toList();
        List<Series> series = new ArrayList<>();
        values.forEach((label, value) -> {
            List<@Nullable Double> line = new ArrayList<>();
            for (LocalDate date : dates) {
                DayLine day = byDate.get(date);
                Number number = day == null ? null : value.of(day);
                line.add(number == null ? null : Double.valueOf(number.doubleValue() / scale));
            }
            series.add(new Series(label, line));
        });
        return new Chart(shape, unit,
                dates.stream().map(date -> date.atStartOfDay(ZoneOffset.UTC).toEpochSecond()).toList(), series);
    }
}
