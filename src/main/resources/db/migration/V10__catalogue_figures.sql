-- How the calls of a version went on one day (UTC). No money: each server adds what it counted every few seconds.
create table activity (
    version     integer     not null,
    day         date        not null,
    answered    bigint      not null,
    -- Through a fault of ours, the engine's or the upstream's; refused calls are in neither.
    failed      bigint      not null,
    -- Calls by how long they took; the buckets are those of farthing.catalog.Durations.
    latency     integer[]   not null,
    first_token integer[]   not null,
    touched_at  timestamptz not null,
    primary key (version, day)
);
create index activity_touched on activity (touched_at);

create function added(a integer[], b integer[]) returns integer[] language sql immutable as $$
    select coalesce(array_agg(coalesce(x, 0) + coalesce(y, 0) order by i), '{}')
    from unnest(a, b) with ordinality as both_of (x, y, i)
$$;

insert into activity (version, day, answered, failed, latency, first_token, touched_at)
select version, (charged_at at time zone 'UTC')::date as day, count(*), 0, '{}', '{}', max(charged_at)
from standing_usage group by version, day;

-- What search, facets and sorting look at: a row for each model that can be called, derived from model, version and offer
-- and written anew with them. Narrow, so that a hundred thousand are read in one go: the card is not searched, it would find
-- everything.
create table listing (
    model_id       bigint      primary key references model,
    version_id     integer     not null,
    owner_account  bigint      not null,
    visibility     text        not null check (visibility in ('PUBLIC', 'PRIVATE')),
    owner          text        not null,
    name           text        not null,
    purpose        text        not null,
    task           text        not null,
    engine         text        not null,
    quantisation   text        not null,
    licence        text        not null,
    size_class     text        not null,
    context_class  text        not null,
    price_class    text        not null,
    size_bytes     bigint      not null,
    -- Nanos for 1,000 calls of a size typical for the task.
    thousand       bigint      not null,
    -- Basis points of each charge.
    data_share     integer     not null,
    deprecated     text,
    created_at     timestamptz not null,
    updated_at     timestamptz not null,
    -- By the database's own clock.
    kept_at        timestamptz not null,
    -- The figures of 30 days; the median is of the current version, in microseconds, null until it was measured.
    calls30        bigint      not null default 0,
    p50            integer,
    -- Parts of words are found here.
    words          text        not null generated always as (lower(owner || ' ' || name || ' ' || task || ' ' || purpose)) stored,
    search         tsvector    not null generated always as (
        setweight(to_tsvector('english', replace(replace(name, '-', ' '), '_', ' ') || ' ' || owner), 'A')
        || setweight(to_tsvector('english', purpose || ' ' || task), 'B')) stored,
    -- Names the combination of all facets: counting by one number is what makes facets quick.
    facets         bigint      not null generated always as (hashtextextended(task || '|' || engine || '|' || quantisation || '|'
        || licence || '|' || size_class || '|' || context_class || '|' || price_class, 0)) stored
);
create index listing_search on listing using gin (search);
create index listing_words on listing using gin (words gin_trgm_ops);
create index listing_facets on listing (facets) where visibility = 'PUBLIC';
create index listing_private on listing (owner_account) where visibility = 'PRIVATE';
create index listing_popular on listing (calls30 desc, model_id);
create index listing_thousand on listing (thousand, model_id);
create index listing_p50 on listing (p50 nulls last, model_id);
create index listing_newest on listing (created_at desc, model_id desc);
create index listing_updated on listing (updated_at desc, model_id desc);
create index listing_name on listing (name, owner);
create index listing_version on listing (version_id);
-- The same were on model.
alter table model drop column search;
alter table model drop column words;

-- The words of all listings: what a misspelt word is compared with. A word whose models are gone does no harm.
create table listing_word (
    word text primary key
);
create index listing_word_alike on listing_word (left(word, 1), length(word));

-- How far the listing was kept; its lock makes one server at a time keep it.
create table listing_kept (
    -- Offers that came into force up to here are in it.
    offers_at  timestamptz not null,
    -- Activity up to here is in it.
    figures_at timestamptz not null
);
insert into listing_kept values ('-infinity', '-infinity');
create index offer_valid_from on offer (valid_from);
