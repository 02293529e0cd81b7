-- Of the calls that stand, those whose stream the caller left. Until now reversed ones were among them, so that nobody could tell
-- how many calls of a day are charged, abandoned and reversed.
update usage_day d set abandoned = d.abandoned - r.calls
from (
    select u.account, (u.charged_at at time zone 'UTC')::date as day, u.version, u.api_key, count(*) as calls
    from usage_reversal x join usage u on u.receipt = x.receipt where u.finish = 'ABANDONED' group by 1, 2, 3, 4
) r where d.account = r.account and d.day = r.day and d.version = r.version and d.api_key = r.api_key;
comment on column usage_day.abandoned is 'Of the calls that stand, those whose stream the caller left.';
