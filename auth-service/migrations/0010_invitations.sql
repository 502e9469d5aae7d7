-- Invitations, and consents and connections that no person of ours stands behind.

create table invitations (
    org_id       uuid not null references organizations (id),
    id           uuid not null,
    email        text not null check (email = lower(email) and email like '%_@_%'),
    note         text not null default '',
    days         smallint not null check (days in (1, 3, 7)),
    invited_by   uuid not null references people (id),
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    accepted_at  timestamptz,
    revoked_at   timestamptz,
    mailed_at    timestamptz,
    -- The one consent begun with it, and how that ended.
    consent_id   uuid,
    outcome      text not null default '',
    primary key (org_id, id),
    check ((accepted_at is null) = (consent_id is null))
);
create index invitations_by_time on invitations (org_id, created_at desc);

-- The links of an invitation: the one in the answer and one for each mail. All end together.
create table invitation_tokens (
    token_hash     bytea primary key check (octet_length(token_hash) = 32),
    org_id         uuid not null,
    invitation_id  uuid not null,
    created_at     timestamptz not null,
    foreign key (org_id, invitation_id) references invitations (org_id, id) on delete cascade
);
create index invitation_tokens_of_invitation on invitation_tokens (org_id, invitation_id);

alter table consents
    alter column person_id drop not null,
    add column invitation_id uuid,
    add constraint consents_invitation_fkey foreign key (org_id, invitation_id) references invitations (org_id, id),
    add constraint consents_initiator check ((person_id is null) <> (invitation_id is null));

alter table connections
    alter column consented_by drop not null,
    -- The person's name or the invited address, as it was then.
    add column consented_by_name text not null default '';

alter table invitations enable row level security;
alter table invitations force row level security;
create policy tenant on invitations using (visible_to_tenant(org_id)) with check (visible_to_tenant(org_id));

alter table invitation_tokens enable row level security;
alter table invitation_tokens force row level security;
create policy tenant on invitation_tokens using (visible_to_tenant(org_id)) with check (visible_to_tenant(org_id));
