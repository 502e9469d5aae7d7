-- Answers. A generation is one finished crunch of one organization; the pages read only these
-- tables. Seats and their features are kept for the newest generations, the daily counts for good.

create table generations (
    org_id uuid not null,
    generation bigint not null,
    as_of timestamptz not null,
    connection_id uuid not null,
    run_id uuid not null,
    -- As in runs, with the coverage that stored receipts prove.
    datasets jsonb not null,
    created_at timestamptz not null,
    primary key (org_id, generation)
);

create table seats (
    org_id uuid not null,
    generation bigint not null,
    window_days integer not null,
    connection_id uuid not null,
    user_id text not null,
    name text not null,
    email text not null,
    role text not null,
    job_title text not null,
    time_zone text not null,
    invitation_sent boolean not null,
    license_id text,
    license_name text,
    allocated_at timestamptz,
    first_seen_at timestamptz not null,
    -- [{id, name}]
    teams jsonb not null,
    class text not null,
    duty_seconds bigint not null,
    duty_level_1_seconds bigint not null,
    duty_level_2_plus_seconds bigint not null,
    actions bigint not null,
    last_any_at timestamptz,
    last_any_feature text,
    primary key (org_id, generation, window_days, connection_id, user_id)
);

create table seat_features (
    org_id uuid not null,
    generation bigint not null,
    window_days integer not null,
    connection_id uuid not null,
    user_id text not null,
    feature text not null,
    verdict text not null,
    last_used_at timestamptz,
    uses bigint not null,
    active_days integer not null,
    primary key (org_id, generation, window_days, connection_id, user_id, feature)
);

create table feature_totals (
    org_id uuid not null,
    generation bigint not null,
    window_days integer not null,
    feature text not null,
    used bigint not null,
    unused bigint not null,
    unknown bigint not null,
    not_eligible bigint not null,
    uses bigint not null,
    unknown_reason text,
    primary key (org_id, generation, window_days, feature)
);

create table license_totals (
    org_id uuid not null,
    generation bigint not null,
    connection_id uuid not null,
    license_id text not null,
    name text not null,
    description text not null,
    role_group text not null,
    valid_roles text[] not null,
    current_value bigint not null,
    allocations_available bigint,
    primary key (org_id, generation, connection_id, license_id)
);

create table weekly_active (
    org_id uuid not null,
    generation bigint not null,
    week_start date not null,
    people bigint not null,
    complete boolean not null,
    primary key (org_id, generation, week_start)
);

-- The seats of each day as its last generation saw them. license_id is '' for a seat without one.
create table seat_history (
    org_id uuid not null,
    day date not null,
    window_days integer not null,
    connection_id uuid not null,
    license_id text not null,
    class text not null,
    seats bigint not null,
    generation bigint not null,
    primary key (org_id, day, window_days, connection_id, license_id, class)
);

select isolate_tenants('generations'), isolate_tenants('seats'), isolate_tenants('seat_features'),
    isolate_tenants('feature_totals'), isolate_tenants('license_totals'),
    isolate_tenants('weekly_active'), isolate_tenants('seat_history');
