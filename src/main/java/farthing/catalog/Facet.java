package farthing.catalog;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** One way to narrow the list of models down; its lower-case name is the parameter in the URL. */
enum Facet {
    TASK("Task", "task", List.of()),
    PRICE("Price of 1,000 calls", "price_class",
            List.of("free", "up to $0.01", "$0.01 to $0.10", "$0.10 to $1", "over $1")),
    SIZE("Size", "size_class", List.of("up to 10 MB", "10 to 50 MB", "50 to 500 MB", "over 500 MB")),
    CONTEXT("Context", "context_class",
            List.of("up to 512 tokens", "512 to 4,096 tokens", "4,096 to 32,768 tokens", "over 32,768 tokens")),
    QUANTISATION("Quantisation", "quantisation", List.of()),
    LICENCE("Licence", "licence", List.of()),
    ENGINE("Engine", "engine", List.of());

    /** For one who fills the table: how the classes come from the facts. */
    static final String SIZE_CLASS = """
            case when v.size_bytes <= 10000000 then 'up to 10 MB' when v.size_bytes <= 50000000 then '10 to 50 MB'
            when v.size_bytes <= 500000000 then '50 to 500 MB' else 'over 500 MB' end""";
    static final String CONTEXT_CLASS = """
            case when v.context_tokens <= 512 then 'up to 512 tokens' when v.context_tokens <= 4096 then '512 to 4,096 tokens'
            when v.context_tokens <= 32768 then '4,096 to 32,768 tokens' else 'over 32,768 tokens' end""";
    static final String PRICE_CLASS = """
            case when p.thousand = 0 then 'free' when p.thousand <= 10000000 then 'up to $0.01'
            when p.thousand <= 100000000 then '$0.01 to $0.10' when p.thousand <= 1000000000 then '$0.10 to $1'
            else 'over $1' end""";

    final String label;
    final String column;
    /** In this order; empty: the most frequent first. */
    private final List<String> classes;

    Facet(String label, String column, List<String> classes) {
        this.label = label;
        this.column = column;
        this.classes = classes;
    }

    String parameter() {
        return name().toLowerCase(Locale.ROOT);
    }

    Comparator<Map.Entry<String, Long>> order() {
        return classes.isEmpty()
                ? Map.Entry.<String, Long> comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey())
                : Comparator.comparing(value -> classes.indexOf(value.getKey()));
    }
}
