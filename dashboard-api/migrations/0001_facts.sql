-- Facts as PagerDuty told them, one row per natural key under (org_id, connection_id).
-- Of two versions of a row the one with the newer observed_at wins; nothing is ever removed,
-- what a later complete snapshot no longer shows gets deleted_at.
-- Text that PagerDuty does not send is stored as ''; raw strings are kept as they came.

create table users (
    org_id uuid not null,
    connection_id uuid not null,
    id text not null,
    name text not null,
    email text not null,
    role text not null,
    time_zone text not null,
    job_title text not null,
    invitation_sent boolean not null,
    created_via_sso boolean not null,
    team_ids text[] not null,
    contact_method_types text[] not null,
    first_seen_at timestamptz not null,
    observed_at timestamptz not null,
    deleted_at timestamptz,
    primary key (org_id, connection_id, id)
);

create table licenses (
    org_id uuid not null,
    connection_id uuid not null,
    id text not null,
    name text not null,
    description text not null,
    role_group text not null,
    valid_roles text[] not null,
    current_value bigint not null,
    allocations_available bigint,
    observed_at timestamptz not null,
    deleted_at timestamptz,
    primary key (org_id, connection_id, id)
);

create table license_allocations (
    org_id uuid not null,
    connection_id uuid not null,
    user_id text not null,
    license_id text not null,
    allocated_at timestamptz,
    observed_at timestamptz not null,
    deleted_at timestamptz,
    primary key (org_id, connection_id, user_id)
);

create table teams (
    org_id uuid not null,
    connection_id uuid not null,
    id text not null,
    name text not null,
    parent_id text not null,
    members jsonb not null,
    observed_at timestamptz not null,
    deleted_at timestamptz,
    primary key (org_id, connection_id, id)
);

create table services (
    org_id uuid not null,
    connection_id uuid not null,
    id text not null,
    name text not null,
    status text not null,
    escalation_policy_id text not null,
    team_ids text[] not null,
    created_at timestamptz,
    last_incident_at timestamptz,
    observed_at timestamptz not null,
    deleted_at timestamptz,
    primary key (org_id, connection_id, id)
);

create table escalation_policies (
    org_id uuid not null,
    connection_id uuid not null,
    id text not null,
    name text not null,
    team_ids text[] not null,
    service_ids text[] not null,
    rules jsonb not null,
    observed_at timestamptz not null,
    deleted_at timestamptz,
    primary key (org_id, connection_id, id)
);

create table schedules (
    org_id uuid not null,
    connection_id uuid not null,
    id text not null,
    name text not null,
    kind text not null,
    team_ids text[] not null,
    escalation_policy_ids text[] not null,
    shifts jsonb not null,
    observed_at timestamptz not null,
    deleted_at timestamptz,
    primary key (org_id, connection_id, id)
);

create table user_analytics (
    org_id uuid not null,
    connection_id uuid not null,
    user_id text not null,
    created_at timestamptz,
    last_sign_in_at timestamptz,
    downloaded_mobile_app boolean not null,
    on_schedule boolean not null,
    on_escalation_policy boolean not null,
    channel_types_configured text[] not null,
    observed_at timestamptz not null,
    deleted_at timestamptz,
    primary key (org_id, connection_id, user_id)
);

-- starts_at is -infinity for an assignment since ever, ends_at is null for one without an end.
create table oncalls (
    org_id uuid not null,
    connection_id uuid not null,
    user_id text not null,
    escalation_policy_id text not null,
    escalation_level integer not null,
    schedule_id text not null,
    starts_at timestamptz not null,
    ends_at timestamptz,
    observed_at timestamptz not null,
    deleted_at timestamptz,
    primary key (org_id, connection_id, user_id, escalation_policy_id, escalation_level,
                 schedule_id, starts_at)
);

create table incidents (
    org_id uuid not null,
    connection_id uuid not null,
    id text not null,
    number bigint not null,
    status text not null,
    urgency text not null,
    created_at timestamptz not null,
    updated_at timestamptz,
    resolved_at timestamptz,
    service_id text not null,
    escalation_policy_id text not null,
    priority_id text not null,
    assignee_ids text[] not null,
    responder_requests jsonb not null,
    responders jsonb not null,
    observed_at timestamptz not null,
    primary key (org_id, connection_id, id)
);
create index incidents_by_time on incidents (org_id, connection_id, created_at);

create table log_entries (
    org_id uuid not null,
    connection_id uuid not null,
    id text not null,
    created_at timestamptz not null,
    type text not null,
    agent_type text not null,
    agent_id text not null,
    channel_type text not null,
    incident_id text not null,
    service_id text not null,
    notified_user_id text not null,
    notification_type text not null,
    observed_at timestamptz not null,
    primary key (org_id, connection_id, id, created_at)
) partition by range (created_at);
create index log_entries_by_agent on log_entries (org_id, connection_id, agent_id, created_at);
-- Takes what lies outside of the months that are worth a partition of their own.
create table log_entries_other partition of log_entries default;

-- The month's partition, made when its first entry comes.
create function ensure_log_entries_month(month date) returns void
    language plpgsql as $$
declare
    name text := 'log_entries_' || to_char(month, 'YYYY_MM');
begin
    if to_regclass(name) is not null then
        return;
    end if;
    perform pg_advisory_xact_lock(hashtextextended('log_entries months', 0));
    if to_regclass(name) is not null then
        return;
    end if;
    execute format(
        'create table %I partition of log_entries for values from (%L) to (%L)',
        name,
        to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00',
        to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
    perform isolate_tenants(name);
end
$$;

-- Tenants see their own rows only, the owner of the table included.
create function isolate_tenants(name text) returns void
    language plpgsql as $$
begin
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format(
        'create policy tenant on %I using (org_id = nullif(current_setting(''quolum.org_id'', true), '''')::uuid)',
        name);
end
$$;

do $$
declare
    name text;
begin
    foreach name in array array[
        'users', 'licenses', 'license_allocations', 'teams', 'services', 'escalation_policies',
        'schedules', 'user_analytics', 'oncalls', 'incidents', 'log_entries', 'log_entries_other']
    loop
        perform isolate_tenants(name);
    end loop;
end
$$;
