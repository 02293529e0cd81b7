package farthing.catalog;

import java.util.Locale;

/** One way to narrow the list of models down; its lower-case name is the parameter in the URL. */
enum Facet {
    TASK("Task", "m.task", "0"),
    ENGINE("Engine", "lower(v.engine)", "0"),
    LICENCE("Licence", "v.licence", "0"),
    SIZE("Size", """
            case when v.size_bytes <= 10000000 then 'up to 10 MB' when v.size_bytes <= 50000000 then '10 to 50 MB'
            when v.size_bytes <= 500000000 then '50 to 500 MB' else 'over 500 MB' end""", "v.size_bytes");

    final String label;
    /** The value of one model. */
    final String sql;
    /** By what its values are ordered before their counts. */
    final String rank;

    Facet(String label, String sql, String rank) {
        this.label = label;
        this.sql = sql;
        this.rank = rank;
    }

    String parameter() {
        return name().toLowerCase(Locale.ROOT);
    }
}
