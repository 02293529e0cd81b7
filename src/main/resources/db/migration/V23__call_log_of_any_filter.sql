-- The call log is read by account and time, by model and by key; each has an index that gives its calls in order, so that a page of
-- the log costs its own rows and not those that the filter leaves out.
create index usage_account_version on usage (account, version, charged_at);

-- The calls of one commit. An index of nothing but times would do as well, but the planner also takes it for the log of an account
-- whose calls it thinks frequent, and then goes through everybody's.
create index usage_commit on usage (commit_id);
drop index usage_charged_at;

-- Asked for on every page of whoever is signed in.
create index line_account on line (account);

-- What developers are to be paid for and is not on the chain yet; few of many.
create index batch_unmined on batch (id) where mined_at is null;
