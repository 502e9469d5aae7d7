-- Facts of the datasets of configuration, presence and analytics; see 0001 for what holds for all.

create table resources (
    org_id uuid not null,
    connection_id uuid not null,
    dataset text not null,
    type text not null,
    id text not null,
    name text not null,
    status text not null,
    enabled boolean not null,
    parent_id text not null,
    owner_id text not null,
    created_at timestamptz,
    created_by_id text not null,
    updated_at timestamptz,
    updated_by_id text not null,
    starts_at timestamptz,
    ends_at timestamptz,
    last_used_at timestamptz,
    last_used_by_id text not null,
    team_ids text[] not null,
    service_ids text[] not null,
    observed_at timestamptz not null,
    deleted_at timestamptz,
    primary key (org_id, connection_id, dataset, type, id)
);

create table activities (
    org_id uuid not null,
    connection_id uuid not null,
    dataset text not null,
    at timestamptz not null,
    id text not null,
    agent_id text not null,
    agent_type text not null,
    type text not null,
    subject_type text not null,
    subject_id text not null,
    method text not null,
    status text not null,
    incident_id text not null,
    service_ids text[] not null,
    observed_at timestamptz not null,
    primary key (org_id, connection_id, dataset, at, id, agent_id)
) partition by range (at);
create table activities_other partition of activities default;

create table responder_analytics (
    org_id uuid not null,
    connection_id uuid not null,
    user_id text not null,
    team_id text not null,
    starts_at timestamptz not null,
    ends_at timestamptz,
    incidents bigint not null,
    incidents_acknowledged bigint not null,
    mean_seconds_to_acknowledge bigint,
    engaged_seconds bigint not null,
    notifications bigint not null,
    interruptions bigint not null,
    business_hour_interruptions bigint not null,
    off_hour_interruptions bigint not null,
    sleep_hour_interruptions bigint not null,
    seconds_on_call bigint not null,
    observed_at timestamptz not null,
    primary key (org_id, connection_id, starts_at, user_id, team_id)
);

create table incident_analytics (
    org_id uuid not null,
    connection_id uuid not null,
    incident_id text not null,
    created_at timestamptz not null,
    updated_at timestamptz,
    service_id text not null,
    team_id text not null,
    urgency text not null,
    seconds_to_first_acknowledge bigint,
    seconds_to_resolve bigint,
    acknowledged_user_ids text[] not null,
    resolved_by_user_id text not null,
    escalations bigint not null,
    timeout_escalations bigint not null,
    business_hour_interruptions bigint not null,
    off_hour_interruptions bigint not null,
    sleep_hour_interruptions bigint not null,
    observed_at timestamptz not null,
    primary key (org_id, connection_id, incident_id)
);

create table advance_usage (
    org_id uuid not null,
    connection_id uuid not null,
    feature text not null,
    starts_at timestamptz not null,
    ends_at timestamptz,
    credits bigint not null,
    uses bigint not null,
    observed_at timestamptz not null,
    primary key (org_id, connection_id, feature, starts_at)
);

select isolate_tenants('resources'), isolate_tenants('activities'),
    isolate_tenants('activities_other'), isolate_tenants('responder_analytics'),
    isolate_tenants('incident_analytics'), isolate_tenants('advance_usage');
