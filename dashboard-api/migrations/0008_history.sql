-- What is kept for good, whatever happens to facts and generations.

-- Each person's seat on each day, by the window of 90 days.
create table person_days (
    org_id uuid not null,
    connection_id uuid not null,
    user_id text not null,
    day date not null,
    class text not null,
    -- '' without one.
    license_id text not null,
    role text not null,
    team_ids text[] not null,
    -- Duty within the last 30 days on policies of each team, in the order of team_ids.
    team_duty bigint[] not null,
    primary key (org_id, connection_id, user_id, day)
);
create index person_days_by_day on person_days (org_id, day);

-- purchased is null for a license without a limit.
create table license_days (
    org_id uuid not null,
    connection_id uuid not null,
    license_id text not null,
    day date not null,
    name text not null,
    purchased bigint,
    assigned bigint not null,
    primary key (org_id, connection_id, license_id, day)
);

-- Connections whose data was erased; what still arrives for them is not stored.
create table erased_connections (
    org_id uuid not null,
    connection_id uuid not null,
    erased_at timestamptz not null,
    primary key (org_id, connection_id)
);

-- Connections that the organization has ended; their seats leave later generations.
create table ended_connections (
    org_id uuid not null,
    connection_id uuid not null,
    ended_at timestamptz not null,
    primary key (org_id, connection_id)
);

-- What was reported to ingest-service as stored.
alter table runs add column reported_at timestamptz;

select isolate_tenants('person_days'), isolate_tenants('license_days'),
    isolate_tenants('erased_connections'), isolate_tenants('ended_connections');
