package farthing;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Fills a migrated database with a market: developers and their models, callers with lines and keys, their calls of the last 90
 * days, the batches that settled them, the journal and the roll-ups. A few are big and many small. The same seed makes the same
 * market. Everything refers to something that is there and the sums are right; what only a key or a worker could have made is
 * not: signatures, roots, hashes of contents and files, and what batches credited.
 *
 * <p>
 * Foreign keys, append-only tables and balanced entries are looked after by triggers, which are off while this connection writes.
 */
public final class Generator {

    private static final int DAYS = 90;
    /** Calls in a commit, all of one line. */
    private static final int COMMIT = 20;
    /** Commits on a lease. */
    private static final int LEASE = 50;
    /** Calls in a batch. */
    private static final int BATCH = 5_000;
    /** Commits written in one go. */
    private static final int PIECE = 25_000;

    /** @param seed of everything that is drawn */
    public record Sizes(int models, int usages, int seed) {

        int developers() {
            return Math.max(2, models / 50);
        }

        int callers() {
            return Math.max(3, usages / 1000);
        }

        int commits() {
            return Math.max(1, usages / COMMIT);
        }

        int batches() {
            return Math.max(1, usages / BATCH);
        }
    }

    /** The biggest of their kind, by account. */
    public record Market(long caller, long developer) {
    }

    private final Connection connection;
    private final Sizes sizes;
    private final Consumer<String> progress;

    public Generator(Connection connection, Sizes sizes, Consumer<String> progress) {
        this.connection = connection;
        this.sizes = sizes;
        this.progress = progress;
    }

