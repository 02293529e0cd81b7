-- Sums of the calls, kept by the writer in the transaction of the usages, so that no page has to go through the calls.

-- What an account called on a day (UTC). Calls, charges and units are of those that stand; the call log shows the others too.
create table usage_day (
    account       bigint  not null,
    day           date    not null,
    version       integer not null,
    api_key       bigint  not null,
    calls         bigint  not null,
    nanos         bigint  not null,
    input_tokens  bigint  not null,
    output_tokens bigint  not null,
    items         bigint  not null,
    reversed      bigint  not null,
    -- Of those that stand and those reversed.
    abandoned     bigint  not null,
    primary key (account, day, version, api_key)
) with (fillfactor = 80);
create index usage_day_version on usage_day (account, version);

-- What the calls of a version were charged and how that was divided: the sums of the parts of each call. Every server
-- process (instance) has rows of its own, so that no two wait for each other's popular versions.
create table version_day (
    version    integer not null,
    day        date    not null,
    instance   bigint  not null,
    calls      bigint  not null,
    nanos      bigint  not null,
    developer  bigint  not null,
    base_model bigint  not null,
    data_pool  bigint  not null,
    validators bigint  not null,
    platform   bigint  not null,
    primary key (version, day, instance)
) with (fillfactor = 80);

-- The same over all days.
create table version_total (
    version    integer not null,
    instance   bigint  not null,
    calls      bigint  not null,
    nanos      bigint  not null,
    developer  bigint  not null,
    base_model bigint  not null,
    data_pool  bigint  not null,
    validators bigint  not null,
    platform   bigint  not null,
    primary key (version, instance)
) with (fillfactor = 80);

-- The same over all versions.
create table market_day (
    day        date   not null,
    instance   bigint not null,
    calls      bigint not null,
    nanos      bigint not null,
    developer  bigint not null,
    base_model bigint not null,
    data_pool  bigint not null,
    validators bigint not null,
    platform   bigint not null,
    primary key (day, instance)
) with (fillfactor = 50);

insert into usage_day
select u.account, (u.charged_at at time zone 'UTC')::date, u.version, u.api_key, count(*) filter (where r.receipt is null),
    coalesce(sum(u.charge) filter (where r.receipt is null), 0), coalesce(sum(u.input_tokens) filter (where r.receipt is null), 0),
    coalesce(sum(u.output_tokens) filter (where r.receipt is null), 0), coalesce(sum(u.items) filter (where r.receipt is null), 0),
    count(r.receipt), count(*) filter (where u.finish = 'ABANDONED')
from usage u left join usage_reversal r on r.receipt = u.receipt group by 1, 2, 3, 4;

-- As Split.divide does it: largest remainder, the earlier part first where remainders are equal.
insert into version_day
with charged as (
    select version, (charged_at at time zone 'UTC')::date as day, charge, count(*) as calls
    from standing_usage group by 1, 2, 3
), part as (
    select c.*, p.part, div(c.charge::numeric * p.weight, 10000) as whole,
        row_number() over (partition by c.version, c.day, c.charge
            order by mod(c.charge::numeric * p.weight, 10000) desc, p.part) as place
    from charged c join version v on v.id = c.version
    cross join lateral (values (1, v.split_developer), (2, v.split_base_model), (3, v.split_data_pool),
        (4, v.split_validators), (5, v.split_platform)) p (part, weight)
), divided as (
    select version, day, calls, charge, part,
        whole + case when place <= charge - sum(whole) over (partition by version, day, charge) then 1 else 0 end as nanos
    from part
)
select version, day, 0, sum(calls) filter (where part = 1), sum(calls * charge) filter (where part = 1),
    sum(calls * nanos) filter (where part = 1), sum(calls * nanos) filter (where part = 2),
    sum(calls * nanos) filter (where part = 3), sum(calls * nanos) filter (where part = 4),
    sum(calls * nanos) filter (where part = 5)
from divided group by version, day;

insert into version_total
select version, 0, sum(calls), sum(nanos), sum(developer), sum(base_model), sum(data_pool), sum(validators), sum(platform)
from version_day group by version;

insert into market_day
select day, 0, sum(calls), sum(nanos), sum(developer), sum(base_model), sum(data_pool), sum(validators), sum(platform)
from version_day group by day;

-- The call log by model, by key and of abandoned calls; what was asked by version alone is asked of version_day now.
drop index usage_version, usage_account;
create index usage_account on usage (account, charged_at desc, receipt desc);
create index usage_account_version on usage (account, version, charged_at desc);
create index usage_key on usage (api_key, charged_at desc);
create index usage_abandoned on usage (account, charged_at desc) where finish = 'ABANDONED';

-- Whether the lease has ended and all its receipts are settled or reversed; what is left to settle is looked for among the
-- others, which stay few. Kept by settlement.
alter table lease add column settled boolean not null default false;
create index lease_unsettled on lease (id) where not settled;
create or replace view unsettled_lease as
    select l.id as lease, l.line, coalesce(s.next_seq, 0) as next_seq
    from lease l left join settled_lease s on s.lease = l.id where not l.settled and l.next_seq > coalesce(s.next_seq, 0);
