-- Events that PagerDuty pushes: what each connection has subscribed to, and which events have come.

create table webhooks (
    org_id uuid not null,
    connection_id uuid not null,
    -- The key of PagerDuty's signatures, sealed by auth-service.
    secret bytea not null,
    -- PagerDuty's id of the subscription; empty when it was made by hand.
    subscription_id text not null default '',
    subscribed_at timestamptz not null,
    last_event_at timestamptz,
    events bigint not null default 0,
    -- No event of [covered_from, confirmed_at) can have been lost; null before the first delivery.
    covered_from timestamptz,
    confirmed_at timestamptz,
    -- Public words when PagerDuty does not deliver.
    trouble text not null default '',
    primary key (org_id, connection_id)
);
create index webhooks_of_connection on webhooks (connection_id);

-- Events that are on the queue, so that a repeated delivery is known.
create table webhook_events (
    org_id uuid not null,
    connection_id uuid not null,
    event_id text not null,
    received_at timestamptz not null,
    primary key (org_id, connection_id, event_id)
);
create index webhook_events_by_age on webhook_events (org_id, connection_id, received_at);

-- What an access can read, as PagerDuty answered the last time it was asked.
create table capabilities (
    org_id uuid not null,
    connection_id uuid not null,
    dataset text not null,
    access text not null check (access in ('pending', 'complete', 'forbidden', 'not_in_plan')),
    reason text not null default '',
    probed_at timestamptz not null,
    primary key (org_id, connection_id, dataset)
);

alter table webhooks enable row level security;
alter table webhooks force row level security;
-- A delivery names its connection alone; its organization is looked up.
create policy tenant on webhooks using (current_setting('quolum.org_id', true) in (org_id::text, '*'));
alter table webhook_events enable row level security;
alter table webhook_events force row level security;
create policy tenant on webhook_events using (current_setting('quolum.org_id', true) = org_id::text);
alter table capabilities enable row level security;
alter table capabilities force row level security;
create policy tenant on capabilities using (current_setting('quolum.org_id', true) = org_id::text);