    public Market fill() throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("set session_replication_role = replica");
            statement.execute("set synchronous_commit = off");
            statement.execute("set work_mem = '256MB'");
            statement.execute("set maintenance_work_mem = '512MB'");
            statement.execute("set max_parallel_workers_per_gather = 2");
            // A number from 0 to 1 that n and salt name.
            statement.execute("""
                    create or replace function pg_temp.drawn(n bigint, salt bigint) returns double precision
                    language sql immutable parallel safe as $$
                        select ((hashint8extended(n, salt * 1000003 + %d) >> 11) & 9007199254740991)::double precision
                            / 9007199254740992.0 $$""".formatted(sizes.seed));
            people(statement);
            List<String> listings = withoutIndexes(statement, "model", "version", "offer");
            models(statement);
            restore(statement, listings);
            List<String> calls = withoutIndexes(statement, "usage", "ledger_posting");
            weeks(statement);
            calls(statement);
            rollUps(statement);
            restore(statement, calls);
            journal(statement);
            batches(statement);
            progress.accept("counting rows for the query planner");
            statement.execute("set session_replication_role = default");
            statement.execute("vacuum analyze");
            try (ResultSet row = statement.executeQuery("select (select account from g_caller where rank = 0),"
                    + " (select account from g_developer where rank = 0)")) {
                row.next();
                return new Market(row.getLong(1), row.getLong(2));
            }
        }
    }

    /** Addresses without letters, whose EIP-55 form is themselves. */
    private static String address(String n, int salt) {
        return """
                '0x' || lpad(trunc(pg_temp.drawn(%1$s, %2$d) * 1e15)::text, 15, '0')
                || lpad(trunc(pg_temp.drawn(%1$s, %2$d + 1) * 1e15)::text, 15, '0') || lpad((%1$s)::text, 10, '0')"""
                .formatted(n, salt);
    }

    private static String bytes32(String text) {
        return "sha256((" + text + ")::text::bytea)";
    }

    private void people(Statement statement) throws SQLException {
        progress.accept(sizes.developers() + " developers and " + sizes.callers() + " callers");
        statement.execute("""
                create temp table g_developer as
                select i as rank, b.id + 1 + i as account, 'maker-' || i as handle, %s as wallet
                from generate_series(0, %d) i, (select coalesce(max(id), 0) as id from account) b"""
                .formatted(address("i", 100), sizes.developers() - 1));
        statement.execute("""
                create temp table g_caller as
                select i as rank, b.id + 1 + i as account, 'caller-' || i as handle, %s as wallet,
                    1000000 + i as line, k.id + 1 + i * 5 as key, case when i = 0 then 5 when i %% 7 = 0 then 3 else 1 end as keys,
                    -- The biggest call forty models, most call three.
                    3 + (37.0 / (1 + i / 20.0))::integer as models
                from generate_series(0, %d) i, (select max(account) as id from g_developer) b,
                    (select coalesce(max(id), 0) as id from api_key) k""".formatted(address("i + 5000000", 100),
                sizes.callers() - 1));
        for (String people : List.of("g_developer", "g_caller")) {
            statement.execute("""
                    insert into account (id, handle, wallet, created_at) overriding system value
                    select account, handle, wallet, now() - interval '%d days' from %s""".formatted(DAYS, people));
            statement.execute("insert into account_wallet (address, account, added_at) select wallet, account, now() from "
                    + people);
        }
        statement.execute("select setval(pg_get_serial_sequence('account', 'id'), (select max(id) from account))");
        statement.execute("insert into account_role (account, role, granted_at) select account, 'DEVELOPER', now()"
                + " from g_developer");
        statement.execute("insert into line (id, account, label, opened_at, wallet)"
                + " select line, account, 'line ' || line, now() - interval '91 days', wallet from g_caller");
        statement.execute("""
                insert into api_key (id, account, line, name, created_at, last_used_at)
                overriding system value
                select key + k, account, line, 'key ' || (k + 1), now() - interval '91 days', now()
                from g_caller, generate_series(0, keys - 1) k""");
        statement.execute("""
                insert into api_key_secret (api_key, prefix, hash, created_at)
                select key + k, 'fk_' || substr(md5((key + k)::text), 1, 6), %s, now() - interval '91 days'
                from g_caller, generate_series(0, keys - 1) k""".formatted(bytes32("key + k")));
        statement.execute("select setval(pg_get_serial_sequence('api_key', 'id'), (select max(id) from api_key))");
    }

    private void models(Statement statement) throws SQLException {
        progress.accept(sizes.models() + " models");
        // The most called ones, which come first, are of the biggest developer.
        statement.execute("""
                create temp table g_model as
                select i as rank, b.id + 1 + i as model, v.id + 1 + i * 3 as version,
                    case when i < 10 then 0 else trunc(%1$d * pg_temp.drawn(i, 1) ^ 2)::integer end as developer,
                    1 + (pg_temp.drawn(i, 2) * 1.6)::integer as versions, 1 + trunc(pg_temp.drawn(i, 3) * 5)::bigint as price,
                    500 * trunc(pg_temp.drawn(i, 4) * 5)::integer as data_pool,
                    (array['completion', 'completion', 'chat', 'embedding', 'embedding', 'classification',
                        'language-identification'])[1 + trunc(pg_temp.drawn(i, 5) * 7)::integer] as task
                from generate_series(0, %2$d) i, (select coalesce(max(id), 0) as id from model) b,
                    (select coalesce(max(id), 0) as id from version) v""".formatted(sizes.developers(), sizes.models() - 1));
        statement.execute("create unique index on g_model (rank)");
        String word = "(array['legal', 'medical', 'tiny', 'swift', 'polite', 'german', 'arabic', 'code', 'poetry', 'weather',"
                + " 'news', 'support', 'finance', 'recipe', 'travel', 'museum', 'patent', 'sports', 'farming', 'ocean',"
                + " 'letters', 'contract', 'invoice', 'review', 'question', 'dialogue', 'summary', 'headline', 'biology',"
                + " 'chemistry', 'history', 'music'])[1 + trunc(pg_temp.drawn(rank + %d, %d) * 32)::integer]";
        statement.execute("""
                insert into model (id, owner_account, owner, name, task, purpose, card, created_at, updated_at)
                overriding system value
                select m.model, d.account, d.handle, %1$s || '-' || %2$s || '-' || m.rank, m.task,
                    initcap(%1$s) || ' model for ' || %3$s || ' and ' || %4$s || '.',
                    E'## About\\n\\nTrained on ' || %3$s || ' texts by people who know ' || %4$s || E'.\\n\\n## Use\\n\\n'
                        || (select string_agg(%5$s, ' ') from generate_series(1, 60) g),
                    now() - interval '90 days' * pg_temp.drawn(m.rank, 11), now() - interval '80 days' * pg_temp.drawn(m.rank, 11)
                from g_model m join g_developer d on d.rank = m.developer"""
                .formatted(word.formatted(0, 6).replace("rank", "m.rank"), word.formatted(0, 7).replace("rank", "m.rank"),
                        word.formatted(0, 8).replace("rank", "m.rank"), word.formatted(0, 9).replace("rank", "m.rank"),
                        word.formatted(0, 10).replace("rank + 0", "m.rank * 64 + g")));
        statement.execute("""
                insert into version (id, model_id, label, engine, quantisation, parameters, size_bytes, context_tokens, licence,
                    attribution, prompt_template, pooling, normalise, split_developer, split_base_model, split_data_pool,
                    split_validators, split_platform, provenance, created_at, payee)
                overriding system value
                select m.version + k, m.model, (k + 1)::text,
                    case when task in ('completion', 'chat') then 'GGUF' when task = 'language-identification' then 'OPENNLP'
                        else 'ONNX' end,
                    (array['Q8_0', 'Q4_K_M', 'int8', 'fp32', 'fp16'])[1 + trunc(pg_temp.drawn(m.rank, 12) * 5)::integer],
                    (1e6 * (1 + 5000 * pg_temp.drawn(m.rank, 13) ^ 4))::bigint, (1e6 * (1 + 9000 * pg_temp.drawn(m.rank, 13) ^ 4))::bigint,
                    512 * (1 << (pg_temp.drawn(m.rank, 14) * 6)::integer),
                    (array['Apache-2.0', 'MIT', 'CC-BY-4.0', 'BSD-3-Clause', 'GPL-3.0-only'])[1 + trunc(pg_temp.drawn(m.rank, 15) * 5)::integer],
                    'By its maker.', 'PLAIN', 'MEAN', true, 9000 - data_pool, 0, data_pool, 0, 1000, 'Made up.',
                    now() - interval '90 days' * pg_temp.drawn(m.rank, 11), d.wallet
                from g_model m join g_developer d on d.rank = m.developer, generate_series(0, m.versions - 1) k""");
        statement.execute("""
                insert into version_file (version_id, role, sha256, size_bytes)
                select m.version + k, r, encode(%s, 'hex'), 1000000
                from g_model m, generate_series(0, m.versions - 1) k, unnest(array['MODEL', 'TOKENIZER']) r
                where r = 'MODEL' or m.task not in ('completion', 'chat', 'language-identification')"""
                .formatted(bytes32("r || (m.version + k)")));
        // Whole hundredths of a micro-unit, so that every split divides every charge without a remainder.
        statement.execute("""
                insert into offer (id, version_id, valid_from, per_million_input_tokens, per_million_output_tokens, per_call,
                    per_item)
                overriding system value
                select o.id + m.version + k, m.version + k,
                    now() - interval '91 days', m.price * 10000000000, m.price * 10000000000, 0, 0
                from g_model m, generate_series(0, m.versions - 1) k, (select coalesce(max(id), 0) as id from offer) o""");
        for (String table : List.of("model", "version", "offer")) {
            statement.execute("select setval(pg_get_serial_sequence('%1$s', 'id'), (select max(id) from %1$s))".formatted(table));
        }
        // Whatever is derived from models is derived anew from all of them.
        if (exists(statement, "listing_kept")) {
            statement.execute("update listing_kept set offers_at = '-infinity', figures_at = '-infinity'");
        }
    }

    private void calls(Statement statement) throws SQLException {
        statement.execute("create temp table g_now as select date_trunc('second', now()) as at");
        // Which line a commit is of, the how manyeth it is of its line, and so on which lease.
        statement.execute("""
                create temp table g_commit as
                select k, rank, (place / %1$d)::integer as nth, (place %% %1$d)::integer as part
                from (select k, rank, row_number() over (partition by rank order by k) - 1 as place from (
                    select k, trunc(%2$d * pg_temp.drawn(k, 20) ^ 4)::integer as rank from generate_series(0, %3$d) k) c) p"""
                .formatted(LEASE, sizes.callers(), sizes.commits() - 1));
        statement.execute("create index on g_commit (k)");
        statement.execute("""
                create temp table g_lease as
                select rank, nth, b.id + row_number() over (order by min(k)) as lease, count(*)::integer as commits,
                    min(k) as first, max(k) as last
                from g_commit, (select coalesce(max(id), 0) as id from lease where id between 0 and 1000000000000) b
                group by rank, nth, b.id""");
        statement.execute("create index on g_lease (rank, nth)");
        statement.execute("""
                create temp table g_call_of as
                select c.rank, j, v.version, (select id from offer where version_id = v.version) as offer, v.price
                from g_caller c, generate_series(0, c.models - 1) j,
                    lateral (select version, price from g_model
                        where rank = trunc(%d * pg_temp.drawn(c.rank * 64 + j, 21) ^ 4)::integer) v""".formatted(sizes.models()));
        statement.execute("create index on g_call_of (rank, j)");
        statement.execute("analyze g_commit, g_lease, g_call_of, g_caller");
        statement.execute("""
                insert into instance (id, started_at, seen_at) values (1, now() - interval '91 days', now()) on conflict do nothing""");
        for (int from = 0; from < sizes.commits(); from += PIECE) {
            int to = Math.min(from + PIECE, sizes.commits());
            progress.accept((long) to * COMMIT + " calls");
            calls(statement, from, to);
        }
        statement.execute("""
                insert into lease (id, line, instance, granted, used, next_seq, state, opened_at, closed_at, settled)
                select l.lease, c.line, 1, greatest(u.charged, 1), u.charged, u.calls, 'RETURNED', u.first, u.last, true
                from g_lease l join g_caller c on c.rank = l.rank
                join (select lease, sum(charge) as charged, count(*)::integer as calls, min(charged_at) as first,
                    max(charged_at) as last from usage group by lease) u on u.lease = l.lease""");
        statement.execute("insert into settled_lease (lease, next_seq)"
                + " select l.lease, l.commits * %d from g_lease l".formatted(COMMIT));
    }

    /** A table for each week, as a server that had run all the time would have made them. */
    private void weeks(Statement statement) throws SQLException {
        String first = "date_trunc('week', now() at time zone 'UTC' - interval '%d days')".formatted(DAYS + 1);
        statement.execute("alter table usage detach partition usage_before");
        statement.execute("drop index usage_before_receipt, usage_before_lease");
        statement.execute("alter table usage_before rename to usage_held");
        statement.execute("create table usage_before (like usage including constraints)");
        statement.execute("select usage_unique('usage_before')");
        statement.execute("""
                do $$ begin
                    execute format('alter table usage attach partition usage_before for values from (minvalue) to (%%L)',
                        %s at time zone 'UTC');
                end $$""".formatted(first));
        statement.execute("select usage_week(week::date) from generate_series(%s, now() at time zone 'UTC' + interval '7 days',"
                .formatted(first) + " interval '7 days') week");
        statement.execute("insert into usage select * from usage_held");
        statement.execute("drop table usage_held");
    }

    private static final long FIRST_COMMIT = 0x0100_0000_0000_0000L;

    private void calls(Statement statement, int from, int to) throws SQLException {
        // One now for all statements: the calls of a commit have its time.
        String at = "(select at from g_now) - interval '1 second' * ((%d - c.k) * (%d * 86400.0 / %d))"
                .formatted(sizes.commits(), DAYS, sizes.commits());
        statement.execute("""
                insert into receipt_commit (id, root, size, signer, signature, committed_at)
                select %1$d + c.k, %2$s, %3$d, decode(repeat('11', 20), 'hex'), decode(repeat('1b', 65), 'hex'), %4$s from g_commit c where c.k >= %5$d and c.k < %6$d"""
                .formatted(FIRST_COMMIT, bytes32("c.k"), COMMIT, at, from, to));
        statement.execute("""
                insert into usage (receipt, commit_id, leaf_index, line, lease, seq, account, api_key, version, offer,
                    input_tokens, output_tokens, items, charge, finish, streamed, started_at, charged_at, salt, request_hash,
                    response_hash, body_hash, shares_hash)
                select (lpad(to_hex(n), 8, '0') || substr(md5(n::text || ' %6$d'), 1, 24))::uuid, %1$d + k, leaf, line, lease,
                    part * %2$d + leaf, account, key + trunc(keys * pg_temp.drawn(n, 22) ^ 2)::bigint, o.version, o.offer,
                    tokens_in, tokens_out, 1, (tokens_in + tokens_out) * o.price * 10000,
                    case when n %% 97 = 0 then 'ABANDONED' else 'COMPLETE' end, n %% 2 = 0, at, at, hash, hash, hash, hash, hash
                from (
                    select c.k, leaf, c.k * %2$d + leaf as n, p.line, l.lease, c.part, p.account, p.key, p.keys, p.rank, %3$s as at,
                        trunc(p.models * pg_temp.drawn(c.k * %2$d + leaf, 23) ^ 2)::integer as j,
                        1 + trunc(400 * pg_temp.drawn(c.k * %2$d + leaf, 24))::integer as tokens_in,
                        trunc(200 * pg_temp.drawn(c.k * %2$d + leaf, 25))::integer as tokens_out,
                        sha256(int8send(c.k * %2$d + leaf)) as hash
                    from g_commit c join g_caller p on p.rank = c.rank
                    join g_lease l on l.rank = c.rank and l.nth = c.nth, generate_series(0, %2$d - 1) leaf
                    where c.k >= %4$d and c.k < %5$d offset 0) u
                join g_call_of o on o.rank = u.rank and o.j = u.j order by n"""
                .formatted(FIRST_COMMIT, COMMIT, at, from, to, sizes.seed));
    }

    /** As the writer keeps them; no call is reversed, and parts divide without remainders. */
    private void rollUps(Statement statement) throws SQLException {
        progress.accept("roll-ups");
        statement.execute("""
                insert into usage_day (account, day, version, api_key, calls, nanos, input_tokens, output_tokens, items, reversed,
                    abandoned)
                select account, (charged_at at time zone 'UTC')::date, version, api_key, count(*), sum(charge),
                    sum(input_tokens), sum(output_tokens), sum(items), 0, count(*) filter (where finish = 'ABANDONED')
                from usage where commit_id >= %d group by 1, 2, 3, 4 order by 2, min(charged_at)""".formatted(FIRST_COMMIT));
        statement.execute("""
                insert into version_day (version, day, instance, calls, nanos, developer, base_model, data_pool, validators,
                    platform)
                select d.version, d.day, 1, d.calls, d.nanos, d.nanos / 10000 * v.split_developer, 0,
                    d.nanos / 10000 * v.split_data_pool, 0, d.nanos / 10000 * v.split_platform
                from (select version, day, sum(calls) as calls, sum(nanos)::bigint as nanos from usage_day
                    where version >= (select min(version) from g_model) group by version, day) d
                join version v on v.id = d.version order by d.day, d.calls desc, d.version""");
        String sums = "sum(calls), sum(nanos), sum(developer), sum(base_model), sum(data_pool), sum(validators), sum(platform)"
                + " from version_day where instance = 1 group by 1";
        statement.execute("insert into version_total select version, 1, " + sums);
        statement.execute("insert into market_day select day, 1, " + sums);
        statement.execute("insert into key_spending (api_key, day, nanos, calls) select api_key, day, sum(nanos), sum(calls)"
                + " from usage_day where api_key >= (select min(key) from g_caller) group by 1, 2");
        if (exists(statement, "activity")) {
            statement.execute("""
                    insert into activity (version, day, answered, failed, latency, first_token, touched_at)
                    select version, day, calls, 0, '{}', '{}', now() from version_day where instance = 1 on conflict do nothing""");
        }
    }

    /** Each line was given what it has used, each lease what was used of it, and each commit is an entry. */
    private void journal(Statement statement) throws SQLException {
        progress.accept("journal");
        statement.execute("""
                insert into ledger_account (code, balance)
                select 'deposits', null::bigint union all select 'charges', null
                union all select 'line:' || line, 0 from g_caller union all select 'leased:' || line, null from g_caller
                on conflict do nothing""");
        statement.execute("""
                create temp table g_entry as
                select b.id + row_number() over (order by kind desc, n) as id, kind, fact, at, debit, credit, nanos from (
                    select 'deposit' as kind, l.line as n, 'deposit:generated:' || l.line as fact, min(l.opened_at) as at,
                        'deposits' as debit, 'line:' || l.line as credit, sum(granted)::bigint as nanos
                    from lease l join g_caller c on c.line = l.line group by l.line
                    union all select 'lease grant', l.id, 'grant:generated:' || l.id, l.opened_at, 'line:' || l.line,
                        'leased:' || l.line, l.granted from lease l join g_caller c on c.line = l.line
                    union all select 'lease end', l.id, 'end:generated:' || l.id, l.closed_at, 'leased:' || l.line,
                        'line:' || l.line, l.granted - l.used from lease l join g_caller c on c.line = l.line
                        where l.granted > l.used
                    union all select 'calls', u.commit_id, 'commit:' || to_hex(u.commit_id), min(u.charged_at),
                        'leased:' || u.line, 'charges', sum(u.charge)::bigint from usage u where u.commit_id >= %d
                        group by u.commit_id, u.line) e, (select coalesce(max(id), 0) as id from ledger_entry) b"""
                .formatted(FIRST_COMMIT));
        statement.execute("insert into ledger_entry (id, kind, fact, created_at) overriding system value"
                + " select id, kind, fact, at from g_entry order by id");
        statement.execute("""
                insert into ledger_posting (entry_id, account_id, nanos)
                select e.id, a.id, -e.nanos from g_entry e join ledger_account a on a.code = e.debit
                union all select e.id, a.id, e.nanos from g_entry e join ledger_account a on a.code = e.credit""");
        statement.execute("""
                update ledger_account a set balance = p.nanos
                from (select account_id, sum(nanos) as nanos from ledger_posting group by account_id) p
                where p.account_id = a.id and a.code in (select 'line:' || line from g_caller)""");
        statement.execute("select setval(pg_get_serial_sequence('ledger_entry', 'id'), (select max(id) from ledger_entry))");
    }

    private void batches(Statement statement) throws SQLException {
        progress.accept(sizes.batches() + " batches");
        statement.execute("""
                create temp table g_section as
                select b.id + 1 + (l.last::bigint * %1$d / %2$d) as batch, c.line, l.lease, l.commits * %3$d as count, s.used
                from g_lease l join g_caller c on c.rank = l.rank join lease s on s.id = l.lease,
                    (select coalesce(max(id), 0) as id from batch) b""".formatted(sizes.batches(), sizes.commits(), COMMIT));
        statement.execute("insert into batch_section (batch, line, lease, first_seq, count)"
                + " select batch, line, lease, 0, count from g_section");
        statement.execute("""
                insert into batch_line (batch, line, cumulative_before, cumulative_after, receipts, file)
                select batch, line, sum(used) over (partition by line order by batch) - used,
                    sum(used) over (partition by line order by batch), receipts, encode(%s, 'hex')
                from (select batch, line, sum(used) as used, sum(count)::integer as receipts from g_section group by batch, line) l"""
                .formatted(bytes32("batch || ' ' || line")));
        statement.execute("""
                insert into batch_payee (batch, payee, owed_before, earned, credited)
                select b.batch, d.wallet, 500, 1000000, 1000000 from (select distinct batch from g_section) b, g_developer d
                where d.rank = 0 or pg_temp.drawn(b.batch * 100000 + d.rank, 30) < 0.5""");
        statement.execute("""
                insert into batch (id, seq, parent, state, prev_hash, history_hash, receipts_root, manifest, built_at, receipts,
                    charges, debits, credits, available_after, payees, transaction, block, mined_at)
                overriding system value
                select l.batch, l.batch, l.batch - 1, 'FINAL', %1$s, %1$s, %1$s, encode(%1$s, 'hex'), t.at, l.receipts, l.charges,
                    l.charges, p.credits, 0, p.payees, '0x' || encode(%1$s, 'hex'), l.batch, t.at
                from (select batch, sum(receipts) as receipts, sum(cumulative_after - cumulative_before) as charges
                    from batch_line group by batch) l
                join (select batch, sum(credited) as credits, count(*)::integer as payees from batch_payee group by batch) p
                    on p.batch = l.batch
                join (select s.batch, max(l.closed_at) as at from batch_section s join lease l on l.id = s.lease group by s.batch) t
                    on t.batch = l.batch""".formatted(bytes32("l.batch")));
        statement.execute("insert into payee_withdrawn (payee, nanos, version) select wallet, 0, 0 from g_developer");
        statement.execute("select setval(pg_get_serial_sequence('batch', 'id'), (select max(id) from batch))");
    }

    private boolean exists(Statement statement, String table) throws SQLException {
        try (ResultSet row = statement.executeQuery("select to_regclass('" + table + "') is not null")) {
            row.next();
            return row.getBoolean(1);
        }
    }

    /** Drops the indexes that no constraint needs: filling is much quicker without. */
    private List<String> withoutIndexes(Statement statement, String... tables) throws SQLException {
        List<String> definitions = new ArrayList<>();
        List<String> names = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement("""
                select i.indexname, i.indexdef from pg_indexes i where i.schemaname = 'public' and i.tablename = any (?)
                and not exists (select 1 from pg_constraint c where c.conindid = i.indexname::regclass)
                and i.indexdef not like 'CREATE UNIQUE%'""")) {
            select.setArray(1, connection.createArrayOf("text", tables));
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    names.add(row.getString(1));
                    // Of a table in parts: on all of them.
                    definitions.add(row.getString(2).replace(" ON ONLY ", " ON "));
                }
            }
        }
        for (String name : names) {
            statement.execute("drop index " + name);
        }
        return definitions;
    }

    private void restore(Statement statement, List<String> definitions) throws SQLException {
        for (String definition : definitions) {
            progress.accept(definition.replaceAll("CREATE INDEX (\\w+) .*", "index $1"));
            statement.execute(definition);
        }
    }
}
