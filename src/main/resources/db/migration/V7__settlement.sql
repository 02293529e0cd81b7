-- The receipts settled by one post. What it holds never changes; only what has become of it does.
create table batch (
    id              bigint      generated always as identity primary key,
    -- The vault's number: free again when the batch is released, used for ever when it is voided.
    seq             bigint      not null check (seq > 0),
    -- The live batch before it, 0 for none.
    parent          bigint      not null,
    state           text        not null check (state in ('BUILT', 'SENT', 'MINED', 'FINAL', 'RELEASED', 'VOIDED')),
    -- How often it was booked: names its journal entries.
    bookings        integer     not null default 1,
    prev_hash       bytea       not null,
    history_hash    bytea       not null,
    receipts_root   bytea       not null,
    manifest        text        not null check (manifest ~ '^[0-9a-f]{64}$'),
    built_at        timestamptz not null,
    receipts        bigint      not null check (receipts > 0),
    -- All in nanos; debits, credits and available are whole micro-units.
    charges         bigint      not null,
    debits          bigint      not null,
    credits         bigint      not null,
    available_after bigint      not null check (available_after >= 0),
    payees          integer     not null,
    -- Null unless on the chain, as are block and its time.
    transaction     text,
    block           bigint,
    mined_at        timestamptz,
    -- What keeps it from the chain, or why it was given up.
    fault           text
);
create unique index batch_live on batch (seq) where state in ('BUILT', 'SENT', 'MINED', 'FINAL');
create index batch_shown on batch (seq desc, id desc) where state <> 'RELEASED';

create table batch_line (
    batch             bigint  not null references batch,
    line              integer not null,
    cumulative_before bigint  not null,
    cumulative_after  bigint  not null,
    receipts          integer not null,
    file              text    not null,
    primary key (batch, line)
);
create index batch_line_line on batch_line (line, batch desc);

-- A run of consecutive receipts of one lease.
create table batch_section (
    batch     bigint  not null references batch,
    line      integer not null,
    lease     bigint  not null,
    first_seq integer not null,
    count     integer not null check (count > 0),
    primary key (batch, lease, first_seq)
);
create index batch_section_lease on batch_section (lease, first_seq);

-- Everybody who is owed something with the batch, so what is owed now stands in the newest live one.
create table batch_payee (
    batch       bigint not null references batch,
    payee       text   not null,
    owed_before bigint not null check (owed_before >= 0),
    earned      bigint not null check (earned >= 0),
    credited    bigint not null check (credited between 0 and owed_before + earned),
    primary key (batch, payee)
);
create index batch_payee_payee on batch_payee (payee, batch);

create table batch_held (
    batch       bigint not null references batch,
    account     text   not null,
    held_before bigint not null check (held_before >= 0),
    earned      bigint not null check (earned >= 0),
    primary key (batch, account)
);

-- Up to where the receipts of a lease are in live batches or reversed.
create table settled_lease (
    lease    bigint  primary key,
    next_seq integer not null check (next_seq >= 0)
);
create view unsettled_lease as
    select l.id as lease, l.line, coalesce(s.next_seq, 0) as next_seq
    from lease l left join settled_lease s on s.lease = l.id where l.next_seq > coalesce(s.next_seq, 0);

-- Everybody who was ever credited, and what of their withdrawals on the chain is booked; the version names the journal entries.
create table payee_withdrawn (
    payee   text    primary key,
    nanos   bigint  not null,
    version integer not null
);

-- The withdrawals that this server sends for payees; the newest of a payee is the one that counts.
create table withdrawal (
    purpose  text        primary key,
    payee    text        not null,
    attempt  integer     not null,
    asked_at timestamptz not null,
    unique (payee, attempt)
);
