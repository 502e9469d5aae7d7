-- Organizations crunch at the turn of their day too. As with due_organizations the worker has to
-- find them without knowing them; the row holds an id and an instant.
create table day_turns (
    org_id uuid primary key,
    turns_at timestamptz not null
);
alter table day_turns enable row level security;
alter table day_turns force row level security;
create policy tenant on day_turns
    using (org_id = nullif(current_setting('quolum.org_id', true), '')::uuid);
create policy worker on day_turns for select using (true);

-- Asked for although no run is new: settings were changed, or the day has turned.
alter table due_organizations add column forced boolean not null default false;

-- Before this day the facts of a table are pruned and only rollups tell. It holds nothing of a tenant.
create table fact_floors (
    parent text primary key,
    kept_from date not null
);
alter table fact_floors enable row level security;
alter table fact_floors force row level security;
create policy everybody on fact_floors using (true) with check (true);
