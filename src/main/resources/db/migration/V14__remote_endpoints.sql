-- What a version's remote endpoint wants to hear, sealed under a key that is not in the database.
create table remote_secret (
    -- The version's name, owner/name@label, or any other name while it is not listed yet.
    of_version text        primary key,
    sealed     bytea       not null,
    changed_at timestamptz not null
);
