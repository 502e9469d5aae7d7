-- What crunches and pages read instead of facts: moved in the statement that stores a fact, so that
-- reading costs as much as the answer and not as much as the history.

-- Time first: entries come in order, so the tree grows at its right edge, and a day is one range.
alter table log_entries drop constraint log_entries_pkey;
alter table log_entries add primary key (org_id, connection_id, created_at, id);
drop index log_entries_by_agent;

-- Uses by calendar day in the organization's time zone. `feature` is an id of the catalogue or a
-- measure: `~notified` and `~woken` count notifications (and those at sleeping hours) of a user.
-- `channel` is PagerDuty's own string.
create table use_days (
    org_id uuid not null,
    connection_id uuid not null,
    day date not null,
    user_id text collate "C" not null,
    feature text collate "C" not null,
    channel text collate "C" not null,
    uses integer not null,
    last_at timestamptz not null,
    primary key (org_id, connection_id, day, user_id, feature, channel)
);

-- The first acknowledgement of an incident by a person.
create table incident_acks (
    org_id uuid not null,
    connection_id uuid not null,
    incident_id text collate "C" not null,
    at timestamptz not null,
    user_id text collate "C" not null,
    primary key (org_id, connection_id, incident_id)
);

-- Responder requests sent and answered, taken out of the newest version of each incident.
create table responder_uses (
    org_id uuid not null,
    connection_id uuid not null,
    incident_id text not null,
    -- `sent`, `joined` or `declined`
    kind text not null,
    user_id text not null,
    at timestamptz not null,
    incident_created_at timestamptz not null,
    primary key (org_id, connection_id, incident_id, kind, user_id, at)
);
create index responder_uses_by_user on responder_uses (org_id, connection_id, user_id, at);

-- The rollups of a connection hold what its facts say, in this time zone. Without a row they have
-- to be derived from the facts first.
create table rollups (
    org_id uuid not null,
    connection_id uuid not null,
    time_zone text not null,
    derived_at timestamptz not null,
    primary key (org_id, connection_id)
);

-- A partition of any table that is cut by month, made when its first row comes.
create function ensure_month(parent text, month date) returns void
    language plpgsql as $$
declare
    name text := parent || '_' || to_char(month, 'YYYY_MM');
begin
    if to_regclass(name) is not null then
        return;
    end if;
    perform pg_advisory_xact_lock(hashtextextended(parent || ' months', 0));
    if to_regclass(name) is not null then
        return;
    end if;
    execute format(
        'create table %I partition of %I for values from (%L) to (%L)',
        name, parent,
        to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00',
        to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
    perform isolate_tenants(name);
end
$$;
drop function ensure_log_entries_month(date);

select isolate_tenants('use_days'), isolate_tenants('incident_acks'),
    isolate_tenants('responder_uses'), isolate_tenants('rollups');
