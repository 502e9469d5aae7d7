-- What a membership carries: when it was last used, what ends with it, and API keys.

alter table memberships add column last_seen_at timestamptz;

alter table sign_in_links
    drop constraint sign_in_links_org_id_person_id_fkey,
    add constraint sign_in_links_membership_fkey foreign key (org_id, person_id)
        references memberships (org_id, person_id) on delete cascade;
create index sign_in_links_of_member on sign_in_links (org_id, person_id);

alter table sessions
    drop constraint sessions_org_id_person_id_fkey,
    add constraint sessions_membership_fkey foreign key (org_id, person_id)
        references memberships (org_id, person_id) on delete cascade;
create index sessions_of_member on sessions (org_id, person_id);

-- A consent under way ends with its member: its state is unknown from then on.
alter table consents
    drop constraint consents_org_id_person_id_fkey,
    add constraint consents_membership_fkey foreign key (org_id, person_id)
        references memberships (org_id, person_id) on delete cascade;

create table api_keys (
    org_id        uuid not null references organizations (id),
    id            uuid not null,
    name          text not null check (name <> ''),
    role          text not null check (role in ('owner', 'admin', 'analyst', 'viewer')),
    prefix        text not null,
    token_hash    bytea not null unique check (octet_length(token_hash) = 32),
    created_by    uuid not null references people (id),
    created_at    timestamptz not null,
    expires_at    timestamptz not null,
    last_used_at  timestamptz,
    revoked_at    timestamptz,
    primary key (org_id, id)
);

alter table organizations enable row level security;
alter table organizations force row level security;
create policy tenant on organizations using (visible_to_tenant(id)) with check (visible_to_tenant(id));

alter table memberships enable row level security;
alter table memberships force row level security;
create policy tenant on memberships using (visible_to_tenant(org_id)) with check (visible_to_tenant(org_id));

alter table sign_in_links enable row level security;
alter table sign_in_links force row level security;
create policy tenant on sign_in_links using (visible_to_tenant(org_id)) with check (visible_to_tenant(org_id));

alter table sessions enable row level security;
alter table sessions force row level security;
create policy tenant on sessions using (visible_to_tenant(org_id)) with check (visible_to_tenant(org_id));

alter table api_keys enable row level security;
alter table api_keys force row level security;
create policy tenant on api_keys using (visible_to_tenant(org_id)) with check (visible_to_tenant(org_id));
