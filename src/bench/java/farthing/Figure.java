package farthing;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

/** What a benchmark found: one line of JSON on the standard output. */
public final class Figure {

    private final String name;
    private final double value;
    private final String unit;
    private final Map<String, Double> peers = new TreeMap<>();
    private final Map<String, Double> beside = new TreeMap<>();
    private @Nullable Double target;

    private Figure(String name, double value, String unit) {
        this.name = name;
        this.value = value;
        this.unit = unit;
    }

    /** @param name {@code suite.what} */
    public static Figure of(String name, double value, String unit) {
        return new Figure(name, value, unit);
    }

    /** What the value should not exceed, or reach where more is better. */
    public Figure target(double wanted) {
        target = wanted;
        return this;
    }

    /** The same of another program, measured in the same run. */
    public Figure peer(String program, double itsValue) {
        peers.put(program, itsValue);
        return this;
    }

    /** A number without which the value is not understood. */
    public Figure with(String what, double number) {
        beside.put(what, number);
        return this;
    }

    public void print() {
        StringBuilder line = new StringBuilder("{\"figure\":\"" + name + "\",\"value\":" + text(value) + ",\"unit\":\"" + unit
                + "\"");
        if (target != null) {
            line.append(",\"target\":").append(text(target));
        }
        if (!peers.isEmpty()) {
            line.append(",\"peer\":{").append(fields(peers)).append('}');
        }
        if (!beside.isEmpty()) {
            line.append(',').append(fields(beside));
        }
        System.out.println(line.append('}'));
    }

    private static String fields(Map<String, Double> numbers) {
        return numbers.entrySet().stream().map(each -> "\"" + each.getKey() + "\":" + text(each.getValue()))
                .collect(Collectors.joining(","));
    }

    private static String text(double number) {
        if (number == Math.rint(number) && Math.abs(number) < 1e15) {
            return Long.toString((long) number);
        }
        return String.format(Locale.ROOT, Math.abs(number) < 100 ? "%.3f" : "%.1f", number);
    }
}
