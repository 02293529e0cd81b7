-- What the chain said when it was last read. Everything here can be deleted and is then read again.
create table chain_position (
    single    boolean primary key default true check (single),
    chain_id  bigint  not null,
    vault     text    not null,
    head      bigint  not null,
    finalized bigint  not null check (finalized <= head),
    -- Counts the changes, so that one who looked before another's change does not write after it.
    version   bigint  not null
);

-- All of the newest blocks, those with events, and some between, so that the newest one shared with another chain is found.
create table chain_block (
    number bigint      primary key,
    hash   text        not null,
    at     timestamptz not null
);

-- The vault's events as they were logged; the columns beside topics and data are what they are looked up by.
create table chain_event (
    block       bigint  not null references chain_block on delete cascade,
    index       integer not null,
    transaction text    not null,
    kind        text    not null,
    line        bigint,
    -- The owner of an opened line, the payee of a withdrawal, whose payout address it is.
    account     text,
    seq         bigint,
    topics      text[]  not null,
    data        text    not null,
    primary key (block, index)
);
create index chain_event_line on chain_event (line, block) where line is not null;
create index chain_event_account on chain_event (account, block) where account is not null;
create index chain_event_seq on chain_event (seq, block) where seq is not null;

-- The outbox. Queued: no nonce. Sent: no block. What is in a block leaves it again when the mirror drops that block.
create table chain_transaction (
    id           bigint  generated always as identity primary key,
    purpose      text    not null unique,
    key          text    not null,
    target       text    not null,
    data         bytea   not null,
    gas          bigint,
    nonce        bigint,
    fault        text,
    mined        text,
    block_number bigint,
    block_hash   text,
    block_at     timestamptz,
    succeeded    boolean,
    unique (key, nonce),
    check ((nonce is null) or (gas is not null)),
    check (block_number is null or (nonce is not null and mined is not null and block_hash is not null
        and block_at is not null and succeeded is not null))
);
create index chain_transaction_open on chain_transaction (key, nonce) where block_number is null;
create index chain_transaction_block on chain_transaction (block_number) where block_number is not null;

-- Every version that was ever signed, stored before it was sent and kept for ever: any of them may be the one that is mined.
create table chain_signed (
    transaction bigint      not null references chain_transaction,
    version     integer     not null,
    nonce       bigint      not null,
    hash        text        not null unique,
    raw         bytea       not null,
    -- In wei for a unit of gas.
    max_fee     bigint      not null,
    tip         bigint      not null,
    signed_at   timestamptz not null,
    primary key (transaction, version)
);

-- The next nonce of each key that signs here.
create table chain_nonce (
    key  text   primary key,
    next bigint not null
);
