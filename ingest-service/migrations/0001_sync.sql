-- What ingest-service remembers: which connections it synchronizes, its runs, and their checkpoints.
-- Every table carries org_id and shows rows only to a transaction that has named that organization
-- in `quolum.org_id`; the scheduler names `*`, because it looks for work across all of them.

create table connections (
    org_id uuid not null,
    connection_id uuid not null,
    -- auth-service lists it; a dead grant takes it off the schedule until it is listed again.
    syncable boolean not null default true,
    seen_at timestamptz not null,
    next_run_at timestamptz not null,
    lease_holder text,
    -- Grows with every claim; a writer with an older one is refused.
    lease_fence bigint not null default 0,
    lease_expires_at timestamptz,
    primary key (org_id, connection_id)
);
create index connections_due on connections (next_run_at) where syncable;

create table runs (
    org_id uuid not null,
    run_id uuid not null,
    connection_id uuid not null,
    state text not null check (state in ('queued', 'running', 'succeeded', 'failed')),
    lane text not null check (lane in ('live', 'backfill')),
    -- A whole second; windows end here.
    as_of timestamptz not null check (date_trunc('second', as_of) = as_of),
    created_at timestamptz not null,
    started_at timestamptz,
    finished_at timestamptz,
    reason text not null default '',
    requests bigint not null default 0,
    rate_limited bigint not null default 0,
    -- W3C trace context of whoever asked for the run.
    traceparent text,
    primary key (org_id, run_id),
    foreign key (org_id, connection_id) references connections
);
create unique index runs_one_at_a_time on runs (org_id, connection_id) where state in ('queued', 'running');
create index runs_newest on runs (org_id, connection_id, created_at desc);

-- The checkpoint. A snapshot is one window of no length at as_of.
create table windows (
    org_id uuid not null,
    run_id uuid not null,
    dataset text not null,
    window_from timestamptz not null,
    window_to timestamptz not null,
    state text not null default 'planned' check (state in ('planned', 'done', 'split')),
    -- Records PagerDuty said there are; null where it does not say.
    expected bigint,
    received bigint not null default 0,
    -- Records that lack what identifies them.
    unreadable bigint not null default 0,
    pages integer not null default 0,
    requests bigint not null default 0,
    primary key (org_id, run_id, dataset, window_from, window_to),
    foreign key (org_id, run_id) references runs on delete cascade,
    check (window_from <= window_to)
);

create table dataset_states (
    org_id uuid not null,
    connection_id uuid not null,
    dataset text not null,
    completeness text not null check (completeness in ('pending', 'complete', 'partial', 'forbidden', 'not_in_plan')),
    covered_from timestamptz,
    covered_to timestamptz,
    reason text not null default '',
    -- The run that came to this result.
    decided_by uuid not null,
    primary key (org_id, connection_id, dataset),
    foreign key (org_id, connection_id) references connections
);

alter table connections enable row level security;
alter table connections force row level security;
create policy tenant on connections using (current_setting('quolum.org_id', true) in (org_id::text, '*'));
alter table runs enable row level security;
alter table runs force row level security;
create policy tenant on runs using (current_setting('quolum.org_id', true) = org_id::text);
alter table windows enable row level security;
alter table windows force row level security;
create policy tenant on windows using (current_setting('quolum.org_id', true) = org_id::text);
alter table dataset_states enable row level security;
alter table dataset_states force row level security;
create policy tenant on dataset_states using (current_setting('quolum.org_id', true) = org_id::text);
