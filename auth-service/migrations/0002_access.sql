-- What an organization has connected, and the grants behind it. Sealed columns hold
-- key id, nonce and ciphertext; see the `vault` module.

create table connections (
    org_id             uuid not null references organizations (id),
    id                 uuid not null,
    account_id         text not null,
    subdomain          text not null,
    region             text not null check (region in ('us', 'eu')),
    pagerduty_user_id  text not null,
    consented_by       uuid not null references people (id),
    consented_at       timestamptz not null,
    scopes_granted     text[] not null,
    scopes_missing     text[] not null,
    state              text not null check (state in ('connected', 'reconnect', 'disconnected')),
    reason             text not null default '',
    access_ends_at     timestamptz,
    created_at         timestamptz not null,
    updated_at         timestamptz not null,
    primary key (org_id, id),
    unique (org_id, account_id)
);

-- One grant for each connection. Tokens are null once destroyed; the version and the fence go on
-- counting, so that nothing old is ever taken for current.
create table grants (
    org_id                  uuid not null,
    connection_id           uuid not null,
    access_token            bytea,
    refresh_token           bytea,
    token_version           bigint not null,
    issued_at               timestamptz not null,
    expires_at              timestamptz not null,
    refresh_expires_at      timestamptz not null,
    -- The current pair was asked for because PagerDuty had refused the one before it.
    after_rejection         boolean not null default false,
    -- The refresh intent: written before the token endpoint is called.
    refresh_fence           bigint not null default 0,
    refresh_holder          uuid,
    refresh_started_at      timestamptz,
    -- How often the current refresh token may have reached PagerDuty.
    refresh_presentations   smallint not null default 0,
    refresh_failures        integer not null default 0,
    refresh_not_before      timestamptz,
    primary key (org_id, connection_id),
    foreign key (org_id, connection_id) references connections (org_id, id),
    check ((refresh_holder is null) = (refresh_started_at is null))
);
create index grants_by_end on grants (expires_at) where refresh_token is not null;

-- Consents under way and, for a while, how they ended.
create table consents (
    org_id          uuid not null,
    id              uuid not null,
    person_id       uuid not null,
    state_hash      bytea not null unique check (octet_length(state_hash) = 32),
    binding_hash    bytea not null check (octet_length(binding_hash) = 32),
    -- The PKCE verifier; destroyed when the consent is taken.
    verifier        bytea,
    return_to       text not null,
    connection_id   uuid,
    traceparent     text not null default '',
    created_at      timestamptz not null,
    expires_at      timestamptz not null,
    used_at         timestamptz,
    outcome         text,
    primary key (org_id, id),
    foreign key (org_id, person_id) references memberships (org_id, person_id),
    foreign key (org_id, connection_id) references connections (org_id, id)
);
create index consents_by_end on consents (expires_at);

create table audit_log (
    org_id         uuid not null references organizations (id),
    id             uuid not null,
    at             timestamptz not null,
    actor          text not null,
    action         text not null,
    connection_id  uuid,
    detail         jsonb not null default '{}',
    primary key (org_id, id)
);
create index audit_log_by_time on audit_log (org_id, at desc);
