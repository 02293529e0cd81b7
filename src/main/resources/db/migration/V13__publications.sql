-- Its developer's account is deactivated: nobody finds or calls it until the account is back.
alter table model add column suspended boolean not null default false;
-- By the database's own clock, whatever changed: other servers look for it to forget what they remember.
alter table model add column changed_at timestamptz not null default clock_timestamp();
create index model_changed on model (changed_at);
create index model_account on model (owner_account);

create function model_touched() returns trigger language plpgsql as $$
begin
    new.changed_at := clock_timestamp();
    return new;
end $$;
create trigger model_touched before update on model for each row execute function model_touched();

create function model_of_version_touched() returns trigger language plpgsql as $$
begin
    update model set changed_at = clock_timestamp() where id = new.model_id;
    return null;
end $$;
create trigger model_of_version_touched after insert on version for each row execute function model_of_version_touched();

create function model_of_offer_touched() returns trigger language plpgsql as $$
begin
    update model set changed_at = clock_timestamp() where id = (select model_id from version where id = new.version_id);
    return null;
end $$;
create trigger model_of_offer_touched after insert on offer for each row execute function model_of_offer_touched();

-- What a developer asked to publish, and how far it is.
create table publication (
    id         text        primary key,
    account    bigint      not null,
    owner      text        not null,
    name       text        not null,
    state      text        not null check (state in ('RUNNING', 'LISTED', 'REFUSED')),
    -- JSON, like the steps.
    wish       text        not null,
    steps      text        not null,
    -- How often it was begun: one that ends the server each time is given up.
    attempts   integer     not null default 0,
    -- How the trial run went, in words.
    trial      text,
    -- Why it was refused: the rule, and the parameter or field at fault where there is one.
    rule       text,
    param      text,
    because    text,
    version    integer     references version,
    created_at timestamptz not null,
    ended_at   timestamptz,
    check ((state = 'RUNNING') = (ended_at is null)),
    check ((state = 'LISTED') = (version is not null)),
    check ((state = 'REFUSED') = (because is not null))
);
create index publication_running on publication (created_at) where state = 'RUNNING';
create index publication_account on publication (account, created_at);
create index publication_version on publication (version);

-- A form of /publish that is not sent yet, as its owner left it.
create table publish_draft (
    id         text        primary key,
    account    bigint      not null,
    content    text        not null,
    updated_at timestamptz not null
);
create index publish_draft_account on publish_draft (account, updated_at);
