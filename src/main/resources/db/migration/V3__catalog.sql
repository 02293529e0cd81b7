create extension if not exists pg_trgm;

create table model (
    id            bigint generated always as identity primary key,
    owner_account bigint      not null,
    owner         text        not null,
    name          text        not null,
    task          text        not null,
    purpose       text        not null,
    card          text        not null,
    created_at    timestamptz not null,
    -- What a call writes, and what a mistyped name is compared with.
    called        text        not null generated always as (owner || '/' || name) stored,
    -- Trigrams find parts of words and misspelt ones here; the card would only add noise to them.
    words         text        not null generated always as (lower(owner || ' ' || name || ' ' || task || ' ' || purpose)) stored,
    search        tsvector    not null generated always as (
        setweight(to_tsvector('english', replace(name, '-', ' ') || ' ' || owner), 'A')
        || setweight(to_tsvector('english', purpose || ' ' || task), 'B')
        || setweight(to_tsvector('english', card), 'C')) stored,
    unique (owner, name)
);
create index model_search on model using gin (search);
create index model_words on model using gin (words gin_trgm_ops);
create index model_called on model using gin (called gin_trgm_ops);

create table version (
    -- The 32-bit version index of a receipt.
    id                 integer generated always as identity primary key,
    model_id           bigint      not null references model,
    label              text        not null,
    engine             text        not null,
    quantisation       text        not null,
    parameters         bigint      not null check (parameters > 0),
    size_bytes         bigint      not null check (size_bytes > 0),
    context_tokens     integer     not null check (context_tokens > 0),
    licence            text        not null,
    attribution        text        not null,
    prompt_template    text        not null,
    pooling            text        not null,
    normalise          boolean     not null,
    split_developer    integer     not null check (split_developer >= 0),
    split_base_model   integer     not null check (split_base_model >= 0),
    split_data_pool    integer     not null check (split_data_pool >= 0),
    split_validators   integer     not null check (split_validators >= 0),
    split_platform     integer     not null check (split_platform >= 0),
    provenance         text        not null,
    created_at         timestamptz not null,
    unique (model_id, label),
    check (split_developer + split_base_model + split_data_pool + split_validators + split_platform = 10000)
);

create table version_file (
    version_id integer not null references version,
    role       text    not null,
    sha256     text    not null check (sha256 ~ '^[0-9a-f]{64}$'),
    size_bytes bigint  not null,
    primary key (version_id, role)
);

create table offer (
    id                        bigint generated always as identity primary key,
    version_id                integer     not null references version,
    valid_from                timestamptz not null,
    per_million_input_tokens  bigint      not null check (per_million_input_tokens >= 0),
    per_million_output_tokens bigint      not null check (per_million_output_tokens >= 0),
    per_call                  bigint      not null check (per_call >= 0),
    per_item                  bigint      not null check (per_item >= 0)
);
create index offer_version on offer (version_id, valid_from);

-- Receipts name a version and an offer, so neither may ever say something else than when the call was made.
create function catalog_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'a row of % never changes: add a new one', tg_table_name;
end $$;
create trigger version_append_only before update or delete on version
    for each statement execute function catalog_append_only();
create trigger version_file_append_only before update or delete on version_file
    for each statement execute function catalog_append_only();
create trigger offer_append_only before update or delete on offer
    for each statement execute function catalog_append_only();
