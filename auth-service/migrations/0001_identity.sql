-- Who may do what: organizations, people, sign-in links, sessions.
-- Links and sessions are found by the hash of a secret, before the organization is known, so they
-- carry org_id but are keyed by the hash.

create table organizations (
    id          uuid primary key,
    name        text not null check (name <> ''),
    created_at  timestamptz not null
);

create table people (
    id          uuid primary key,
    email       text not null unique check (email = lower(email) and email like '%_@_%'),
    name        text not null,
    created_at  timestamptz not null
);

create table memberships (
    org_id      uuid not null references organizations (id),
    person_id   uuid not null references people (id),
    role        text not null check (role in ('owner', 'admin', 'analyst', 'viewer')),
    created_at  timestamptz not null,
    primary key (org_id, person_id)
);
create index memberships_of_person on memberships (person_id, created_at);

create table sign_in_links (
    token_hash  bytea primary key check (octet_length(token_hash) = 32),
    org_id      uuid not null,
    person_id   uuid not null,
    created_at  timestamptz not null,
    expires_at  timestamptz not null,
    used_at     timestamptz,
    foreign key (org_id, person_id) references memberships (org_id, person_id)
);
create index sign_in_links_by_end on sign_in_links (expires_at);

create table sessions (
    token_hash    bytea primary key check (octet_length(token_hash) = 32),
    org_id        uuid not null,
    person_id     uuid not null,
    created_at    timestamptz not null,
    last_seen_at  timestamptz not null,
    expires_at    timestamptz not null,
    foreign key (org_id, person_id) references memberships (org_id, person_id)
);
create index sessions_by_end on sessions (expires_at);
