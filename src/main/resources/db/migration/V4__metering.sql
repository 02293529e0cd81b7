-- A running server process. Its leases are recovered when it was not seen for a while.
create table instance (
    id         bigint      primary key,
    started_at timestamptz not null,
    seen_at    timestamptz not null
);

-- A slice of a line's budget that one instance holds. Every commit on it is fenced by state, instance and next_seq.
create table lease (
    id        bigint      primary key,
    line      integer     not null,
    instance  bigint      not null references instance,
    granted   bigint      not null check (granted > 0),
    used      bigint      not null default 0,
    next_seq  integer     not null default 0,
    state     text        not null check (state in ('OPEN', 'RETURNED', 'RECOVERED')),
    opened_at timestamptz not null,
    closed_at timestamptz,
    check (used between 0 and granted),
    check ((state = 'OPEN') = (closed_at is null))
);
create index lease_open on lease (instance) where state = 'OPEN';
create index lease_line on lease (line) where state = 'OPEN';

-- One durable group commit; the signature covers the Merkle root of its receipts.
create table receipt_commit (
    id           bigint      primary key,
    root         bytea       not null,
    size         integer     not null check (size > 0),
    signer       bytea       not null,
    signature    bytea       not null,
    committed_at timestamptz not null
);

-- One charged call. The row is all that its receipt is made of.
create table usage (
    receipt       uuid        primary key,
    commit_id     bigint      not null references receipt_commit,
    leaf_index    integer     not null,
    line          integer     not null,
    lease         bigint      not null references lease,
    seq           integer     not null,
    account       bigint      not null,
    api_key       bigint      not null,
    version       integer     not null,
    offer         bigint      not null,
    input_tokens  integer     not null,
    output_tokens integer     not null,
    items         integer     not null,
    charge        bigint      not null check (charge >= 0),
    finish        text        not null,
    streamed      boolean     not null,
    started_at    timestamptz not null,
    charged_at    timestamptz not null,
    salt          bytea       not null,
    request_hash  bytea       not null,
    response_hash bytea       not null,
    body_hash     bytea       not null,
    shares_hash   bytea       not null,
    unique (lease, seq),
    unique (commit_id, leaf_index)
);
create index usage_account on usage (account, charged_at desc);
create index usage_version on usage (version, charged_at desc);
create index usage_charged_at on usage (charged_at desc);

-- A charge that turned out durable after its caller had been told that nobody knows: taken back in full, by one entry a commit.
create table usage_reversal (
    receipt     uuid        primary key references usage,
    commit_id   bigint      not null references receipt_commit,
    reversed_at timestamptz not null
);
create view standing_usage as
    select * from usage u where not exists (select 1 from usage_reversal r where r.receipt = u.receipt);

-- What each key has spent by day (UTC), kept by the writer in the same transaction as the usages.
create table key_spending (
    api_key bigint  not null,
    day     date    not null,
    nanos   bigint  not null,
    calls   integer not null,
    primary key (api_key, day)
);

-- The first answer to an Idempotency-Key. The answer is encrypted under a key that only the API key's holder can derive.
create table replay (
    api_key      bigint      not null,
    key_hash     bytea       not null,
    -- Random, anew for each claim: a charge completes the claim under which its call ran, or is not made.
    claim        bigint      not null unique,
    request_hash bytea       not null,
    instance     bigint      not null,
    receipt      uuid,
    content_type text,
    answer       bytea,
    claimed_at   timestamptz not null,
    primary key (api_key, key_hash)
);
create index replay_claimed on replay (claimed_at);
