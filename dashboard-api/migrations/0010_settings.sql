-- What an organization decides about itself. A missing row means the defaults.

create table settings (
    org_id uuid primary key,
    grace_days integer not null default 30,
    default_window_days integer not null default 90,
    time_zone text not null default 'UTC',
    -- Datasets whose absence does not keep a seat from being judged; every page says so.
    accepted_blind_spots text[] not null default '{}',
    -- named, pseudonymous or team_only
    privacy text not null default 'named',
    currency text,
    renewal_on date,
    notice_days integer,
    fiscal_year_start_month integer,
    -- Grows with every change that can alter an answer of the same generation.
    revision bigint not null default 1
);

-- A price holds from its day until the next one of the same license.
create table license_prices (
    org_id uuid not null,
    license_id text not null,
    valid_from date not null,
    amount_minor bigint not null,
    -- month or year
    per text not null,
    -- Seats that one price buys; null: one.
    pack_size integer,
    primary key (org_id, license_id, valid_from)
);

create table addon_prices (
    org_id uuid not null,
    addon_id text not null,
    amount_minor bigint not null,
    per text not null,
    primary key (org_id, addon_id)
);

-- Seats that are not judged: service accounts, break-glass, leave.
create table exemptions (
    org_id uuid not null,
    user_id text not null,
    reason text not null,
    -- The last day; null: for good.
    until date,
    created_by text not null,
    created_at timestamptz not null,
    primary key (org_id, user_id)
);

-- People whose name and address are not to be kept; whatever writes users blanks both for them.
create table erased_people (
    org_id uuid not null,
    user_id text not null,
    erased_at timestamptz not null,
    primary key (org_id, user_id)
);

create table saved_views (
    org_id uuid not null,
    id uuid not null,
    page text not null,
    name text not null,
    -- The page's address query.
    query text not null,
    created_by text not null,
    created_by_name text not null,
    created_at timestamptz not null,
    primary key (org_id, id)
);

-- Answers to requests that created something, so that a repeated request creates nothing.
create table idempotency_keys (
    org_id uuid not null,
    -- Who asked, by whom the key was chosen.
    actor text not null,
    key text not null,
    -- Hash of the method, the path and the body.
    request bytea not null,
    -- Null while the first request is still being answered.
    status integer,
    content_type text,
    body bytea,
    created_at timestamptz not null,
    primary key (org_id, actor, key)
);
create index idempotency_keys_by_age on idempotency_keys (created_at);

select isolate_tenants('settings'), isolate_tenants('license_prices'),
    isolate_tenants('addon_prices'), isolate_tenants('exemptions'),
    isolate_tenants('erased_people'), isolate_tenants('saved_views'),
    isolate_tenants('idempotency_keys');
