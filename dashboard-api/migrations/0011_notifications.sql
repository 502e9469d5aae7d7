-- Where news go besides mail, and what is still to be delivered.

create table notification_settings (
    org_id uuid primary key,
    -- Sealed: both addresses carry secrets.
    webhook_url bytea,
    slack_url bytea,
    -- Names the signing secret, which is derived and stored nowhere.
    secret_nonce bytea not null,
    digest boolean not null default true,
    kinds text[] not null default '{digest,seats_running_out,renewal,dataset_late,access_ending,access_ended}'
);

-- One row for each news and channel. `key` names the news, so that it is told once.
create table notification_outbox (
    org_id uuid not null,
    id uuid not null,
    -- webhook, slack or mail
    channel text not null,
    key text not null,
    kind text not null,
    subject text not null,
    text text not null,
    detail jsonb not null,
    created_at timestamptz not null,
    due_at timestamptz not null,
    attempts integer not null default 0,
    -- Public words about the last attempt that did not succeed.
    reason text not null default '',
    delivered_at timestamptz,
    given_up_at timestamptz,
    primary key (org_id, id),
    unique (org_id, channel, key)
);
create index notification_outbox_due on notification_outbox (due_at)
    where delivered_at is null and given_up_at is null;

-- Organizations with something to deliver or to look at. The worker has to find them without
-- knowing them, so every session may read this table: it holds an id and an instant.
create table notified_organizations (
    org_id uuid primary key,
    look_at timestamptz not null
);
alter table notified_organizations enable row level security;
alter table notified_organizations force row level security;
create policy tenant on notified_organizations
    using (org_id = nullif(current_setting('quolum.org_id', true), '')::uuid);
create policy worker on notified_organizations for select using (true);

select isolate_tenants('notification_settings'), isolate_tenants('notification_outbox');
