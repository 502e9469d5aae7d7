-- What to do about seats. One row per subject and kind for ever: its id is derived from them, so a
-- recommendation that comes back is the same one.

create table recommendations (
    org_id uuid not null,
    id uuid not null,
    connection_id uuid not null,
    -- reclaim, downgrade, review, addon, ghost
    kind text not null,
    rule text not null,
    rule_version integer not null,
    -- '' where the subject is an add-on.
    user_id text not null,
    user_name text not null,
    -- '' where the subject is a person.
    addon text not null,
    team_ids text[] not null,
    license_id text,
    license_name text,
    to_license_id text,
    to_license_name text,
    class text,
    sentence text not null,
    -- high or medium
    confidence text not null,
    -- [{id, words, subject_id, subject}]
    blockers jsonb not null,
    -- Integer minor units of `currency`; null while `missing_price` names the price.
    saving_monthly bigint,
    saving_yearly bigint,
    currency text,
    missing_price text,
    -- now or renewal
    realizable text not null,
    -- [{feature, dataset, kind, id, at, covered_from, covered_to}]
    evidence jsonb not null,
    -- open, accepted, done, dismissed, snoozed
    state text not null,
    reason text not null default '',
    until date,
    -- Whether the newest generation still raises it.
    raised boolean not null,
    first_raised_at timestamptz not null,
    -- As of the generation that raised it last.
    as_of timestamptz not null,
    generation bigint not null,
    accepted_at timestamptz,
    verified_at timestamptz,
    primary key (org_id, id)
);
create index recommendations_by_user on recommendations (org_id, connection_id, user_id);

-- What happened to it; by is a person's id, or '' for what a later snapshot showed.
create table recommendation_events (
    org_id uuid not null,
    recommendation_id uuid not null,
    number integer not null,
    at timestamptz not null,
    by text not null,
    from_state text not null,
    to_state text not null,
    reason text not null,
    until date,
    primary key (org_id, recommendation_id, number)
);

-- Savings that a later complete snapshot showed. withdrawn_at: the seat came back in time.
create table realized_savings (
    org_id uuid not null,
    recommendation_id uuid not null,
    verified_at timestamptz not null,
    license_id text,
    saving_monthly bigint,
    currency text,
    withdrawn_at timestamptz,
    primary key (org_id, recommendation_id, verified_at)
);

select isolate_tenants('recommendations'), isolate_tenants('recommendation_events'),
    isolate_tenants('realized_savings');
