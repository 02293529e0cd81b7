package farthing.catalog;

import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import javax.sql.DataSource;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.transaction.Transactional;

import farthing.engine.Task;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;

/**
 * Keeps the table {@code listing}: one row for each model that can be called, with all by which models are found, narrowed down
 * and sorted. It is written with the model; what time alone changes follows within a second (offers that come into force) or a
 * minute (figures of calls). Several servers may do so: one at a time is let in.
 */
@ApplicationScoped
class Shelf {

    /** The figures are of so many days (UTC), today included. */
    static final int DAYS = 30;
    /** Clocks differ, and a transaction may take a while until others see it. */
    private static final int OVERLAP_SECONDS = 10;
    private static final int AT_A_TIME = 500;

    private final DataSource source;
    private final Activity activity;
    private final Clock clock;

    Shelf(DataSource source, Activity activity, Clock clock) {
        this.source = source;
        this.activity = activity;
        this.clock = clock;
    }

    /** Writes the rows of these models anew; what was changed of them must have been sent to the database before. */
    @Transactional
    void keep(Collection<Long> models) {
        Long[] ids = models.toArray(Long[]::new);
        new Sql("delete from listing l using model m where m.id = l.model_id and m.id = any (?)"
                + " and (m.visibility = 'UNLISTED' or m.suspended)", (Object) ids).update(source);
        new Sql(ROWS.formatted(typicalCalls()), clock.instant(), ids).update(source);
        new Sql("""
                insert into listing_word select distinct word
                from listing l, regexp_split_to_table(l.words, '[^[:alpha:]]+') word
                where l.model_id = any (?) and length(word) between 3 and 40
                order by word on conflict do nothing""", (Object) ids).update(source);
    }

    /** What came into force or was changed since, by whatever hand; the first time, all that is missing. */
    @Transactional
    public int catchUp() {
        Instant now = clock.instant();
        String came = "o.valid_from > offers_at - ? * interval '1 second' and o.valid_from <= ?";
        String changed = "m.changed_at > clock_timestamp() - ? * interval '1 second'"
                + " and not exists (select from listing l where l.model_id = m.id and l.kept_at >= m.changed_at)";
        List<Boolean> first = new Sql("select offers_at = '-infinity' from listing_kept where offers_at = '-infinity'")
                .add(" or exists (select from offer o where " + came + ")", OVERLAP_SECONDS, now)
                .add(" or exists (select from model m where " + changed + ") for update skip locked", OVERLAP_SECONDS)
                .list(source, row -> row.getBoolean(1));
        if (first.isEmpty()) {
            return 0;
        }
        Sql due = first.getFirst()
                ? new Sql("select m.id from model m where not exists (select from listing l where l.model_id = m.id)")
                : new Sql("select v.model_id from offer o join version v on v.id = o.version_id, listing_kept where " + came,
                        OVERLAP_SECONDS, now)
                        .add(" union select m.id from model m where " + changed, OVERLAP_SECONDS);
        List<Long> models = due.list(source, row -> row.getLong(1));
        keep(models);
        new Sql("update listing_kept set offers_at = ?", now).update(source);
        return models.size();
    }

    /** Adds what was counted since to the figures of 30 days; a new day moves them all. */
    @Transactional
    public int countCalls() {
        Instant now = clock.instant();
        List<Instant> kept = new Sql(
                "select greatest(figures_at, 'epoch') from listing_kept where figures_at < ? for update skip locked",
                now).list(source, row -> row.getTimestamp(1).toInstant());
        if (kept.isEmpty()) {
            return 0;
        }
        LocalDate today = day(now);
        boolean newDay = day(kept.getFirst()).isBefore(today);
        List<VersionId> active = activity.activeSince(newDay ? start(today.minusDays(DAYS + 1))
                : kept.getFirst().minusSeconds(OVERLAP_SECONDS));
        Set<Long> models = new HashSet<>(new Sql("select distinct model_id from version where id = any (?)",
                (Object) active.stream().map(VersionId::value).toArray(Integer[]::new))
                .list(source, row -> row.getLong(1)));
        if (newDay) {
            // Those whose last calls have become too old.
            models.addAll(new Sql("select model_id from listing where calls30 > 0").list(source, row -> row.getLong(1)));
        }
        List<Long> all = List.copyOf(models);
        int changed = 0;
        for (int from = 0; from < all.size(); from += AT_A_TIME) {
            changed += count(all.subList(from, Math.min(all.size(), from + AT_A_TIME)), today);
        }
        new Sql("update listing_kept set figures_at = ?", now).update(source);
        return changed;
    }

    private record Of(int version, long model, boolean current) {
    }

