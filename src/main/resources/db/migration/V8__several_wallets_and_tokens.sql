-- Where the account is paid; every one of them is among its wallets. Null while an account came by organisation login alone.
alter table account alter column wallet drop not null;
alter table account add column deactivated_at timestamptz;

create table account_wallet (
    -- EIP-55 text.
    address  text        primary key,
    account  bigint      not null references account,
    added_at timestamptz not null
);
create index account_wallet_account on account_wallet (account);
insert into account_wallet select wallet, id, created_at from account;

-- Organisation logins (OIDC).
create table account_login (
    issuer   text        not null,
    subject  text        not null,
    account  bigint      not null references account,
    name     text        not null,
    added_at timestamptz not null,
    primary key (issuer, subject)
);
create index account_login_account on account_login (account);

create table account_role (
    account    bigint      not null references account,
    role       text        not null check (role in ('DEVELOPER', 'CURATOR', 'OPERATOR')),
    granted_at timestamptz not null,
    primary key (account, role)
);

-- With which programs manage an account under /api.
create table personal_token (
    id           bigint      generated always as identity primary key,
    account      bigint      not null references account,
    name         text        not null,
    prefix       text        not null,
    secret_hash  bytea       not null unique,
    scopes       text[]      not null,
    created_at   timestamptz not null,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz
);
create index personal_token_account on personal_token (account);
