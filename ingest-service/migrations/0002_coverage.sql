-- What is known of a history is a set of intervals; controls of a person over runs; what a
-- connection has used of PagerDuty's limits, so that it goes along with the lease.

alter table dataset_states add column covered tstzmultirange not null default '{}';
-- Times in a row that dashboard-api stored less than was published.
alter table dataset_states add column short_reports integer not null default 0;
-- The owner has to see every organization's rows for a moment.
alter table dataset_states no force row level security;
alter table connections no force row level security;
update dataset_states set covered = tstzmultirange(tstzrange(covered_from, covered_to))
 where covered_from is not null and covered_to is not null;

-- Nothing is asked of PagerDuty until a person resumes.
alter table connections add column paused boolean not null default false;
-- Its history has been read to the horizon once: what follows is fresh data.
alter table connections add column backfilled boolean not null default false;
update connections c set backfilled = true
 where exists (select from dataset_states d
               where d.org_id = c.org_id and d.connection_id = c.connection_id and d.covered_to is not null);
alter table dataset_states force row level security;
alter table connections force row level security;
-- Requests of the last minute, by second.
alter table connections add column pace_seconds bigint[] not null default '{}';
alter table connections add column pace_counts integer[] not null default '{}';
alter table connections add column pace_saved_at timestamptz;
-- A holder that died may have sent requests until then that nobody counted.
alter table connections add column pace_unknown_until timestamptz;
alter table connections add column analytics_day bigint not null default 0;
alter table connections add column analytics_spent bigint not null default 0;

alter table runs drop constraint runs_state_check;
alter table runs add constraint runs_state_check
    check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled'));

alter table windows drop constraint windows_state_check;
-- failed: it could not be read in this run; later: left to the next run.
alter table windows add constraint windows_state_check
    check (state in ('planned', 'done', 'split', 'failed', 'later'));
-- Records without repetitions; what dashboard-api should have stored.
alter table windows add column distinct_records bigint not null default 0;
alter table windows add column stored bigint;
alter table windows add column rate_limited bigint not null default 0;
alter table windows add column retries bigint not null default 0;
