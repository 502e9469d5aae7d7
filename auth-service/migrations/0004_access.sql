-- How access was given, what is known of who gave it, and when collected data is deleted.

alter table connections
    add column access_kind text not null default 'classic'
        check (access_kind in ('classic', 'scoped', 'app', 'api_key')),
    -- What complete lists of users have said of the consenting user since the consent.
    add column consenter_present boolean,
    add column consenter_role text not null default '',
    -- The role at the first of these lists: what a demotion is measured by.
    add column consenter_first_role text not null default '',
    -- Set at Disconnect with the wish to delete the data.
    add column erase_at timestamptz;

update connections set access_kind = 'scoped'
where not (scopes_granted <@ array['read', 'write']);

create index connections_erasable on connections (erase_at) where erase_at is not null;

-- The refresh token before the current one, until the current pair has worked.
alter table grants
    add column previous_refresh_token bytea,
    add column first_lent_at timestamptz;

-- Seals what other services keep for a connection; itself sealed with a vault key. Destroying it
-- destroys what was sealed with it, wherever copies are.
create table connection_keys (
    org_id         uuid not null,
    connection_id  uuid not null,
    id             uuid not null,
    sealed         bytea not null,
    created_at     timestamptz not null,
    primary key (org_id, connection_id),
    foreign key (org_id, connection_id) references connections (org_id, id)
);

alter table connection_keys enable row level security;
alter table connection_keys force row level security;
create policy tenant on connection_keys using (visible_to_tenant(org_id)) with check (visible_to_tenant(org_id));

-- How often each vault key has sealed something; taken in blocks, so it runs ahead of the truth.
create table vault_keys (
    id             text primary key,
    encryptions    bigint not null default 0,
    first_used_at  timestamptz not null,
    last_used_at   timestamptz not null
);
