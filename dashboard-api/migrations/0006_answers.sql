-- Answers in the shape in which pages read them: one row per seat with its verdicts as lists, and
-- small totals. The generations that are the last of their day keep their seats, so that any page
-- can be read as of a past day.

-- Older generations have another shape; the next run makes a new one.
truncate generations, seats, feature_totals, license_totals, weekly_active, seat_history;
drop table seat_features;

alter table generations
    -- The day of as_of in the organization's time zone.
    add column day date not null,
    -- The newest generation of its day; its seats stay.
    add column last_of_day boolean not null default true,
    -- Version of the rules that made it.
    add column rules integer not null,
    -- Features in the order of the lists in seats and feature_groups.
    add column features text[] not null,
    add column time_zone text not null,
    add column grace_days integer not null,
    add column accepted_blind_spots text[] not null,
    -- Runs whose data it contains, one of each connection: [{connection_id, run_id, as_of, datasets}]
    add column connections jsonb not null;
create index generations_by_day on generations (org_id, day);

alter table seats
    add column role_group text not null,
    -- Lists in the order of generations.features. A verdict is one letter:
    -- u(sed), n(ot used), ? (unknown), - (not eligible).
    add column verdicts text not null,
    add column last_used timestamptz[] not null,
    add column uses integer[] not null,
    add column active_days integer[] not null,
    -- Actions by week, the newest last; 26 entries.
    add column weeks integer[] not null,
    -- {contact_method_types[], downloaded_mobile_app, subscriptions}
    add column presence jsonb not null,
    -- [{policy_id, policy, level, sole}]
    add column escalation jsonb not null,
    -- [{id, name, next_shift_at}]
    add column schedules jsonb not null,
    -- {reason, until} or null
    add column exempt jsonb;

-- Sums over seats.
create table seat_totals (
    org_id uuid not null,
    generation bigint not null,
    window_days integer not null,
    connection_id uuid not null,
    -- '' for a seat without a license.
    license_id text not null,
    class text not null,
    seats bigint not null,
    people_on_duty bigint not null,
    duty_seconds bigint not null,
    duty_level_1_seconds bigint not null,
    duty_level_2_plus_seconds bigint not null,
    primary key (org_id, generation, window_days, connection_id, license_id, class)
);

-- Verdicts by team, by license, or of everybody (`all`), as lists in the order of generations.features.
create table feature_groups (
    org_id uuid not null,
    generation bigint not null,
    window_days integer not null,
    -- `team`, `license` or `all`
    grouping text not null,
    connection_id uuid not null,
    id text not null,
    name text not null,
    used integer[] not null,
    eligible integer[] not null,
    unknown integer[] not null,
    primary key (org_id, generation, window_days, grouping, connection_id, id)
);

-- People and uses by calendar month; only as far as facts are known.
create table feature_months (
    org_id uuid not null,
    generation bigint not null,
    month date not null,
    feature text not null,
    people bigint not null,
    uses bigint not null,
    complete boolean not null,
    primary key (org_id, generation, month, feature)
);

-- A person in two teams counts in both.
create table team_totals (
    org_id uuid not null,
    generation bigint not null,
    window_days integer not null,
    connection_id uuid not null,
    team_id text not null,
    name text not null,
    parent_id text not null,
    members integer not null,
    seats integer not null,
    active integer not null,
    idle integer not null,
    -- {class: seats}
    by_class jsonb not null,
    -- {license_id: {class: seats}}
    by_license jsonb not null,
    duty_seconds bigint not null,
    primary key (org_id, generation, window_days, connection_id, team_id)
);

-- Whoever was on duty or notified in the window. Weeks end with the running one.
create table oncall_load (
    org_id uuid not null,
    generation bigint not null,
    window_days integer not null,
    connection_id uuid not null,
    user_id text not null,
    name text not null,
    team_ids text[] not null,
    duty_seconds bigint not null,
    business_seconds bigint not null,
    notifications bigint not null,
    sleep_notifications bigint not null,
    acknowledged bigint not null,
    mean_ack_seconds bigint,
    first_week date not null,
    weeks bigint[] not null,
    ghost boolean not null,
    primary key (org_id, generation, window_days, connection_id, user_id)
);

-- Levels of escalation policies with one person only.
create table single_levels (
    org_id uuid not null,
    generation bigint not null,
    connection_id uuid not null,
    policy_id text not null,
    policy text not null,
    level integer not null,
    user_id text not null,
    name text not null,
    primary key (org_id, generation, connection_id, policy_id, level)
);

create table incident_weeks (
    org_id uuid not null,
    generation bigint not null,
    week_start date not null,
    incidents bigint not null,
    high_urgency bigint not null,
    acknowledged bigint not null,
    ack_seconds bigint not null,
    resolved bigint not null,
    resolve_seconds bigint not null,
    complete boolean not null,
    primary key (org_id, generation, week_start)
);

create table addon_totals (
    org_id uuid not null,
    generation bigint not null,
    window_days integer not null,
    connection_id uuid not null,
    id text not null,
    -- null: not known
    bought boolean,
    -- null: not known
    objects bigint,
    verdict text not null,
    last_at timestamptz,
    reason text,
    primary key (org_id, generation, window_days, connection_id, id)
);

select isolate_tenants('seat_totals'), isolate_tenants('feature_groups'),
    isolate_tenants('feature_months'), isolate_tenants('team_totals'),
    isolate_tenants('oncall_load'), isolate_tenants('single_levels'),
    isolate_tenants('incident_weeks'), isolate_tenants('addon_totals');
