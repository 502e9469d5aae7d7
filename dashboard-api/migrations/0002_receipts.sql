-- What has arrived: every page, the receipt that closes each window, and the end of each run.
-- A snapshot has no window; its bounds are -infinity, so that they can be part of the key.

create table pages (
    org_id uuid not null,
    connection_id uuid not null,
    run_id uuid not null,
    dataset text not null,
    window_from timestamptz not null,
    window_to timestamptz not null,
    page integer not null,
    records bigint not null,
    trace_id text,
    observed_at timestamptz not null,
    stored_at timestamptz not null,
    primary key (org_id, run_id, dataset, window_from, window_to, page)
);

create table receipts (
    org_id uuid not null,
    connection_id uuid not null,
    run_id uuid not null,
    dataset text not null,
    window_from timestamptz not null,
    window_to timestamptz not null,
    pages integer not null,
    expected bigint,
    received bigint not null,
    observed_at timestamptz not null,
    stored_at timestamptz not null,
    primary key (org_id, run_id, dataset, window_from, window_to)
);
create index receipts_by_connection on receipts (org_id, connection_id, dataset);

-- One row for each run whose end marker has come.
create table runs (
    org_id uuid not null,
    connection_id uuid not null,
    run_id uuid not null,
    as_of timestamptz not null,
    receipts integer not null,
    -- [{dataset, state, covered_from, covered_to, reason}]
    datasets jsonb not null,
    observed_at timestamptz not null,
    stored_at timestamptz not null,
    -- The first generation that contains this run; null until it has been crunched.
    generation bigint,
    primary key (org_id, run_id)
);
create index runs_by_connection on runs (org_id, connection_id, as_of);

-- Organizations with something to crunch. The worker has to find them without knowing them, so
-- every session may read this table: it holds an id and two numbers, nothing of a tenant.
create table due_organizations (
    org_id uuid primary key,
    due_at timestamptz not null,
    attempts integer not null
);
alter table due_organizations enable row level security;
alter table due_organizations force row level security;
create policy tenant on due_organizations
    using (org_id = nullif(current_setting('quolum.org_id', true), '')::uuid);
create policy worker on due_organizations for select using (true);

select isolate_tenants('pages'), isolate_tenants('receipts'), isolate_tenants('runs');
