//! Which service may call what. dashboard-api acts for people and never sees a token; ingest-service
//! borrows tokens and knows no people.

use chassis::caller::AllowList;

/// Callers by the name in their certificate.
pub const CALLERS: AllowList = AllowList(&[
    (
        "dashboard-api",
        &[
            "/quolum.auth.v1.IdentityService/",
            "/quolum.auth.v1.ConsentService/",
            "/quolum.auth.v1.ConnectionService/",
            "/quolum.auth.v1.MemberService/",
            "/quolum.auth.v1.InvitationService/",
            "/quolum.auth.v1.AuditService/",
        ],
    ),
    (
        "ingest-service",
        &[
            "/quolum.auth.v1.CredentialService/",
            "/quolum.auth.v1.ConnectionService/ListErasable",
        ],
    ),
]);
