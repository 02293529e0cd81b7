-- From here on a line's number is the vault's, and its money is what the chain says was deposited.
do $$
begin
    if exists (select 1 from usage) then
        raise exception 'This data folder is from before deposits were on chain, and its calls were paid with money that no chain knows. Start with another FARTHING_DATA.';
    end if;
end $$;
-- Nothing was ever charged, so what was booked is play money that was handed out at the start and lent back and forth.
truncate ledger_posting, ledger_entry, ledger_account, usage, usage_reversal, lease, replay, key_spending, api_key, line;
alter table line alter column id drop identity;
-- A line arrives with a name of ours, which must not fail because its owner gave that name to another.
alter table line drop constraint line_account_label_key;

-- Lines on which no new call may begin; every instance looks here.
create table frozen_line (
    line   integer     primary key,
    reason text        not null,
    since  timestamptz not null
);

-- What is booked of a line; reconciling posts what the chain's finalized events say beyond it, under the lock of this row.
create table payment_line (
    line         integer primary key,
    -- Counts the entries that were posted, and makes their facts unique.
    version      integer not null default 0,
    deposited    bigint  not null default 0,
    -- The part of it under the ceiling.
    spendable    bigint  not null default 0 check (spendable between 0 and deposited),
    -- What the vault paid out when the line was left, null before, and what was taken from the line's accounts for it.
    exited       bigint,
    swept_line   bigint  not null default 0,
    swept_locked bigint  not null default 0
);

-- Signed ceilings on their way to the vault.
create table spend_voucher (
    id          bigint generated always as identity primary key,
    line        integer     not null,
    ceiling     bigint      not null,
    deadline    timestamptz not null,
    signature   bytea       not null,
    received_at timestamptz not null,
    -- Of the transaction that carries it; null while it waits for one.
    purpose     text,
    unique (line, ceiling, deadline)
);
create index spend_voucher_waiting on spend_voucher (id) where purpose is null;
