-- Double entry: a journal entry is a set of postings that add up to zero. Both are appended, never changed.
create table ledger_account (
    id      bigint generated always as identity primary key,
    code    text   not null unique,
    -- Null: an open-ended system account, whose balance is the sum of its postings and never a hot row.
    balance bigint check (balance >= 0)
);

create table ledger_entry (
    id         bigint generated always as identity primary key,
    kind       text        not null,
    -- Names the business fact, so that a retried posting is refused instead of doubled.
    fact       text        not null unique,
    created_at timestamptz not null
);

create table ledger_posting (
    entry_id   bigint   not null references ledger_entry,
    account_id bigint   not null references ledger_account,
    nanos      bigint   not null check (nanos <> 0),
    primary key (entry_id, account_id)
);
create index ledger_posting_account on ledger_posting (account_id);

create function ledger_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'the ledger is append-only: post a reversal';
end $$;
create trigger ledger_entry_append_only before update or delete on ledger_entry
    for each statement execute function ledger_append_only();
create trigger ledger_posting_append_only before update or delete on ledger_posting
    for each statement execute function ledger_append_only();

create function ledger_entry_balances() returns trigger language plpgsql as $$
begin
    if (select coalesce(sum(nanos), 0) from ledger_posting where entry_id = new.id) <> 0 then
        raise exception 'entry % (%) does not add up to zero', new.id, new.fact;
    end if;
    return null;
end $$;
create constraint trigger ledger_entry_balances after insert on ledger_entry
    deferrable initially deferred for each row execute function ledger_entry_balances();
