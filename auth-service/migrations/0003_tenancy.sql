-- A transaction sees the rows of the organization it has set, and all rows only when it says that it
-- works for the whole system (a state or a scheduler has no organization yet). Forced, because the
-- service's role owns the tables.

create function visible_to_tenant(org_id uuid) returns boolean
    language sql stable
    return org_id::text = current_setting('quolum.org_id', true)
        or current_setting('quolum.all_organizations', true) = 'on';

alter table connections enable row level security;
alter table connections force row level security;
create policy tenant on connections using (visible_to_tenant(org_id)) with check (visible_to_tenant(org_id));

alter table grants enable row level security;
alter table grants force row level security;
create policy tenant on grants using (visible_to_tenant(org_id)) with check (visible_to_tenant(org_id));

alter table consents enable row level security;
alter table consents force row level security;
create policy tenant on consents using (visible_to_tenant(org_id)) with check (visible_to_tenant(org_id));

alter table audit_log enable row level security;
alter table audit_log force row level security;
create policy tenant on audit_log using (visible_to_tenant(org_id)) with check (visible_to_tenant(org_id));
