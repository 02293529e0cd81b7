-- Files on their way in. Their bytes lie in a folder until they are complete, then among the blobs.
create table upload (
    id         uuid        primary key,
    account    bigint      not null references account,
    -- The folder with the bytes: several servers may have one each.
    place      uuid        not null,
    file_name  text        not null,
    size       bigint      not null check (size > 0),
    -- As it was when the last request ended; the folder knows better.
    received   bigint      not null default 0,
    -- SHA-256 in hex: what the client said, what arrived.
    announced  text,
    digest     text,
    -- Whether the blob is also somebody else's, who is not an upload: then it is never deleted.
    shared     boolean     not null default false,
    state      text        not null check (state in ('RECEIVING', 'COMPLETE', 'REFUSED', 'PUBLISHED', 'GONE')),
    refusal    text,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index upload_account on upload (account) where state in ('RECEIVING', 'COMPLETE');
create index upload_digest on upload (digest) where digest is not null;
create index upload_expires on upload (expires_at) where state <> 'PUBLISHED';
