create table account (
    id         bigint generated always as identity primary key,
    handle     text        not null unique,
    -- EIP-55 text, so that equal addresses are equal texts.
    wallet     text        not null unique,
    created_at timestamptz not null
);

create table line (
    id        integer generated always as identity primary key,
    account   bigint      not null references account,
    label     text        not null,
    opened_at timestamptz not null,
    unique (account, label)
);

create table sign_in_challenge (
    nonce      text primary key,
    wallet     text        not null,
    -- Exactly what was signed: the signer is recovered over this, never over a message put together again.
    message    text        not null,
    next_page  text        not null,
    expires_at timestamptz not null,
    used_at    timestamptz
);
create index sign_in_challenge_expiry on sign_in_challenge (expires_at);

create table web_session (
    token_hash text primary key,
    account    bigint      not null references account,
    expires_at timestamptz not null
);
create index web_session_expiry on web_session (expires_at);

create table api_key (
    id            bigint generated always as identity primary key,
    account       bigint      not null references account,
    line          integer     not null references line,
    name          text        not null,
    -- The first characters, to tell keys apart; the secret itself is stored nowhere.
    prefix        text        not null,
    secret_hash   bytea       not null unique,
    total_nanos   bigint check (total_nanos > 0),
    per_day_nanos bigint check (per_day_nanos > 0),
    created_at    timestamptz not null,
    expires_at    timestamptz,
    revoked_at    timestamptz,
    last_used_at  timestamptz
);
create index api_key_account on api_key (account);
