-- What developers signed for the model registry. Each is one transaction of the outbox, which knows how far it is.
create table registry_statement (
    purpose   text        primary key,
    version   integer     not null,
    -- Null: the version itself. Else the offer, and its number in the registry.
    offer     bigint,
    number    integer,
    account   bigint      not null,
    signer    text        not null,
    valid_from timestamptz,
    deadline  timestamptz not null,
    signature bytea       not null,
    signed_at timestamptz not null,
    check ((offer is null) = (number is null))
);
create index registry_statement_version on registry_statement (version);
create index registry_statement_account on registry_statement (account, signed_at);
