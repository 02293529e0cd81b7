package farthing.web;

import java.util.function.IntFunction;

import org.jspecify.annotations.Nullable;

/**
 * Where one page of a long list stands.
 *
 * @param from number of its first entry, from 1
 * @param to number of its last entry
 */
public record Pager(long from, long to, long total, @Nullable String previousHref, @Nullable String nextHref) {

    /**
     * @param page from 1
     * @param href address of the page with a number
     */
    public static Pager of(int page, int size, long total, IntFunction<String> href) {
        long from = (page - 1L) * size + 1;
        long to = Math.min(total, (long) page * size);
        return new Pager(Math.min(from, total), to, total, page > 1 ? href.apply(page - 1) : null,
                to < total ? href.apply(page + 1) : null);
    }
}
