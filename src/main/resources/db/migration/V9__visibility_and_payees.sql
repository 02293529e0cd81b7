alter table model add column visibility text not null default 'PUBLIC' check (visibility in ('PUBLIC', 'PRIVATE', 'UNLISTED'));
-- Why, and what to use instead; null: not deprecated.
alter table model add column deprecated text;
-- When its newest version or offer was made.
alter table model add column updated_at timestamptz;
update model set updated_at = created_at;
alter table model alter column updated_at set not null;

-- Who is paid the developer's part of a version's charges, frozen with it: wallets come and go. EIP-55 text.
alter table version add column payee text;
alter table version disable trigger version_append_only;
update version v set payee = (select a.wallet from model m join account a on a.id = m.owner_account where m.id = v.model_id);
alter table version enable trigger version_append_only;
alter table version alter column payee set not null;