    private int count(List<Long> models, LocalDate today) {
        List<Of> versions = new Sql("""
                select v.id, v.model_id, l.version_id = v.id from version v join listing l on l.model_id = v.model_id
                where v.model_id = any (?)""", (Object) models.toArray(Long[]::new))
                .list(source, row -> new Of(row.getInt(1), row.getLong(2), row.getBoolean(3)));
        Map<VersionId, Of> known = versions.stream().collect(Collectors.toMap(of -> new VersionId(of.version), of -> of));
        Map<Long, Long> calls = new HashMap<>();
        Map<Long, Durations> latencies = new HashMap<>();
        for (Activity.Day day : activity.of(known.keySet(), today.minusDays(DAYS - 1))) {
            Of of = known.get(day.version());
            if (of != null) {
                calls.merge(of.model, day.answered(), Long::sum);
                if (of.current) {
                    latencies.computeIfAbsent(of.model, m -> new Durations()).add(day.latency());
                }
            }
        }
        Long[] counts = models.stream().map(model -> calls.getOrDefault(model, 0L)).toArray(Long[]::new);
        List<Integer> medians = new ArrayList<>();
        for (Long model : models) {
            OptionalLong median = latencies.getOrDefault(model, new Durations()).within(500);
            medians.add(median.isPresent() ? Math.toIntExact(median.getAsLong()) : -1);
        }
        return new Sql("""
                update listing l set calls30 = f.calls, p50 = nullif(f.p50, -1)
                from unnest(?, ?, ?) f (model, calls, p50)
                where l.model_id = f.model and (l.calls30, coalesce(l.p50, -1)) <> (f.calls, f.p50)""",
                models.toArray(Long[]::new), counts, medians.toArray(Integer[]::new)).update(source);
    }

    void start(@Observes StartupEvent event) {
        catchUp();
        countCalls();
    }

    @Scheduled(every = "1s", delayed = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void followOffers() {
        catchUp();
    }

    @Scheduled(every = "1m", delayed = "20s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    void followCalls() {
        countCalls();
    }

    private static LocalDate day(Instant moment) {
        return LocalDate.ofInstant(moment, ZoneOffset.UTC);
    }

    private static Instant start(LocalDate day) {
        return day.atStartOfDay(ZoneOffset.UTC).toInstant();
    }

    // The newest version with an offer in force stands for its model. The price is that of TypicalCall.costOfThousand.
    private static final String ROWS = """
            insert into listing (model_id, version_id, owner_account, visibility, owner, name, purpose, task, engine,
                quantisation, licence, size_class, context_class, price_class, size_bytes, thousand, data_share, deprecated,
                created_at, updated_at, kept_at)
            select m.id, v.id, m.owner_account, m.visibility, m.owner, m.name, m.purpose, m.task, lower(v.engine),
                v.quantisation, v.licence,\s""" + Facet.SIZE_CLASS + ", " + Facet.CONTEXT_CLASS + ", " + Facet.PRICE_CLASS + """
            , v.size_bytes, p.thousand, v.split_data_pool, m.deprecated, m.created_at, m.updated_at,
                clock_timestamp()
            from model m
            join lateral (
                select v.*, o.per_million_input_tokens, o.per_million_output_tokens, o.per_call, o.per_item
                from version v join lateral (
                    select * from offer where offer.version_id = v.id and offer.valid_from <= ?
                    order by offer.valid_from desc, offer.id desc limit 1) o on true
                where v.model_id = m.id order by v.id desc limit 1) v on true
            join (values %s) typical (task, input_tokens, output_tokens, items) on typical.task = m.task
            cross join lateral (select least(9223372036854775807, div(
                    v.per_million_input_tokens * cast(typical.input_tokens as numeric) * 1000
                    + v.per_million_output_tokens * cast(typical.output_tokens as numeric) * 1000, 1000000)
                + cast(v.per_item as numeric) * typical.items * 1000 + cast(v.per_call as numeric) * 1000)::bigint
                as thousand) p
            where m.visibility <> 'UNLISTED' and not m.suspended and m.id = any (?)
            on conflict (model_id) do update set version_id = excluded.version_id, owner_account = excluded.owner_account,
                visibility = excluded.visibility, owner = excluded.owner, name = excluded.name, purpose = excluded.purpose,
                task = excluded.task, engine = excluded.engine, quantisation = excluded.quantisation,
                licence = excluded.licence, size_class = excluded.size_class, context_class = excluded.context_class,
                price_class = excluded.price_class, size_bytes = excluded.size_bytes, thousand = excluded.thousand,
                data_share = excluded.data_share, deprecated = excluded.deprecated, created_at = excluded.created_at,
                updated_at = excluded.updated_at, kept_at = excluded.kept_at,
                p50 = case when listing.version_id = excluded.version_id then listing.p50 end""";

    private static String typicalCalls() {
        return Stream.of(Task.values()).map(task -> {
            TypicalCall call = TypicalCall.of(task);
            return "('%s', %d, %d, %d)".formatted(task.wireName(), call.inputTokens(), call.outputTokens(), call.items());
        }).collect(Collectors.joining(", "));
    }
}
