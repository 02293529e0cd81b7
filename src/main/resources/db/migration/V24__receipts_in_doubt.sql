-- How many of the lease's newest receipts its server has not said it knows of: those of the last commit, until it was confirmed. What
-- is in doubt may still be taken back, so no batch takes it; a server that never says so has its time (see metering.DurableReceipts).
alter table lease add column unsure integer not null default 0 check (unsure >= 0);
