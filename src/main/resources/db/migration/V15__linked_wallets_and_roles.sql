-- The wallet that owned the line on chain when it was taken in. It stays when wallets are linked and unlinked: only its money
-- pays for the calls of the line.
alter table line add column wallet text;
update line l set wallet = (select a.wallet from account a where a.id = l.account);
alter table line alter column wallet set not null;
create index version_payee on version (payee);

alter table account add column deactivated_because text;

-- The account that the wallet is to be linked to, and the session in which that was asked; null: the wallet signs in.
alter table sign_in_challenge add column account bigint references account;
alter table sign_in_challenge add column session text;

-- Made for a playground, one at a time for each account.
alter table api_key add column playground boolean not null default false;
