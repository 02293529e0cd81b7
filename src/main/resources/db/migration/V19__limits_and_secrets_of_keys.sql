alter table api_key add column max_input_nanos bigint check (max_input_nanos > 0);
alter table api_key add column max_output_nanos bigint check (max_output_nanos > 0);
alter table api_key add column max_call_nanos bigint check (max_call_nanos > 0);
alter table api_key add column max_item_nanos bigint check (max_item_nanos > 0);
-- Each is owner/name or owner/*; null: all models.
alter table api_key add column models text[] check (cardinality(models) > 0);
alter table api_key add column requests_per_minute integer check (requests_per_minute > 0);
alter table api_key add column tokens_per_minute integer check (tokens_per_minute > 0);
alter table api_key add column streams integer check (streams > 0);

-- What opens a key: two live at most, while programs change from one to the other.
create table api_key_secret (
    id         bigint generated always as identity primary key,
    api_key    bigint      not null references api_key,
    -- The first characters, to tell secrets apart; the secret itself is stored nowhere.
    prefix     text        not null,
    hash       bytea       not null unique,
    created_at timestamptz not null,
    -- Null while no other one has taken its place.
    ends_at    timestamptz
);
create index api_key_secret_key on api_key_secret (api_key);
insert into api_key_secret (api_key, prefix, hash, created_at) select id, prefix, secret_hash, created_at from api_key order by id;
alter table api_key drop column prefix;
alter table api_key drop column secret_hash;

-- What servers that remember a key must read again. By the database's clock alone.
create table key_change (
    id      bigint generated always as identity primary key,
    api_key bigint      not null,
    at      timestamptz not null default clock_timestamp()
);
create index key_change_at on key_change (at);

-- What each server has used of the limits that hold for a minute or for now. A crash of the database may forget it: a minute
-- later it would not count any more.
create unlogged table key_use (
    api_key        bigint  not null,
    -- A server's account of this key, for as long as it keeps one.
    holder         bigint  not null,
    -- Since the holder began.
    requests       bigint  not null,
    tokens         bigint  not null,
    -- Open now.
    streams        bigint  not null,
    -- Set aside for this holder: it may use so much without asking.
    requests_aside bigint  not null,
    tokens_aside   bigint  not null,
    streams_aside  bigint  not null,
    -- What it believes that all servers together have left.
    requests_left  bigint  not null,
    tokens_left    bigint  not null,
    at             timestamptz not null default clock_timestamp(),
    primary key (api_key, holder)
);

-- Under which of the API key's secrets the answer is sealed; null: not known.
alter table replay add column secret_mark bytea;
