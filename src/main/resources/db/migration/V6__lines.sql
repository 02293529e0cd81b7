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
