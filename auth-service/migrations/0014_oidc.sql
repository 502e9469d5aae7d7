-- Sign-ins under way at the OpenID Connect provider. PKCE verifier and nonce are derived from the
-- state and the browser's cookie, of which only hashes are here.

create table oidc_sign_ins (
    state_hash    bytea primary key check (octet_length(state_hash) = 32),
    binding_hash  bytea not null check (octet_length(binding_hash) = 32),
    return_to     text not null,
    created_at    timestamptz not null,
    expires_at    timestamptz not null,
    used_at       timestamptz
);
create index oidc_sign_ins_by_end on oidc_sign_ins (expires_at);
