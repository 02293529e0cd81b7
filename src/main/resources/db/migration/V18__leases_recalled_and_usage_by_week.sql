-- Money that a lease does not need goes back when another server asks for it.
alter table lease
    -- Counts how often others asked for what is free of it, and up to which of those its server has answered.
    add column recall    integer not null default 0,
    add column recalled  integer not null default 0,
    -- The least of the servers that ask and have no answer yet: of two that gather for a last call each, it goes first.
    add column recall_by bigint;
-- A commit changes the row and no index, if its page has room.
alter table lease drop constraint lease_granted_check, add check (granted >= 0);
alter table lease set (fillfactor = 50);
create index lease_recall on lease (instance) where state = 'OPEN' and recall > recalled;

-- A slice of what a key's own limits leave, held by one server; gone when the server returns it. What is held open here and
-- what is in key_spending are never more than the limits.
create table key_lease (
    id        bigint  primary key,
    api_key   bigint  not null,
    instance  bigint  not null references instance,
    granted   bigint  not null check (granted >= 0),
    used      bigint  not null default 0,
    recall    integer not null default 0,
    recalled  integer not null default 0,
    recall_by bigint,
    opened_at timestamptz not null,
    check (used between 0 and granted)
) with (fillfactor = 50);
create index key_lease_key on key_lease (api_key);
create index key_lease_instance on key_lease (instance);
create index key_lease_recall on key_lease (instance) where recall > recalled;

-- What a replayed call had cost: its usage may be in any week.
alter table replay add column charge bigint;
update replay r set charge = u.charge from usage u where u.receipt = r.receipt;

-- Usages by week (Monday, UTC), so that what is final and published can be dropped whole, and new rows meet small indexes. What a
-- foreign key would check for each row, the writer's fence guarantees: a commit and its usages are one transaction, and a
-- lease's sequence is dense.
drop view standing_usage;
alter table usage_reversal drop constraint usage_reversal_receipt_fkey, drop constraint usage_reversal_commit_id_fkey,
    add column account bigint, add column charged_at timestamptz;
update usage_reversal r set account = u.account, charged_at = u.charged_at from usage u where u.receipt = r.receipt;
alter table usage_reversal alter column account set not null, alter column charged_at set not null;
create index usage_reversal_account on usage_reversal (account, charged_at);
create index usage_reversal_commit on usage_reversal (commit_id);
alter table usage rename to usage_before;
alter table usage_before drop constraint usage_commit_id_fkey, drop constraint usage_lease_fkey,
    drop constraint usage_commit_id_leaf_index_key, drop constraint usage_pkey, drop constraint usage_lease_seq_key;
drop index usage_charged_at, usage_account, usage_account_version, usage_key, usage_abandoned;


create table usage (like usage_before including constraints) partition by range (charged_at);
-- All usages of a commit have its time.
create index usage_charged_at on usage (charged_at);
create index usage_account on usage (account, charged_at);
create index usage_key on usage (api_key, charged_at);
create index usage_abandoned on usage (account, charged_at) where finish = 'ABANDONED';

-- Unique among the usages of a week, since a unique index over all weeks would have to know the time.
create function usage_unique(name text) returns void language plpgsql as $$
begin
    execute format('create unique index %I on %I (receipt)', name || '_receipt', name);
    execute format('create unique index %I on %I (lease, seq)', name || '_lease', name);
end $$;

do $$
declare
    ends_at timestamptz := (date_trunc('week', greatest(now(), (select max(charged_at) from usage_before)) at time zone 'UTC')
        + interval '7 days') at time zone 'UTC';
begin
    execute format('alter table usage attach partition usage_before for values from (minvalue) to (%L)', ends_at);
end $$;
select usage_unique('usage_before');
-- For charges of a server whose clock is far off; it stays empty.
create table usage_astray partition of usage default;
select usage_unique('usage_astray');

-- The tables of usages and the time that each is for; the first has no beginning.
create view usage_partition as
select c.relname::text as name,
    (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']+)''\)'))[1]::timestamptz as begins,
    (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''([^'']+)''\)'))[1]::timestamptz as ends
from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'usage'::regclass and pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT';

-- Makes the table of the week that begins on that Monday (UTC); false where the week has one.
create function usage_week(monday date) returns boolean language plpgsql as $$
declare
    name text := 'usage_' || to_char(monday, 'IYYY"w"IW');
    begins_at timestamptz := monday::timestamp at time zone 'UTC';
    ends_at timestamptz := (monday + 7)::timestamp at time zone 'UTC';
begin
    if exists (select 1 from usage_partition p where coalesce(p.begins, '-infinity') <= begins_at and p.ends > begins_at) then
        return false;
    end if;
    -- Attached and not made in its place, so that the writers need not wait.
    execute format('create table %I (like usage including constraints)', name);
    perform usage_unique(name);
    -- What a clock that was far ahead has charged in it.
    execute format('with early as (delete from usage_astray where charged_at >= %L and charged_at < %L returning *)
        insert into %I select * from early', begins_at, ends_at, name);
    execute format('alter table usage attach partition %I for values from (%L) to (%L)', name, begins_at, ends_at);
    return true;
end $$;

create view standing_usage as
    select * from usage u where not exists (select 1 from usage_reversal r where r.receipt = u.receipt);

-- Commits go with the usages of their week.
create index receipt_commit_time on receipt_commit (committed_at);
