alter table account_login
    -- Roles that the account has because its organisation says so; only these does the organisation take away again.
    add column roles text[] not null default '{}',
    -- What the organisation's directory is known to say; where the account says otherwise, it is still to be told.
    add column known_developer boolean not null default false,
    add column known_deactivated boolean not null default false;
