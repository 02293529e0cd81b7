-- The claims of one server under which calls run, looked at every two seconds among all that were answered.
create index replay_under_way on replay (instance) where receipt is null;
